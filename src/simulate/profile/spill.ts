/**
 * A computed buffer that does not fit: its first tiles stay, the others live in HBM and pass through a handful of tiles
 * on chip. One that is worked on is reloaded when it is not among them, and saved when it must make room.
 *
 * An accumulator is spilled in float32, and once per pass over it but for the last one, whose sums go on to their
 * consumer: that is what the published traffic of the seed's kernels shows.
 */
import { dmaBandwidth, type Machine } from '../../device/index.ts'
import type { Loop } from '../../nki/index.ts'
import type { Placement } from './buffers.ts'
import { tilesOf } from './grid.ts'
import type { Buffer } from './plan.ts'
import { QUEUE } from './queues.ts'
import type { Stream, Tiles } from './stream.ts'

/** The outermost loop that adds to the same place again and again; null if nothing accumulates. */
export function carryingLoop({ alloc, accesses }: Buffer): Loop | null {
  for (const { op, role, rows, cols, loops } of accesses) {
    if (role !== 'dst') continue
    const reads = Object.entries(op.operands).some(([r, view]) => r !== 'dst' && view.backing === alloc)
    if (!reads) continue
    const inner = loops.slice(alloc.loop ? loops.indexOf(alloc.loop) + 1 : 0)
    const loop = inner.find((l) => !rows.movesWith(l) && !cols.movesWith(l))
    if (loop) return loop
  }
  return null
}

/** Whether what is accumulated is read just once, by one instruction that goes over it tile by tile. */
function consumedOnce({ alloc, accesses }: Buffer, carrying: Loop): boolean {
  const later = accesses.filter(({ role, loops }) => role !== 'dst' && !loops.includes(carrying))
  return (
    later.length === 1 &&
    later.every(({ rows, cols, loops }) =>
      loops
        .slice(alloc.loop ? loops.indexOf(alloc.loop) + 1 : 0)
        .every((l) => rows.movesWith(l) || cols.movesWith(l)),
    )
  )
}

export class SpilledBuffer {
  saveBytes = 0
  reloadBytes = 0
  transfers = 0
  readonly carrying: Loop | null
  private readonly consumedOnce: boolean
  private readonly residents: number
  private readonly passing: number
  /** Which tile is in which place, least recently used first. */
  private readonly places = new Map<number, number>()
  private readonly dirty: Uint8Array
  /** The save that holds the contents of a tile; −1: none. */
  private readonly savedBy: Int32Array
  private readonly bytes: number
  private readonly saveOrigin: number
  private readonly reloadOrigin: number
  /** Whether the pass at hand is the last one of the loop that accumulates, and whether that loop is over. */
  private finalPass = false
  private over = false

  constructor(
    private readonly placement: Placement,
    buffer: Buffer,
    private readonly machine: Machine,
    private readonly stream: Stream,
    private readonly order: Tiles,
  ) {
    const { alloc, grid, residentTiles, passing, elementBytes } = buffer
    this.carrying = carryingLoop(buffer)
    this.consumedOnce = this.carrying !== null && consumedOnce(buffer, this.carrying)
    this.passing = passing.places
    this.residents = residentTiles - passing.places
    this.dirty = new Uint8Array(tilesOf(grid))
    this.savedBy = new Int32Array(tilesOf(grid)).fill(-1)
    this.bytes = grid.rows * grid.cols * (this.carrying ? 4 : elementBytes)
    const origin = (op: string): number =>
      stream.newOrigin({ op, site: alloc.site.toString(), tile: `${alloc.name} tile` })
    this.saveOrigin = origin('spill_save')
    this.reloadOrigin = origin('spill_reload')
  }

  /** A new instance of the buffer: nothing of the old one is needed any more. */
  reset(): void {
    this.places.clear()
    this.savedBy.fill(-1)
    this.dirty.fill(0)
    this.finalPass = false
    this.over = this.carrying === null
  }

  /** The carrying loop enters an iteration. */
  pass(iteration: number, trips: number): void {
    this.finalPass = iteration === trips - 1
    this.over = false
  }

  leave(): void {
    this.over = true
  }

  isResident(tile: number): boolean {
    return tile < this.residents
  }

  /** Brings a tile on chip; where it is. */
  touch(tile: number, writes: boolean): number {
    const { placement } = this
    if (tile < this.residents) return placement.slot(tile)
    // the sums of the last pass are consumed as they come
    if (this.consumedOnce && this.over) return placement.slot(tile)
    let place = this.places.get(tile)
    if (place === undefined) place = this.bring(tile)
    else this.places.delete(tile)
    this.places.set(tile, place)
    if (writes && !(this.finalPass && this.consumedOnce)) this.dirty[tile] = 1
    return placement.passingSlot(place)
  }

  /** Where the result of the last pass will be looked for; −1 before that. */
  resultOf(tile: number): number {
    const moves = tile >= this.residents && this.finalPass && this.consumedOnce && !this.over
    return moves ? this.placement.slot(tile) : -1
  }

  private bring(tile: number): number {
    const { places, stream, order, savedBy } = this
    const cost = this.bytes / dmaBandwidth(this.machine)
    let place = places.size
    if (place === this.passing) {
      const [victim, at] = places.entries().next().value as [number, number]
      places.delete(victim)
      place = at
      if (this.dirty[victim]) {
        this.dirty[victim] = 0
        const chip = this.placement.passingSlot(place)
        savedBy[victim] = stream.add(QUEUE.store, cost, this.saveOrigin)
        order.awaitWritten(stream, chip)
        order.read(stream, chip)
        this.saveBytes += this.bytes
        this.transfers++
      }
    }
    if (savedBy[tile]! >= 0) {
      const chip = this.placement.passingSlot(place)
      stream.add(QUEUE.spill_reload, cost, this.reloadOrigin)
      stream.waitFor(savedBy[tile]!)
      order.awaitFree(stream, chip)
      order.write(stream, chip)
      this.reloadBytes += this.bytes
      this.transfers++
    }
    return place
  }
}
