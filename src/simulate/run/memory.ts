/**
 * The memories of the functional simulator. Values are held decoded, as float32 (int32: float64), and rounded to the
 * dtype of their buffer whenever an instruction writes. What was never written is poison: a NaN pattern that arithmetic
 * cannot produce, so that reading it is always noticed and NaNs of the caller are not mistaken for it.
 */
import { type Backing, type Binding, type Block, dtypeOf, type Extents, type View } from '../../nki/index.ts'
import { type Dtype, dtypeInfo, roundInPlace } from '../../tensor/index.ts'

/** A signalling NaN: every arithmetic result that is NaN is a quiet one. */
const POISON = 0x7fa5a5a5

interface Buffer {
  readonly dtype: Dtype
  values: Float32Array | Float64Array
  /** The same memory as bits; null for int32, where any NaN is poison. */
  bits: Uint32Array | null
  /** Where the buffer begins in its two dimensions. */
  row: number
  col: number
  cols: number
}

export class Memory {
  private readonly buffers = new Map<Backing, Buffer>()

  constructor(
    private readonly binding: Binding,
    private readonly extents: Extents,
    /** Keep float32 wherever the program rounds to a smaller floating-point dtype. */
    private readonly unrounded: boolean,
  ) {}

  /** Takes up the values of a caller's tensor. */
  place(backing: Backing, values: Float32Array | Float64Array, cols: number): void {
    const bits =
      values instanceof Float32Array ? new Uint32Array(values.buffer, values.byteOffset, values.length) : null
    this.buffers.set(backing, {
      dtype: dtypeOf(backing.dtype, this.binding),
      values,
      bits,
      row: 0,
      col: 0,
      cols,
    })
  }

  /** A buffer for the current iteration; its memory is that of the last one, poisoned (or zeroed) again. */
  allocate(backing: Backing, zero: boolean): void {
    const { start, size } = this.extents
    const cols = size[backing.f.id]!
    const length = size[backing.p.id]! * cols
    let buffer = this.buffers.get(backing)
    if (!buffer || buffer.values.length < length) {
      const dtype = dtypeOf(backing.dtype, this.binding)
      const values = dtype === 'int32' ? new Float64Array(length) : new Float32Array(length)
      const bits = values instanceof Float32Array ? new Uint32Array(values.buffer) : null
      buffer = { dtype, values, bits, row: 0, col: 0, cols }
      this.buffers.set(backing, buffer)
    }
    Object.assign(buffer, { row: start[backing.p.id]!, col: start[backing.f.id]!, cols })
    if (zero) buffer.values.fill(0, 0, length)
    else if (buffer.bits) buffer.bits.fill(POISON, 0, length)
    else buffer.values.fill(Number.NaN, 0, length)
  }

  values(backing: Backing): Float32Array | Float64Array {
    return this.buffers.get(backing)!.values
  }

  /** The rectangle of a view in the current iteration. */
  block(view: View): Block {
    const buffer = this.buffers.get(view.backing)!
    const { start, size } = this.extents
    const row = start[view.rows.id]!
    const col = start[view.cols.id]!
    return {
      data: buffer.values,
      offset: (row - buffer.row) * buffer.cols + col - buffer.col,
      stride: buffer.cols,
      rows: size[view.rows.id]!,
      cols: size[view.cols.id]!,
      row,
      col,
    }
  }

  /** Row and column of the first element that was never written; null when all were, as in a caller's tensor. */
  findPoison(backing: Backing, block: Block): [row: number, col: number] | null {
    if (backing.kind === 'hbm' && !backing.output) return null
    const { bits } = this.buffers.get(backing)!
    for (let i = 0; i < block.rows; i++) {
      const begin = block.offset + i * block.stride
      const end = begin + block.cols
      if (bits) {
        for (let at = begin; at < end; at++) if (bits[at] === POISON) return [i, at - begin]
      } else for (let at = begin; at < end; at++) if (Number.isNaN(block.data[at]!)) return [i, at - begin]
    }
    return null
  }

  /** The first accumulation into a PSUM tile overwrites it: what is poison there counts as zero. */
  startAccumulation(backing: Backing, block: Block): void {
    const { bits } = this.buffers.get(backing)!
    if (!bits) return
    for (let i = 0; i < block.rows; i++) {
      const begin = block.offset + i * block.stride
      for (let at = begin; at < begin + block.cols; at++) if (bits[at] === POISON) bits[at] = 0
    }
  }

  /** Rounds what an instruction wrote to the dtype of the buffer. */
  round(backing: Backing, block: Block): void {
    const { dtype } = this.buffers.get(backing)!
    const { kind, round } = dtypeInfo(dtype)
    if (dtype === 'float32' || (this.unrounded && kind === 'float')) return
    for (let i = 0; i < block.rows; i++) {
      const begin = block.offset + i * block.stride
      const end = begin + block.cols
      if (block.data instanceof Float32Array) roundInPlace(block.data, dtype, begin, end)
      else for (let at = begin; at < end; at++) block.data[at] = round(block.data[at]!)
    }
  }
}
