/**
 * The number formats of a NeuronCore, as they are in memory. One row a dtype; everything else is derived from it.
 *
 * Conversion rules, the same for every way in (from, set, astype, encodeInto, round):
 * - to a float: nearest, ties to even, once; overflow gives infinity; NaN, infinities, the sign of zero are kept
 * - to an integer: nearest, ties to even; what is out of range saturates; NaN gives 0
 *
 * float8_e4m3 is the IEEE-style one (infinities, largest number 240): nki.language.float8_e4m3, which is
 * ml_dtypes.float8_e4m3 (NKI API reference, SDK 2.2x: `dtype(float8_e4m3)`). The OCP variant without infinities
 * (largest number 448) has its own name there, float8_e4m3fn. float8_e5m2 is the same in both.
 */
import { FloatCodec } from './float-codec.ts'

export type Dtype = 'float32' | 'bfloat16' | 'float16' | 'float8_e4m3' | 'float8_e5m2' | 'int8' | 'int32'

/** Raw elements: bit patterns for the 16- and 8-bit floats, plain numbers for float32, int8 and int32. */
export type Storage = Float32Array | Uint16Array | Uint8Array | Int8Array | Int32Array

export interface DtypeInfo {
  readonly name: Dtype
  /** Bytes of one element. */
  readonly bytes: number
  readonly kind: 'float' | 'int'
  /** Bits of precision: with the hidden bit for floats (unit roundoff 2^-significandBits), without sign for ints. */
  readonly significandBits: number
  /** The largest finite number. */
  readonly max: number
  /** The number of this dtype nearest to x: decode(encode(x)). */
  round(x: number): number
  /** The storage element nearest to x: a bit pattern, or the number itself where storage holds plain numbers. */
  encode(x: number): number
  /** The number that a storage element stands for. */
  decode(bits: number): number
  /** Zeroed storage for n elements. */
  allocate(n: number): Storage
}

/** The floats kept as bit patterns. */
const narrowFloats = {
  bfloat16: new FloatCodec({ exponentBits: 8, mantissaBits: 7 }),
  float16: new FloatCodec({ exponentBits: 5, mantissaBits: 10 }),
  float8_e4m3: new FloatCodec({ exponentBits: 4, mantissaBits: 3 }),
  float8_e5m2: new FloatCodec({ exponentBits: 5, mantissaBits: 2 }),
}

/** The codec of a dtype that is kept as bit patterns; undefined for the others. For loops over many elements. */
export function narrowCodec(d: Dtype): FloatCodec | undefined {
  dtypeInfo(d) // refuses a name that is no dtype
  return Object.hasOwn(narrowFloats, d) ? narrowFloats[d as keyof typeof narrowFloats] : undefined
}

function narrowFloat(name: keyof typeof narrowFloats): DtypeInfo {
  const codec = narrowFloats[name]
  const bytes = codec.bits / 8
  return {
    name,
    bytes,
    kind: 'float',
    significandBits: codec.significandBits,
    max: codec.max,
    round: (x) => codec.round(x),
    encode: (x) => codec.encode(x),
    decode: (bits) => codec.decode(bits),
    allocate: bytes === 2 ? (n) => new Uint16Array(n) : (n) => new Uint8Array(n),
  }
}

/** A number format that typed arrays have themselves: what is stored is the number. */
function native(
  name: Dtype,
  row: Pick<DtypeInfo, 'bytes' | 'kind' | 'significandBits' | 'max' | 'round' | 'allocate'>,
): DtypeInfo {
  return { name, ...row, encode: row.round, decode: (value) => value }
}

// Adding and subtracting 1.5 * 2^52 rounds |x| < 2^51 to a whole number, ties to even.
const WHOLE = 1.5 * 2 ** 52
const roundInt = (max: number) => (x: number) =>
  Number.isNaN(x) ? 0 : Math.min(Math.max(x, -max - 1), max) + WHOLE - WHOLE

const TABLE: Readonly<Record<Dtype, DtypeInfo>> = {
  float32: native('float32', {
    bytes: 4,
    kind: 'float',
    significandBits: 24,
    max: (2 - 2 ** -23) * 2 ** 127,
    round: Math.fround,
    allocate: (n) => new Float32Array(n),
  }),
  bfloat16: narrowFloat('bfloat16'),
  float16: narrowFloat('float16'),
  float8_e4m3: narrowFloat('float8_e4m3'),
  float8_e5m2: narrowFloat('float8_e5m2'),
  int8: native('int8', {
    bytes: 1,
    kind: 'int',
    significandBits: 7,
    max: 2 ** 7 - 1,
    round: roundInt(2 ** 7 - 1),
    allocate: (n) => new Int8Array(n),
  }),
  int32: native('int32', {
    bytes: 4,
    kind: 'int',
    significandBits: 31,
    max: 2 ** 31 - 1,
    round: roundInt(2 ** 31 - 1),
    allocate: (n) => new Int32Array(n),
  }),
}

export const DTYPES: readonly Dtype[] = Object.keys(TABLE) as Dtype[]

/** All that is known of a dtype. Throws a TypeError that lists the dtypes where the name is none of them. */
export function dtypeInfo(d: Dtype): DtypeInfo {
  if (!Object.hasOwn(TABLE, d)) throw new TypeError(`unknown dtype '${d}'. Use one of ${DTYPES.join(', ')}.`)
  return TABLE[d]
}

/** Throws a TypeError where data is not the kind of array that holds the dtype. */
export function checkStorage(data: Storage, d: Dtype): void {
  const right = dtypeInfo(d).allocate(0).constructor
  if (data.constructor !== right)
    throw new TypeError(`${d} is stored as ${right.name}, not as ${data.constructor.name}.`)
}
