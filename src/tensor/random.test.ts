import { describe, expect, it } from 'vitest'
import { DTYPES } from './dtype.ts'
import { portableLog, type RandomOptions, randomTensor, xoshiro128 } from './random.ts'

const draw = (options: RandomOptions) => randomTensor([100_000], 'float32', options).toFloat32()
const mean = (values: ArrayLike<number>, of = (x: number) => x) =>
  Array.from(values).reduce((sum, x) => sum + of(x), 0) / values.length

describe('the generator', () => {
  it('is xoshiro128** 1.1: the first outputs from the state 1, 2, 3, 4', () => {
    // From the reference implementation in C; the rand_xoshiro crate tests against the same vector.
    const next = xoshiro128(Uint32Array.of(1, 2, 3, 4))
    expect(Array.from({ length: 10 }, next)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })

  it('takes logarithms to within a few units in the last place', () => {
    for (let i = 1; i <= 4096; i++)
      for (const x of [i / 4096, 2 ** -62 * i]) {
        const exact = Math.log(x)
        expect(Math.abs(portableLog(x) - exact)).toBeLessThanOrEqual(1e-15 * Math.abs(exact))
      }
  })
})

describe('the same bits everywhere', () => {
  // First numbers of seed 42, from a second implementation in Python with its math.log.
  it.each([
    ['normal', [0.36039894819259644, -0.8372282385826111, -0.01350611262023449, 0.01095449086278677]],
    ['uniform', [0.3212314546108246, -0.7462397813796997, -0.7765960693359375, 0.6298788189888]],
    ['integer', [1, -3, -3, 3]],
  ] as const)('%s', (distribution, expected) => {
    const options = { seed: 42, distribution }
    expect(Array.from(randomTensor([2, 2], 'float32', options).data)).toEqual(expected)
    expect(randomTensor([3, 5], 'float32', options)).toEqual(randomTensor([3, 5], 'float32', options))
    expect(randomTensor([3, 5], 'float32', { ...options, seed: 43 }).data).not.toEqual(
      randomTensor([3, 5], 'float32', options).data,
    )
  })

  it('a narrower dtype holds the same numbers, rounded', () => {
    for (const dtype of DTYPES) {
      const wide = randomTensor([4, 5], 'float32', { seed: 5, scale: 3, distribution: 'integer' })
      expect(randomTensor([4, 5], dtype, { seed: 5, scale: 3, distribution: 'integer' }).data).toEqual(
        wide.astype(dtype).data,
      )
    }
  })
})

describe('the distributions (bounds at five standard errors)', () => {
  const error = 5 / Math.sqrt(100_000)

  it('normal has the moments and the tails of a normal', () => {
    const values = draw({ seed: 1, scale: 2 })
    expect(Math.abs(mean(values))).toBeLessThan(2 * error)
    expect(Math.abs(mean(values, (x) => x ** 2) - 4)).toBeLessThan(4 * Math.SQRT2 * error)
    expect(Math.abs(mean(values, (x) => (x / 2) ** 4) - 3)).toBeLessThan(Math.sqrt(96) * error)
    const beyondTwo = mean(values, (x) => (Math.abs(x) > 4 ? 1 : 0))
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.209 * error)
  })

  it('uniform fills [-scale, scale) evenly', () => {
    const values = draw({ seed: 2, distribution: 'uniform', scale: 3 })
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(3)
    expect(Math.abs(mean(values))).toBeLessThan(Math.sqrt(3) * error)
    expect(Math.abs(mean(values, (x) => x ** 2) - 3)).toBeLessThan(2.7 * error)
  })

  it('integer gives each whole number from -4 to 4 as often as any other', () => {
    const values = Array.from(draw({ seed: 3, distribution: 'integer' }))
    expect([...new Set(values)].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4])
    for (let k = -4; k <= 4; k++)
      expect(Math.abs(mean(values, (x) => (x === k ? 1 : 0)) - 1 / 9)).toBeLessThan(0.315 * error)
  })

  it('neighbours and neighbouring seeds are not correlated', () => {
    const [a, b] = [draw({ seed: 10 }), draw({ seed: 11 })]
    expect(Math.abs(mean(a.map((x, i) => x * b[i]!)))).toBeLessThan(error)
    expect(Math.abs(mean(a.slice(1).map((x, i) => x * a[i]!)))).toBeLessThan(error)
  })
})

describe('misuse, in one clear line', () => {
  it.each([
    [{ seed: -1 }, 'seed -1 is not a whole number from 0 to 2^32 - 1.'],
    [{ seed: 2 ** 32 }, 'seed 4294967296 is not a whole number from 0 to 2^32 - 1.'],
    [{ seed: Number.NaN }, 'seed NaN is not a whole number from 0 to 2^32 - 1.'],
    [{ seed: 0, scale: Infinity }, 'scale Infinity of random numbers must be finite and not negative.'],
    [
      { seed: 0, scale: 0.5, distribution: 'integer' },
      'scale 0.5 of random integers must be a whole number below 2^31.',
    ],
    [{ seed: 0, distribution: 'gamma' }, "unknown distribution 'gamma'. Use normal, uniform or integer."],
  ])('%j', (options, message) => {
    expect(() => randomTensor([2], 'float32', options as RandomOptions)).toThrow(message)
  })
})
