/**
 * A tensor is a strided view of raw storage: shape, strides and offset (in elements) say where element (i, j, …) is.
 * Transposing and slicing make another view of the same storage; what is written through one is seen through all.
 * Storage holds elements as the machine does (bfloat16 as 16 bits), so sizes in bytes are the machine's too.
 */
import { decodeInto, encodeInto } from './convert.ts'
import { checkStorage, type Dtype, type DtypeInfo, dtypeInfo, type Storage } from './dtype.ts'

/** Row-major strides. */
function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride
    stride *= shape[d]!
  }
  return strides
}

function sizeOf(shape: readonly number[]): number {
  for (const length of shape)
    if (!Number.isSafeInteger(length) || length < 0)
      throw new RangeError(`shape [${shape}]: ${length} is not a dimension. Use whole numbers from 0.`)
  return shape.reduce((size, length) => size * length, 1)
}

export class Tensor {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly data: Storage
  readonly strides: readonly number[]
  readonly offset: number
  /** Number of elements. */
  readonly size: number
  private readonly info: DtypeInfo

  private constructor(
    dtype: Dtype,
    shape: readonly number[],
    data: Storage,
    strides: readonly number[] = stridesOf(shape),
    offset = 0,
  ) {
    this.dtype = dtype
    this.shape = shape
    this.data = data
    this.strides = strides
    this.offset = offset
    this.size = sizeOf(shape)
    this.info = dtypeInfo(dtype)
  }

  /** Throws a RangeError where a dimension is no whole number from 0, or memory does not suffice. */
  static zeros(shape: readonly number[], dtype: Dtype): Tensor {
    const [{ allocate, bytes }, size] = [dtypeInfo(dtype), sizeOf(shape)]
    let data: Storage
    try {
      data = allocate(size)
    } catch (cause) {
      const needed = `${((size * bytes) / 2 ** 30).toFixed(1)} GiB`
      throw new RangeError(
        `${dtype} shape [${shape}] takes ${needed}, more than can be allocated; make it smaller.`,
        {
          cause,
        },
      )
    }
    return new Tensor(dtype, [...shape], data)
  }

  /** Copies row-major numbers, rounded to the dtype. Throws a RangeError where their count is not the shape's. */
  static from(values: ArrayLike<number>, shape: readonly number[], dtype: Dtype): Tensor {
    if (values.length !== sizeOf(shape))
      throw new RangeError(`${values.length} values do not fill shape [${shape}]: it takes ${sizeOf(shape)}.`)
    const tensor = Tensor.zeros(shape, dtype)
    encodeInto(values, dtype, tensor.data)
    return tensor
  }

  /** A tensor on row-major raw elements, not copied. Throws where their type or count is not the dtype's or shape's. */
  static wrap(data: Storage, shape: readonly number[], dtype: Dtype): Tensor {
    checkStorage(data, dtype)
    if (data.length !== sizeOf(shape))
      throw new RangeError(`${data.length} elements do not fill shape [${shape}]: it takes ${sizeOf(shape)}.`)
    return new Tensor(dtype, [...shape], data)
  }

  /** One element. For all of them, toFloat32() is much faster. */
  get(...index: number[]): number {
    return this.info.decode(this.data[this.position(index)]!)
  }

  /** Stores a number, rounded to the dtype. */
  set(value: number, ...index: number[]): void {
    this.data[this.position(index)] = this.info.encode(value)
  }

  private position(index: readonly number[]): number {
    if (index.length !== this.shape.length)
      throw new RangeError(
        `index [${index}] does not fit shape [${this.shape}]: give one number a dimension.`,
      )
    let position = this.offset
    for (let d = 0; d < index.length; d++) {
      const i = index[d]!
      if (!Number.isInteger(i) || i < 0 || i >= this.shape[d]!)
        throw new RangeError(`index [${index}] is outside shape [${this.shape}].`)
      position += i * this.strides[d]!
    }
    return position
  }

  /** The transpose of a matrix: a view. */
  transpose(): Tensor {
    if (this.shape.length !== 2)
      throw new RangeError(
        `transpose takes a matrix; shape [${this.shape}] has ${this.shape.length} dimensions.`,
      )
    const [rows, columns] = this.shape as [number, number]
    const [rowStride, columnStride] = this.strides as [number, number]
    return new Tensor(this.dtype, [columns, rows], this.data, [columnStride, rowStride], this.offset)
  }

  /** The elements from start up to, not including, stop along each leading dimension given; the others whole: a view. */
  slice(...ranges: [start: number, stop: number][]): Tensor {
    if (ranges.length > this.shape.length)
      throw new RangeError(`slice of ${ranges.length} ranges: shape [${this.shape}] has fewer dimensions.`)
    const shape = [...this.shape]
    let offset = this.offset
    for (const [d, [start, stop]] of ranges.entries()) {
      const whole = Number.isInteger(start) && Number.isInteger(stop)
      if (!whole || start < 0 || start > stop || stop > this.shape[d]!)
        throw new RangeError(`slice [${start}, ${stop}) of dimension ${d} is outside shape [${this.shape}].`)
      shape[d] = stop - start
      offset += start * this.strides[d]!
    }
    if (shape.includes(0)) offset = 0 // an empty view at the end must not point behind the storage
    return new Tensor(this.dtype, shape, this.data, this.strides, offset)
  }

  /** Whether the elements lie in row-major order without gaps, from `offset` on. */
  get isContiguous(): boolean {
    const packed = stridesOf(this.shape)
    return this.size === 0 || this.shape.every((length, d) => length === 1 || this.strides[d] === packed[d])
  }

  /** This tensor where it is contiguous (at any offset), else a packed copy. */
  contiguous(): Tensor {
    return this.isContiguous ? this : this.copy()
  }

  private copy(): Tensor {
    const { data, shape, strides } = this
    const packed = Tensor.zeros(shape, this.dtype)
    const last = shape.length - 1
    const [length, stride] = [shape[last]!, strides[last]!]
    let next = 0
    const copyFrom = (d: number, position: number): void => {
      if (d < last) for (let i = 0; i < shape[d]!; i++) copyFrom(d + 1, position + i * strides[d]!)
      else for (let i = 0; i < length; i++) packed.data[next++] = data[position + i * stride]!
    }
    copyFrom(0, this.offset)
    return packed
  }

  /** All elements in row-major order, as float32 (int32 beyond 2^24 is rounded). A copy. */
  toFloat32(): Float32Array {
    const out = new Float32Array(this.size)
    const { data, offset } = this.contiguous()
    decodeInto(data, this.dtype, out, offset)
    return out
  }

  /** All elements in row-major order, each exactly its number: for comparison and conversion. */
  exactValues(): Float32Array | Int32Array {
    if (this.dtype !== 'int32') return this.toFloat32()
    const { data, offset, size } = this.contiguous()
    return (data as Int32Array).slice(offset, offset + size)
  }

  /** A contiguous tensor of the same numbers, rounded once to another dtype; this one where the dtype is its own. */
  astype(dtype: Dtype): Tensor {
    return dtype === this.dtype ? this.contiguous() : Tensor.from(this.exactValues(), this.shape, dtype)
  }
}
