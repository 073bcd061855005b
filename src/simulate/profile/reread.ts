/**
 * An input block that does not fit: the compiler drops its load and loads each piece where it is used. Pieces stay as
 * long as there is room (the least recently used one goes first), which for a block that is gone through again and
 * again means one load per use.
 */
import { dmaTime, type Machine } from '../../device/index.ts'
import type { Extents, Span, View } from '../../nki/index.ts'
import type { Placement, Placements } from './buffers.ts'
import type { Buffer } from './plan.ts'
import { QUEUE } from './queues.ts'
import type { Stream, Tiles } from './stream.ts'

export class StreamedBuffer {
  bytes = 0
  transfers = 0
  private readonly places = new Map<number, number>()
  private readonly origin: number
  private readonly transposed: boolean
  private readonly source: View

  constructor(
    private readonly placement: Placement,
    private readonly buffer: Buffer,
    private readonly placements: Placements,
    private readonly machine: Machine,
    private readonly stream: Stream,
    private readonly order: Tiles,
  ) {
    const { alloc, accesses } = buffer
    const { op } = accesses.find((a) => a.role === 'dst')!
    this.source = op.operands.src!
    this.transposed = op.spec.name === 'dma_transpose'
    this.origin = stream.newOrigin({ op: 'reread', site: op.site.toString(), tile: `${alloc.name} tile` })
  }

  reset(): void {
    this.places.clear()
  }

  /** Brings the piece of an operand on chip; where it is. */
  touch(tile: number, extents: Extents, rows: Span<string>, cols: Span<string>): number {
    const { places, placement, order, stream } = this
    let place = places.get(tile)
    if (place !== undefined) {
      places.delete(tile)
      places.set(tile, place)
      return placement.passingSlot(place)
    }
    place = places.size
    if (place === this.buffer.residentTiles) {
      const [oldest, at] = places.entries().next().value as [number, number]
      places.delete(oldest)
      place = at
    }
    places.set(tile, place)
    const [r, c] = [extents.size[rows.id]!, extents.size[cols.id]!]
    const { elementBytes } = this.buffer
    const time = this.transposed
      ? dmaTime(this.machine, c, r * elementBytes)
      : dmaTime(this.machine, r, c * elementBytes)
    stream.add(QUEUE.load, time, this.origin)
    this.awaitSource(extents, rows, cols)
    const slot = placement.passingSlot(place)
    order.awaitFree(stream, slot)
    order.write(stream, slot)
    this.bytes += r * c * elementBytes
    this.transfers++
    return slot
  }

  /** A source that the kernel itself has written must have been. */
  private awaitSource(extents: Extents, rows: Span<string>, cols: Span<string>): void {
    const source = this.placements.get(this.source.backing)
    if (!source) return
    const [down, across] = this.transposed ? [cols, rows] : [rows, cols]
    this.order.awaitWritten(this.stream, source.slot(source.tile(extents, down, across)))
  }
}
