/**
 * Buffers while a program is lowered: which tile of which copy an operand lies in. Tiles are numbered throughout, so
 * that the order of instructions is kept in two flat arrays (stream.ts).
 */
import type { Backing, Extents, Span } from '../../nki/index.ts'
import { type Grid, tilesOf } from './grid.ts'
import type { Buffer } from './plan.ts'
import { QUEUE_COUNT } from './queues.ts'

/** One instance of a buffer: its memory is taken from its first instruction to the last of any queue. */
export interface Occupant {
  readonly buffer: Buffer
  first: number
  readonly last: Int32Array
}

export class Placement {
  /** The first tile of the copy in use. */
  current: number
  private allocations = 0
  private occupant: Occupant | null = null
  /** The last instruction of every queue that touched it; kept only if other buffers use its memory, too. */
  readonly lastUse: Int32Array | null
  private readonly copies: number

  constructor(
    readonly backing: Backing,
    readonly grid: Grid,
    readonly base: number,
    /** null: in HBM, or a tensor of the caller. */
    readonly buffer: Buffer | null,
    /** Where instances are listed, if a timeline is wanted. */
    private readonly occupants: Occupant[] | null = null,
  ) {
    this.current = base
    this.copies = buffer?.degree ?? 1
    this.lastUse = buffer && buffer.sharesWith.length > 0 ? new Int32Array(QUEUE_COUNT).fill(-1) : null
  }

  get tiles(): number {
    return tilesOf(this.grid)
  }

  /** Tiles of all copies, and the places through which a buffer passes that does not fit. */
  get extent(): number {
    const passing = this.buffer && this.buffer.residence !== 'resident' ? this.buffer.residentTiles : 0
    return this.tiles * this.copies + passing
  }

  /** Turns to the next copy. */
  rotate(): void {
    this.current = this.base + (this.allocations++ % this.copies) * this.tiles
    if (!this.occupants || !this.buffer) return
    this.occupant = { buffer: this.buffer, first: -1, last: new Int32Array(QUEUE_COUNT).fill(-1) }
    this.occupants.push(this.occupant)
  }

  /** An instruction of a queue touches the copy in use. */
  note(instruction: number, queue: number): void {
    if (this.lastUse) this.lastUse[queue] = instruction
    if (!this.occupant) return
    if (this.occupant.first < 0) this.occupant.first = instruction
    this.occupant.last[queue] = instruction
  }

  /** The tile, within a copy, of a piece of the buffer in the current iteration. */
  tile({ start }: Extents, rows: Span<string>, cols: Span<string>): number {
    const { grid, backing } = this
    const down = Math.trunc((start[rows.id]! - start[backing.p.id]!) / grid.rows)
    const across = Math.trunc((start[cols.id]! - start[backing.f.id]!) / grid.cols)
    return down * grid.across + across
  }
}

export type Placements = ReadonlyMap<Backing, Placement>
