/**
 * Where a span lies, for one shape and the iterations at hand. Two readings of the same program:
 *
 * exact   the last piece of a cut is as small as it is (run, profile, current NKI);
 * padded  every piece is whole, and what sticks out over the edge is masked in HBM (legacy NKI).
 *
 * Both move the same bytes. Spans are numbered, and a loop only updates its own: nothing is looked up or recomputed.
 */
import type { Dims } from './bind.ts'
import type { Alloc, Loop, Program } from './program.ts'
import { balanced, type Size, type Span, sizeOf } from './span.ts'

export type Reading = 'exact' | 'padded'

export class Extents {
  /** Offset in the dimension, of the current iteration; by span id, as are the others. */
  readonly start: Int32Array
  /** Elements that exist: a last piece is smaller, in either reading. */
  readonly size: Int32Array
  /** Elements of a whole piece. */
  readonly capacity: Int32Array

  constructor(
    program: Program,
    readonly dims: Dims,
    readonly reading: Reading = 'exact',
  ) {
    this.start = new Int32Array(program.spans.length)
    this.size = new Int32Array(program.spans.length)
    this.capacity = new Int32Array(program.spans.length)
    for (const span of program.spans) {
      const whole = span.parent ? this.capacity[span.parent.id]! : span.dim === '1' ? 1 : dims[span.dim]!
      this.capacity[span.id] = span.parent ? balanced(whole, sizeOf(span.size)) : whole
      this.size[span.id] = this.capacity[span.id]!
    }
  }

  /** How often a loop runs now, given the iterations of the loops around it. */
  trips({ over, span }: Loop): number {
    const whole = this.reading === 'exact' ? this.size[over.id]! : this.capacity[over.id]!
    return Math.ceil(whole / this.capacity[span.id]!)
  }

  /** Moves the span of a loop to an iteration. */
  enter({ over, span }: Loop, iteration: number): void {
    const offset = iteration * this.capacity[span.id]!
    this.start[span.id] = this.start[over.id]! + offset
    this.size[span.id] = Math.max(0, Math.min(this.capacity[span.id]!, this.size[over.id]! - offset))
  }

  /** Elements that an instruction touches on chip: only those that exist, or the whole piece. */
  onChip(span: Span<string>): number {
    return this.reading === 'exact' ? this.size[span.id]! : this.capacity[span.id]!
  }

  /** The size of one tile along an axis of a buffer. */
  tile(of: Span<string>, tile: Size | null): number {
    const whole = this.capacity[of.id]!
    return tile === null ? whole : balanced(whole, sizeOf(tile))
  }

  /** Tiles along an axis of a buffer. */
  tiles(of: Span<string>, tile: Size | null): number {
    return tile === null ? 1 : Math.ceil(this.capacity[of.id]! / this.tile(of, tile))
  }

  /** Elements per partition that a buffer takes, over all of its tiles (one copy of it). */
  elementsPerPartition(alloc: Alloc): number {
    return this.tiles(alloc.p, alloc.tile) * this.capacity[alloc.f.id]!
  }
}
