/**
 * Buffers while a program is lowered: which tile of which copy an operand lies in. Tiles are numbered throughout, so
 * that the order of instructions is kept in two flat arrays (stream.ts).
 */
import type { Backing, Extents, Span } from '../../nki/index.ts'
import { type Grid, tilesOf } from './grid.ts'
import type { Buffer } from './plan.ts'
import { QUEUE_COUNT } from './queues.ts'

export class Placement {
  /** The first tile of the copy in use. */
  current: number
  private allocations = 0
  /** The last instruction of every queue that touched it; kept only if other buffers use its memory, too. */
  readonly lastUse: Int32Array | null
  private readonly copies: number

  constructor(
    readonly backing: Backing,
    readonly grid: Grid,
    readonly base: number,
    /** null: in HBM, or a tensor of the caller. */
    readonly buffer: Buffer | null,
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
