/** Reading and writing blocks of numbers, element by element: enough to say what an instruction means. */
import type { Block } from '../op.ts'

export const get = (block: Block, i: number, j: number): number =>
  block.data[block.offset + i * block.stride + j]!

/** dst[i, j] = value(i, j), in row-major order. */
export function each(dst: Block, value: (i: number, j: number) => number): void {
  for (let i = 0; i < dst.rows; i++)
    for (let j = 0; j < dst.cols; j++) dst.data[dst.offset + i * dst.stride + j] = value(i, j)
}
