/** Sizes and costs of blocks: those of the op table and of the device tables, for operands of two bytes. */
import type { Machine } from '../../device/index.ts'
import { balanced, type ScheduleValues, TILE_SIZE } from '../../nki/index.ts'
import type { Moves, Work } from './line.ts'

const { pmax, gemmMovingFmax } = TILE_SIZE
/** Bytes of an operand, and of a sum. */
export const OPERAND = 2
export const SUM = 4
/** Cycles: no instruction is shorter. */
const SHORTEST = 64

/** Tiles of 128 partitions. */
export const tiles = (size: number): number => Math.ceil(size / pmax)
/** Pieces of 512 columns: a PSUM bank holds one. */
export const banks = (columns: number): number => Math.ceil(columns / gemmMovingFmax)

/** A dimension in blocks of at most so much, the last one shorter. */
interface Cut {
  readonly size: number
  readonly sizes: readonly number[]
}

export function cut(whole: number, block: ScheduleValues[string] | undefined): Cut {
  const size = balanced(whole, Number(block))
  const blocks = Math.ceil(whole / size)
  return { size, sizes: Array.from({ length: blocks }, (_, i) => Math.min(size, whole - i * size)) }
}

/** Bytes per partition of so many rows and columns. */
export const bytesOf = (rows: number, columns: number, element = OPERAND): number =>
  tiles(rows) * columns * element

/** The DMAs of a block: 128 rows each, or fewer. */
export const rowsOf = (rows: number, columns: number): Moves => ({
  count: tiles(rows),
  rows: rows / tiles(rows),
  rowBytes: columns * OPERAND,
})

/** µs of a product: tiles of the contraction and of the stationary side, and moving columns. */
export const product = (contraction: number, stationary: number, moving: number, machine: Machine): number =>
  (tiles(contraction) *
    tiles(stationary) *
    (Math.max(moving, SHORTEST) + machine.matmulOverhead * banks(moving))) /
  machine.clock.tensor

/** Each tile of a product goes through PSUM, and is added up or rounded by the vector engine. */
export const multiplication = (
  contraction: number,
  stationary: number,
  moving: number,
  machine: Machine,
): Required<Omit<Work, 'scalar'>> => ({
  tensor: product(contraction, stationary, moving, machine),
  vector: elementwise(stationary, moving, banks(moving), machine),
  pieces: tiles(stationary) * banks(moving),
})

/** µs of an elementwise instruction for each tile of rows, and each of so many pieces of the columns. */
export const elementwise = (
  rows: number,
  columns: number,
  pieces: number,
  machine: Machine,
  engine: 'vector' | 'scalar' = 'vector',
): number =>
  (tiles(rows) * (Math.max(columns, SHORTEST * pieces) + machine.accessCycles * pieces)) /
  machine.clock[engine]

/** µs of GpSimd to zero a block of sums, in pieces of a PSUM bank. */
export const zeroing = (rows: number, columns: number, bytes: number, machine: Machine): number =>
  (tiles(rows) * ((bytes === SUM ? columns : columns / 2) + machine.accessCycles * banks(columns))) /
  machine.clock.gpsimd
