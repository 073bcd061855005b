/**
 * The arithmetic of one nc_matmul, fast: dst += stationaryᵀ · moving in float32. The op table's `evaluate` is the
 * definition; a test holds this to it, bit by bit.
 */
import type { Block } from '../../nki/index.ts'

export function matmulInto(dst: Block, stationary: Block, moving: Block): void {
  const { data: d } = dst
  const { data: s } = stationary
  const { data: m } = moving
  for (let k = 0; k < stationary.rows; k++) {
    const row = moving.offset + k * moving.stride
    for (let i = 0; i < dst.rows; i++) {
      const a = s[stationary.offset + k * stationary.stride + i]!
      const out = dst.offset + i * dst.stride
      for (let j = 0; j < dst.cols; j++) d[out + j]! += a * m[row + j]!
    }
  }
}
