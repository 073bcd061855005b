/** What the compressed MLP kernels have in common. */
import { decodeBlocks } from '../lowrank/decode.ts'
import { stripFor } from '../lowrank/schedules.ts'

export const blocks = { mStrip: 512, kBlock: 512, rBlock: 1024, nBlock: 512, mTile: 512 }
export const decodeMlpBlocks = { ...decodeBlocks, kBlock: 256, rBlock: 1024, nBlock: 1024, vBlock: 256 }

export const space = {
  mStrip: [128, 256, 512, 1024],
  kBlock: [256, 512, 1024],
  rBlock: [256, 512, 1024, 2048],
  nBlock: [256, 512, 1024],
}

/** As `stripFor`, in strips of at most 1024 rows: a block of the hidden activation lives beside the sums. */
export function mlpStripFor({ M, r }: { M: number; r: number }, sums: number) {
  const strip = stripFor({ M, r }, sums)
  return { ...strip, mStrip: Math.min(1024, strip.mStrip), rBlock: 2048, nBlock: 512 }
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
