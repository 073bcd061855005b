/** What the blocked matmuls have in common. */

export { accumulate } from '../blocks.ts'

export const blocks = { mBlock: 1024, nBlock: 1024, kBlock: 1024 }

/** The seed's: 2 × 512 columns, 8 × 128 of the contraction, sums in the dtype of the input. */
export const seedBlocks = { nBlock: 1024, kBlock: 1024, accumulate: 'input' } as const

export const space = {
  mBlock: [256, 512, 1024, 2048],
  nBlock: [512, 1024, 2048],
  kBlock: [256, 512, 1024, 2048],
}

export const macs = ({ M, K, N }: { M: number; K: number; N: number }): number => M * K * N
