/**
 * Seeded random tensors: the same seed gives the same bits on every machine.
 *
 * The generator is xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c), its state
 * filled from the seed by splitmix32 (a Weyl sequence through the finalizer of MurmurHash3). Normal numbers come from
 * Marsaglia's polar form of Box-Muller. It needs a logarithm, which ECMAScript leaves to the implementation; it is
 * written out below in additions, multiplications and divisions, which IEEE 754 rounds alike everywhere.
 */
import { type Dtype, dtypeInfo } from './dtype.ts'
import { Tensor } from './tensor.ts'

export interface RandomOptions {
  /** A whole number from 0 to 2^32 - 1. */
  seed: number
  /**
   * normal: mean 0, standard deviation `scale`. uniform: from -scale up to scale. integer: whole numbers from -scale
   * to scale, for tests of bit equality (small products and sums of them are exact). Default: normal.
   */
  distribution?: 'normal' | 'uniform' | 'integer'
  /** Default 1; 4 for integer, which every dtype holds exactly. */
  scale?: number
}

/** xoshiro128**: a function that gives 32 random bits at a call. */
export function xoshiro128(state: Uint32Array): () => number {
  let [a, b, c, d] = state as unknown as [number, number, number, number]
  return () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
}

/** Four words of state from a seed, by splitmix32. */
function stateFrom(seed: number): Uint32Array {
  let weyl = seed
  return Uint32Array.from({ length: 4 }, () => {
    weyl = (weyl + 0x9e3779b9) | 0
    let z = weyl ^ (weyl >>> 16)
    z = Math.imul(z, 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return z ^ (z >>> 16)
  })
}

/** 1/19, 1/17, … 1/3, 1: the series of artanh, to where its terms vanish in a double for |z| < 0.172. */
const ARTANH = Float64Array.from({ length: 10 }, (_, i) => 1 / (19 - 2 * i))

/** log x for 0 < x <= 1, from log m = 2·artanh((m - 1) / (m + 1)) with m in (0.7, 1.42): good to a few ulps. */
export function portableLog(x: number): number {
  let mantissa = x
  let exponent = 0
  for (; mantissa < Math.SQRT1_2; mantissa *= 2) exponent--
  const z = (mantissa - 1) / (mantissa + 1)
  let sum = 0
  for (let i = 0; i < ARTANH.length; i++) sum = sum * z * z + ARTANH[i]!
  return exponent * Math.LN2 + 2 * z * sum
}

/** For each distribution, the stream of its numbers made from a stream of 32-bit words. */
const distributions = {
  uniform: (words: () => number, scale: number) => () => (words() * 2 ** -31 - 1) * scale,

  integer: (words: () => number, scale: number) => () =>
    Math.floor(words() * 2 ** -32 * (2 * scale + 1)) - scale,

  /** The polar method: a point in the unit circle gives two numbers. */
  normal(words: () => number, scale: number) {
    const uniform = distributions.uniform(words, 1)
    let spare: number | undefined
    return () => {
      if (spare !== undefined) {
        const kept = spare
        spare = undefined
        return kept
      }
      for (;;) {
        const x = uniform()
        const y = uniform()
        const square = x * x + y * y
        if (square === 0 || square >= 1) continue
        const factor = scale * Math.sqrt((-2 * portableLog(square)) / square)
        spare = y * factor
        return x * factor
      }
    }
  },
}

/** A row-major tensor of random numbers, each rounded to the dtype. Throws where an option is out of range. */
export function randomTensor(shape: readonly number[], dtype: Dtype, options: RandomOptions): Tensor {
  const { seed, distribution = 'normal', scale = distribution === 'integer' ? 4 : 1 } = options
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new RangeError(`seed ${seed} is not a whole number from 0 to 2^32 - 1.`)
  if (!Object.hasOwn(distributions, distribution))
    throw new TypeError(`unknown distribution '${distribution}'. Use normal, uniform or integer.`)
  if (!Number.isFinite(scale) || scale < 0)
    throw new RangeError(`scale ${scale} of random numbers must be finite and not negative.`)
  if (distribution === 'integer' && !(Number.isInteger(scale) && scale < 2 ** 31))
    throw new RangeError(`scale ${scale} of random integers must be a whole number below 2^31.`)
  const tensor = Tensor.zeros(shape, dtype)
  const next = distributions[distribution](xoshiro128(stateFrom(seed)), scale)
  const { encode } = dtypeInfo(dtype)
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = encode(next())
  return tensor
}
