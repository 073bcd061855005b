/**
 * Codecs of the narrow floating-point formats: bfloat16, float16 and the two float8s are rows of one table.
 *
 * All of them are IEEE 754 binary interchange encodings: one sign bit, a biased exponent, a mantissa with a hidden
 * bit. The exponent field 0 holds zero and the subnormals; the field of all ones holds infinity (mantissa 0) and NaN.
 *
 * Rounding is to nearest, ties to even, and it is done once, straight from the double: going through float32 first
 * would round twice and miss ties (1 + 2^-8 + 2^-40 is above a bfloat16 tie, but its float32 is exactly on it).
 * A magnitude that rounds past the largest finite number becomes infinity, as IEEE 754 §4.3.1 and ml_dtypes have it.
 */

export interface FloatFormat {
  readonly exponentBits: number
  /** Stored mantissa bits, without the hidden one. */
  readonly mantissaBits: number
}

// One double seen as two words: its exponent is in the high one.
const float64 = new Float64Array(1)
const words = new Uint32Array(float64.buffer)
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const HIGH = littleEndian ? 1 : 0
const FLOAT64_BIAS = 1023
/** Doubles from 2^52 to 2^53 are the whole numbers, so adding this rounds to a whole number, ties to even. */
const WHOLE = 2 ** 52

/** 2^-1022 … 2^1023 in the order of a double's exponent field: a look-up is much faster than Math.pow. */
const powers = new Float64Array(2047)
for (let field = 1, power = 2 ** -1022; field < powers.length; field++, power *= 2) powers[field] = power
const powerOfTwo = (exponent: number): number => powers[exponent + FLOAT64_BIAS]!

/** Encoder, rounder and decoder of one format. A class, because V8 inlines its methods into the loops of convert.ts; closures would box every number. */
export class FloatCodec {
  /** The largest finite number. */
  readonly max: number
  /** Bits of a pattern. */
  readonly bits: number
  /** Bits of precision, with the hidden one: the unit roundoff is 2^-significandBits. */
  readonly significandBits: number
  private readonly mantissaBits: number
  private readonly bias: number
  private readonly minExponent: number
  /** The power of two from which all is infinity. */
  private readonly overflow: number
  private readonly signBit: number
  private readonly infinity: number
  /** All values in the order of their bit patterns, made at the first use. */
  private table: Float32Array | undefined

  constructor({ exponentBits, mantissaBits }: FloatFormat) {
    this.bits = 1 + exponentBits + mantissaBits
    this.significandBits = 1 + mantissaBits
    this.mantissaBits = mantissaBits
    this.bias = 2 ** (exponentBits - 1) - 1
    this.minExponent = 1 - this.bias
    this.overflow = 2 ** (this.bias + 1)
    this.signBit = 1 << (exponentBits + mantissaBits)
    this.infinity = this.signBit - (1 << mantissaBits)
    this.max = this.numberOf(this.infinity - 1)
  }

  /** The bit pattern nearest to x. Every NaN gives the positive quiet one; the sign of zero is kept. */
  encode(x: number): number {
    if (Number.isNaN(x)) return this.infinity | (1 << (this.mantissaBits - 1))
    const magnitude = Math.abs(x)
    const sign = x < 0 || Object.is(x, -0) ? this.signBit : 0
    if (magnitude >= this.overflow) return sign | this.infinity
    const exponent = this.exponentOf(magnitude)
    // The mantissa as a whole number, hidden bit included: it is added, so that the hidden bit (and a carry out of
    // the rounding, up to infinity) moves the exponent field up by one.
    const mantissa = magnitude * powerOfTwo(this.mantissaBits - exponent) + WHOLE - WHOLE
    return sign | (((exponent - this.minExponent) << this.mantissaBits) + mantissa)
  }

  /** decode(encode(x)), without the detour. */
  round(x: number): number {
    const magnitude = Math.abs(x)
    if (!(magnitude < this.overflow)) return x * Infinity // NaN stays NaN
    if (magnitude === 0) return x
    // Next to this number doubles are as far apart as the format's own numbers are next to x.
    const anchor = powerOfTwo(this.exponentOf(magnitude) - this.mantissaBits + 52)
    const nearest = magnitude + anchor - anchor
    const result = nearest < this.overflow ? nearest : Infinity
    return x < 0 ? -result : result
  }

  /** The number that a bit pattern stands for. */
  decode(bits: number): number {
    this.table ??= Float32Array.from({ length: this.signBit << 1 }, (_, pattern) => this.numberOf(pattern))
    return this.table[bits]!
  }

  /** floor(log2 magnitude), but not below the exponent that the subnormals share. */
  private exponentOf(magnitude: number): number {
    float64[0] = magnitude
    return Math.max((words[HIGH]! >>> 20) - FLOAT64_BIAS, this.minExponent)
  }

  private numberOf(bits: number): number {
    const sign = bits & this.signBit ? -1 : 1
    const magnitude = bits & (this.signBit - 1)
    if (magnitude >= this.infinity) return magnitude === this.infinity ? sign * Infinity : Number.NaN
    const field = magnitude >> this.mantissaBits
    const fraction = magnitude & ((1 << this.mantissaBits) - 1)
    const mantissa = field === 0 ? fraction : fraction + (1 << this.mantissaBits)
    return sign * mantissa * powerOfTwo(Math.max(field, 1) - this.bias - this.mantissaBits)
  }
}
