/**
 * Conversion of many numbers at once, between float32 and the dtypes as they are stored. Simulated kernels round
 * millions of values, nearly all of them to bfloat16, which is the upper half of a float32: that case is done on
 * the bits. The rules are those of dtype.ts; `Float32Array` sources are exact, so nothing is rounded twice.
 */
import { checkStorage, type Dtype, dtypeInfo, narrowCodec, type Storage } from './dtype.ts'

const FLOAT32_INFINITY = 0x7f800000
const BFLOAT16_QUIET_NAN = 0x7fc0

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

/** The bfloat16 pattern nearest to a float32, ties to even; both given as bits. */
export function bfloat16FromFloat32(bits: number): number {
  if ((bits & 0x7fffffff) > FLOAT32_INFINITY) return BFLOAT16_QUIET_NAN
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

function checkRange(what: string, length: number, start: number, count: number): void {
  if (!Number.isInteger(start) || start < 0 || start + count > length)
    throw new RangeError(`${what}: elements ${start} to ${start + count} are not all within 0 to ${length}.`)
}

/** Fills `out` with the numbers that data[start …] stand for. int32 beyond 2^24 is rounded to float32. */
export function decodeInto(data: Storage, dtype: Dtype, out: Float32Array, start = 0): void {
  checkRange('decodeInto', data.length, start, out.length)
  checkStorage(data, dtype)
  const codec = narrowCodec(dtype)
  if (dtype === 'bfloat16') {
    const bits = bitsOf(out)
    for (let i = 0; i < out.length; i++) bits[i] = data[start + i]! << 16
  } else if (codec) for (let i = 0; i < out.length; i++) out[i] = codec.decode(data[start + i]!)
  else out.set(data.subarray(start, start + out.length))
}

/** Rounds all of `values` to the dtype and stores them at data[start …]. */
export function encodeInto(values: ArrayLike<number>, dtype: Dtype, data: Storage, start = 0): void {
  checkRange('encodeInto', data.length, start, values.length)
  checkStorage(data, dtype)
  const codec = narrowCodec(dtype)
  if (dtype === 'bfloat16' && values instanceof Float32Array) {
    const bits = bitsOf(values)
    for (let i = 0; i < bits.length; i++) data[start + i] = bfloat16FromFloat32(bits[i]!)
  } else if (codec) for (let i = 0; i < values.length; i++) data[start + i] = codec.encode(values[i]!)
  else if (dtype === 'float32') data.set(values, start)
  else {
    const { encode } = dtypeInfo(dtype)
    for (let i = 0; i < values.length; i++) data[start + i] = encode(values[i]!)
  }
}

/** Rounds values[start … end) to the dtype in place: what storing them and loading them again would leave. */
export function roundInPlace(values: Float32Array, dtype: Dtype, start = 0, end = values.length): void {
  checkRange('roundInPlace', values.length, start, end - start)
  const codec = narrowCodec(dtype)
  if (dtype === 'bfloat16') {
    const bits = bitsOf(values)
    for (let i = start; i < end; i++) bits[i] = bfloat16FromFloat32(bits[i]!) << 16
  } else if (codec) for (let i = start; i < end; i++) values[i] = codec.round(values[i]!)
  else if (dtype !== 'float32') {
    const { round } = dtypeInfo(dtype)
    for (let i = start; i < end; i++) values[i] = round(values[i]!)
  }
}
