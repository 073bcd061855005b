/** What the fused low-rank kernels have in common: block sizes, the seed's schedules, the search space. */

/** Ours: 512 columns a matmul, sums in float32. */
export const blocks = { mStrip: 1024, kBlock: 512, rBlock: 1024, nBlock: 1024, mTile: 512 }

/** Bytes per partition that the sums of a strip and their copy as an operand may take, of 176 KiB (Trn1). */
const STRIP_BYTES = 112 * 1024
const SUM_AND_OPERAND = 6
/** The same for sums in the dtype of the input, which are the operand; the blocks beside them are then small. */
const LONG_STRIP_BYTES = 128 * 1024
const SUM_ONLY = 2

/**
 * The rule between the shapes that were tuned, for `sums` projections to rank r. Traffic falls with the length of the
 * strip: float32 sums where 1024 rows (or all there are) of them fit and one load takes all of r; else sums in the
 * dtype of the input, as the seed keeps them, in strips of up to 2048 rows, with blocks of 512 beside long ones so that
 * loads stay double-buffered.
 */
export function stripFor({ M, r }: { M: number; r: number }, sums = 1) {
  const fits = (rows: number, bytes: number, limit: number) =>
    Math.ceil(r / 128) * Math.min(rows, Math.ceil(M / 128) * 128) * bytes * sums <= limit
  if (r <= 2048 && fits(1024, SUM_AND_OPERAND, STRIP_BYTES))
    return { mStrip: 1024, kBlock: 256, rBlock: 2048, nBlock: 512 }
  const mStrip = [2048, 1024, 512, 256].find((rows) => fits(rows, SUM_ONLY, LONG_STRIP_BYTES)) ?? 128
  const long = !fits(mStrip, SUM_ONLY, LONG_STRIP_BYTES / 2)
  return { mStrip, accumulate: 'input', ...(long ? { rBlock: 512, nBlock: 512 } : {}) } as const
}

/**
 * The seed's default blocks, and those that its source names for decode and for prefill of Llama-3.2-1B; rows and
 * columns in its tiles, 128 × 512 in the plain form, 512 × 128 in the transposed one.
 */
function seedBlocks(rowTile: number, nTile: number, rows: number, columns: number) {
  // the first product takes a tile of rows per matmul, and sums are kept in the dtype of the input
  const seed = { mTile: rowTile, accumulate: 'input' } as const
  return {
    seed: { ...seed, mStrip: rows * rowTile, kBlock: 512, rBlock: 1024, nBlock: columns * nTile },
    'seed-decode': { ...seed, mStrip: 2 * rowTile, kBlock: 512, rBlock: 512, nBlock: 2 * nTile },
    'seed-llama-1b': { ...seed, mStrip: 4 * rowTile, kBlock: 1024, rBlock: 256, nBlock: 4 * nTile },
  } as const
}

export const seedSchedules = seedBlocks(128, 512, 8, 2)
/** Here rows are the moving side, 512 of them at a time in both products. */
export const seedSchedulesTransposed = seedBlocks(512, 128, 2, 4)

/** The baseline takes the schedule of the fully optimised matmul for both of its products. */
export {
  blocks as sequentialBlocks,
  seedBlocks as sequentialSeed,
  space as sequentialSpace,
} from '../matmul/schedules.ts'

export const space = {
  mStrip: [256, 512, 1024, 2048],
  kBlock: [256, 512, 1024, 2048],
  rBlock: [256, 512, 1024, 2048],
  nBlock: [512, 1024, 2048],
}

/** A fused activation on the result. */
export const activation = ['none', 'silu'] as const

export const macs = ({ M, K, r, N }: { M: number; K: number; r: number; N: number }): number =>
  M * r * (K + N)
