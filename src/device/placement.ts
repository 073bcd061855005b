/**
 * Addresses in SBUF. Largest first, each buffer goes where nothing else ever lies, if there is room; otherwise where
 * only buffers lie that are never alive together with it. Two phases of a kernel then share memory, and the second one
 * waits for the first.
 */

/** Times in the order in which they come: positions in the text of a program, or its steps. */
export interface Interval {
  readonly from: number
  /** Inclusive. */
  readonly to: number
}

export const overlap = (a: Interval, b: Interval): boolean => a.from <= b.to && b.from <= a.to

export interface OnChipBlock {
  /** Bytes per partition. */
  readonly bytes: number
  readonly alive: Interval
}

export interface Placed<T extends OnChipBlock> {
  readonly block: T
  readonly address: number
}

/** null when they do not fit. */
export function place<T extends OnChipBlock>(blocks: readonly T[], capacity: number): Placed<T>[] | null {
  const placed: Placed<T>[] = []
  for (const block of [...blocks].sort((a, b) => b.bytes - a.bytes)) {
    const address =
      firstGap(block.bytes, placed, capacity) ??
      firstGap(
        block.bytes,
        placed.filter((other) => overlap(other.block.alive, block.alive)),
        capacity,
      )
    if (address === null) return null
    placed.push({ block, address })
  }
  return placed
}

function firstGap(bytes: number, taken: readonly Placed<OnChipBlock>[], capacity: number): number | null {
  let address = 0
  for (const { block, address: other } of [...taken].sort((a, b) => a.address - b.address)) {
    if (other - address >= bytes) break
    address = Math.max(address, other + block.bytes)
  }
  return address + bytes <= capacity ? address : null
}

export const shareMemory = (a: Placed<OnChipBlock>, b: Placed<OnChipBlock>): boolean =>
  a.address < b.address + b.block.bytes && b.address < a.address + a.block.bytes
