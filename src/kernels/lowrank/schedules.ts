/** What the fused low-rank kernels have in common: block sizes, the seed's schedules, the search space. */
import { transposeBy } from '../blocks.ts'
import { tunedFor } from '../defaults.ts'
import { sums } from './strip.ts'

/** Ours: 512 columns a matmul, sums in float32. */
export const blocks = { mStrip: 1024, kBlock: 512, rBlock: 1024, nBlock: 1024, mTile: 512 }

/**
 * Least traffic at large ranks: strips of 2048 rows, which only fit when their sums are kept in the dtype of the input.
 * The price is the seed's: a rounding per block of K, so that the error grows with K.
 */
const longStrips = { mStrip: 2048, kBlock: 512, rBlock: 512, nBlock: 512, accumulate: 'input' } as const

/**
 * The seed's default blocks, and those that its source names for decode and for prefill of Llama-3.2-1B; rows and
 * columns in its tiles, 128 × 512 in the plain form, 512 × 128 in the transposed one. And ours for the least traffic.
 */
function namedSchedules(rowTile: number, nTile: number, rows: number, columns: number) {
  // the first product takes a tile of rows per matmul, and sums are kept in the dtype of the input
  const seed = { mTile: rowTile, accumulate: 'input' } as const
  return {
    seed: { ...seed, mStrip: rows * rowTile, kBlock: 512, rBlock: 1024, nBlock: columns * nTile },
    'seed-decode': { ...seed, mStrip: 2 * rowTile, kBlock: 512, rBlock: 512, nBlock: 2 * nTile },
    'seed-llama-1b': { ...seed, mStrip: 4 * rowTile, kBlock: 1024, rBlock: 256, nBlock: 4 * nTile },
    'long-strips': longStrips,
  } as const
}

export const seedSchedules = namedSchedules(128, 512, 8, 2)
/** Here rows are the moving side, 512 of them at a time in both products. */
export const seedSchedulesTransposed = namedSchedules(512, 128, 2, 4)

export const space = {
  mStrip: [256, 512, 640, 768, 1024, 2048],
  kBlock: [256, 512, 1024, 2048],
  rBlock: [256, 512, 1024, 2048],
  nBlock: [512, 1024, 2048],
}

/** A fused activation on the result. */
export const activation = ['none', 'silu'] as const

export const macs = ({ M, K, r, N }: { M: number; K: number; r: number; N: number }): number =>
  M * r * (K + N)

/** What the forms for any number of rows declare alike, from Xᵀ and from X. */
export const strips = {
  schedule: blocks,
  choices: { accumulate: sums },
  options: { activation },
  defaultFor: tunedFor('fused_xtuv'),
  space,
  macs,
}
export const stripsFromX = {
  ...strips,
  choices: { accumulate: sums, transposeBy },
  defaultFor: tunedFor('fused_xuv'),
}
