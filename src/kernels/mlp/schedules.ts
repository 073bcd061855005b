/** What the compressed MLP kernels have in common. */

export const blocks = { mStrip: 512, kBlock: 512, rBlock: 1024, nBlock: 512, mTile: 512 }

export const space = {
  mStrip: [128, 256, 512, 1024],
  kBlock: [256, 512, 1024],
  rBlock: [256, 512, 1024, 2048],
  nBlock: [256, 512, 1024],
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
