/**
 * Buffers while a program is lowered: which tile of which copy an operand lies in. Tiles are numbered throughout, so
 * that the order of instructions is kept in two flat arrays (stream.ts).
 */
import type { Backing, Extents, Span } from '../../nki/index.ts'
import { type Grid, tilesOf } from './grid.ts'
import type { Occupants } from './occupants.ts'
import type { Buffer } from './plan.ts'
import { QUEUE_COUNT } from './queues.ts'

export class Placement {
  /** Where the copy in use begins, in the ring of all places. */
  private start = 0
  private allocated = false
  /** The last instruction of every queue that touched it; kept only if other buffers use its memory, too. */
  readonly lastUse: Int32Array | null
  /** Places over which the tiles of successive copies rotate: whole copies, and those loaded ahead. */
  private readonly ring: number

  constructor(
    readonly backing: Backing,
    readonly grid: Grid,
    readonly base: number,
    /** null: in HBM, or a tensor of the caller. */
    readonly buffer: Buffer | null,
    /** Its instances, if a timeline is wanted. */
    readonly occupants: Occupants | null = null,
  ) {
    this.ring = tilesOf(grid) * (buffer?.degree ?? 1) + (buffer?.tilesAhead ?? 0)
    this.lastUse = buffer && buffer.sharesWith.length > 0 ? new Int32Array(QUEUE_COUNT).fill(-1) : null
  }

  get tiles(): number {
    return tilesOf(this.grid)
  }

  /** Tiles of all copies, and the places through which a buffer passes that does not fit. */
  get extent(): number {
    const passing = this.buffer && this.buffer.residence !== 'resident' ? this.buffer.residentTiles : 0
    return this.ring + passing
  }

  /** Turns to the next copy. */
  rotate(): void {
    if (this.allocated) this.start = (this.start + this.tiles) % this.ring
    this.allocated = true
    this.occupants?.close()
  }

  /** Where a tile of the copy in use is. */
  slot(tile: number): number {
    const place = this.start + tile
    return this.base + (place < this.ring ? place : place - this.ring)
  }

  /** The first and the last place of another buffer that lie at the addresses of a tile of this one; both resident. */
  overlapping(tile: number, other: Placement): [first: number, last: number] {
    const [own, theirs] = [this.placeBytes, other.placeBytes]
    const from = this.buffer!.address + (this.slot(tile) - this.base) * own - other.buffer!.address
    const first = Math.max(0, Math.floor(from / theirs))
    const last = Math.min(other.ring, Math.ceil((from + own) / theirs)) - 1
    return [other.base + first, other.base + last]
  }

  private get placeBytes(): number {
    return this.buffer!.bytes / this.tiles
  }

  /** One of the places through which a buffer passes that does not fit. */
  passingSlot(place: number): number {
    return this.base + this.ring + place
  }

  /** An instruction of a queue touches the copy in use. */
  note(instruction: number, queue: number): void {
    if (this.lastUse) this.lastUse[queue] = instruction
    this.occupants?.note(instruction, queue)
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
