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

export interface FloatCodec {
  /** The largest finite number. */
  readonly max: number
  /** The bit pattern nearest to x. Every NaN gives the positive quiet one; the sign of zero is kept. */
  encode(x: number): number
  /** The number that a bit pattern stands for. */
  decode(bits: number): number
  /** decode(encode(x)), without the detour. */
  round(x: number): number
}

// One double seen as two words: the exponent of a double is read and written in its high word.
const float64 = new Float64Array(1)
const words = new Uint32Array(float64.buffer)
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const HIGH = littleEndian ? 1 : 0
const LOW = 1 - HIGH
const FLOAT64_BIAS = 1023
/** Doubles from 2^52 to 2^53 are the whole numbers, so adding this rounds to a whole number, ties to even. */
const WHOLE = 2 ** 52

/** 2^exponent, for exponents of normal doubles. */
function powerOfTwo(exponent: number): number {
  words[HIGH] = (exponent + FLOAT64_BIAS) << 20
  words[LOW] = 0
  return float64[0]!
}

export function floatCodec({ exponentBits, mantissaBits }: FloatFormat): FloatCodec {
  const bias = 2 ** (exponentBits - 1) - 1
  const minExponent = 1 - bias
  const overflow = 2 ** (bias + 1)
  const signBit = 1 << (exponentBits + mantissaBits)
  const infinity = signBit - (1 << mantissaBits)
  const quietNaN = infinity | (1 << (mantissaBits - 1))

  /** floor(log2 magnitude), but not below the exponent that the subnormals share. */
  function exponentOf(magnitude: number): number {
    float64[0] = magnitude
    return Math.max((words[HIGH]! >>> 20) - FLOAT64_BIAS, minExponent)
  }

  function encode(x: number): number {
    if (Number.isNaN(x)) return quietNaN
    const magnitude = Math.abs(x)
    const sign = x < 0 || Object.is(x, -0) ? signBit : 0
    if (magnitude >= overflow) return sign | infinity
    const exponent = exponentOf(magnitude)
    // The mantissa as a whole number, hidden bit included: it is added, so that the hidden bit (and a carry out of
    // the rounding) moves the exponent field up by one.
    const mantissa = magnitude * powerOfTwo(mantissaBits - exponent) + WHOLE - WHOLE
    return sign | Math.min(((exponent - minExponent) << mantissaBits) + mantissa, infinity)
  }

  function round(x: number): number {
    const magnitude = Math.abs(x)
    if (!(magnitude < overflow)) return x * Infinity // NaN stays NaN
    if (magnitude === 0) return x
    // Next to this number doubles are as far apart as the format's own numbers are next to x.
    const anchor = powerOfTwo(exponentOf(magnitude) - mantissaBits + 52)
    const nearest = magnitude + anchor - anchor
    const result = nearest < overflow ? nearest : Infinity
    return x < 0 ? -result : result
  }

  function numberOf(bits: number): number {
    const sign = bits & signBit ? -1 : 1
    const magnitude = bits & (signBit - 1)
    if (magnitude >= infinity) return magnitude === infinity ? sign * Infinity : NaN
    const field = magnitude >> mantissaBits
    const fraction = magnitude & ((1 << mantissaBits) - 1)
    const mantissa = field === 0 ? fraction : fraction + (1 << mantissaBits)
    return sign * mantissa * powerOfTwo(Math.max(field, 1) - bias - mantissaBits)
  }

  let table: Float32Array | undefined // all values in the order of their bit patterns, made at the first use
  function decode(bits: number): number {
    table ??= Float32Array.from({ length: signBit << 1 }, (_, pattern) => numberOf(pattern))
    return table[bits]!
  }

  return { max: numberOf(infinity - 1), encode, decode, round }
}
