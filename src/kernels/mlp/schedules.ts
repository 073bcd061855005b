/** What the compressed MLP kernels have in common. */
import { stripFor } from '../lowrank/schedules.ts'

export const blocks = { mStrip: 512, kBlock: 512, rBlock: 1024, nBlock: 512, mTile: 512 }

export const space = {
  mStrip: [128, 256, 512, 1024],
  kBlock: [256, 512, 1024],
  rBlock: [256, 512, 1024, 2048],
  nBlock: [256, 512, 1024],
}

/** Bytes per partition that sums in the dtype of the input may take: half of Trn1's SBUF and some. */
const INPUT_SUM_BYTES = 128 * 1024

/**
 * As `stripFor`, with `sums` of them. Where float32 sums would cut strips below 1024 rows, and every weight would be read
 * more often, sums are kept in the dtype of the input.
 */
export function mlpStripFor({ M, r }: { M: number; r: number }, sums: number) {
  const blocks = { rBlock: 2048, nBlock: 512 }
  const exact = stripFor({ M, r }, sums)
  if (exact.mStrip >= Math.min(M, 1024)) return { ...exact, ...blocks }
  const fits = (rows: number) => Math.ceil(r / 128) * rows * 2 * sums <= INPUT_SUM_BYTES
  return { mStrip: [1024, 512, 256].find(fits) ?? 128, accumulate: 'input', ...blocks } as const
}

interface Dims {
  readonly M: number
  readonly K: number
  readonly r: number
  readonly N: number
}
/** Gate and up. */
export const upMacs = ({ M, K, r, N }: Dims): number => 2 * M * r * (K + N)
/** Gate, up and down. */
export const mlpMacs = ({ M, K, r, N }: Dims): number => 3 * M * r * (K + N)
