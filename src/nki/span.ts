/**
 * Spans: what a loop yields. A span is a piece of a named dimension (all of M, one strip of it, one tile of that
 * strip). Its offset and size are never written out in a kernel, so a kernel has no index arithmetic and no masks,
 * and one trace stands for every shape. How large a span really is depends on the reading: see extents.ts.
 */
import type { Loop } from './program.ts'
import type { Trace } from './trace.ts'

/** A number of the schedule. It stays symbolic so that the emitted Python can take it as a keyword argument. */
export class Param {
  constructor(
    readonly trace: Trace,
    readonly name: string,
    readonly value: number,
  ) {}

  [Symbol.toPrimitive](): never {
    return this.trace.fail({
      what: `the schedule's ${this.name} is symbolic, and is used as a number or a text`,
      fix: 'give it to strips(), blocks() or tiles()',
    })
  }
}

export type Size = number | Param

export const sizeOf = (size: Size): number => (typeof size === 'number' ? size : size.value)
const show = (size: Size): string => (typeof size === 'number' ? `${size}` : `${size.name} (${size.value})`)

/** Most partitions of SBUF and PSUM, hence the unit in which dimensions are cut (`pmax` of nki.language.tile_size). */
export const PARTITIONS = 128

/** "Cut `of` into pieces of at most `size`": give it to a loop, or to an allocation as a tiled axis. */
export class Cut<D extends string> {
  constructor(
    readonly of: Span<D>,
    readonly size: Size,
    /** How a piece is called: `m_strip`, `k_block`, `k_tile`. */
    readonly label: string,
  ) {}
}

export class Span<D extends string> {
  /** Index into the arrays of `Extents`; every trace counts its spans from 0. */
  readonly id: number

  constructor(
    readonly trace: Trace,
    readonly dim: D,
    /** The largest value that the dimension may take (Infinity: any). */
    readonly limit: number,
    readonly parent: Span<D> | null = null,
    readonly size: Size = Number.POSITIVE_INFINITY,
    readonly label: string = dim,
    readonly loop: Loop | null = null,
  ) {
    this.id = trace.register(this)
  }

  /** Pieces of a dimension, named as in the literature: strips ⊃ blocks (loaded together) ⊃ tiles (one instruction). */
  strips(size: Size): Cut<D> {
    return this.cut(size, 'strip')
  }
  blocks(size: Size): Cut<D> {
    return this.cut(size, 'block')
  }
  tiles(size: Size): Cut<D> {
    return this.cut(size, 'tile')
  }

  private cut(size: Size, kind: 'strip' | 'block' | 'tile'): Cut<D> {
    if (typeof size !== 'number' && !(size instanceof Param))
      this.trace.fail({
        what: `${kind}s of ${this.label} by ${size}, neither a number nor an entry of the schedule`,
        fix: 'declare the entry in the schedule, under the name that is used here',
      })
    const n = sizeOf(size)
    const whole = Number.isInteger(n) && n > 0
    if (!whole || (n <= PARTITIONS ? PARTITIONS % n : n % PARTITIONS) !== 0)
      this.trace.fail({
        what: `${kind}s of ${this.label} by ${show(size)}, neither a multiple of ${PARTITIONS} nor a divisor of it`,
        fix: `give 32, 64, or a multiple of ${PARTITIONS}`,
      })
    return new Cut(this, size, `${this.dim.toLowerCase()}_${kind}`)
  }

  /** An upper bound of the size that holds for every shape. */
  get bound(): number {
    return this.parent ? Math.min(sizeOf(this.size), this.parent.bound) : this.limit
  }

  /** The spans from below `ancestor` down to this one; null when `ancestor` is not an ancestor. */
  path(ancestor: Span<string>): Span<D>[] | null {
    const path: Span<D>[] = []
    for (let span: Span<D> | null = this; span; span = span.parent) {
      if (span === (ancestor as unknown)) return path.reverse()
      path.push(span)
    }
    return null
  }

  /** Whether this span is a piece that moves with `loop`. */
  movesWith(loop: Loop): boolean {
    for (let span: Span<string> | null = this; span; span = span.parent) if (span.loop === loop) return true
    return false
  }

  [Symbol.toPrimitive](): never {
    return this.trace.fail({
      what: `${this.label} is a symbolic span, and is used as a number or a text`,
      detail: 'a kernel is traced once for all shapes',
      fix: 'pass it to at(), cut it with tiles(), and choose by shape outside of the kernel',
    })
  }
}

/** Equal pieces of at most `size`, in whole units of 128: 1500 by 1024 is 768 + 732, not 1024 + 476. */
export function balanced(whole: number, size: number): number {
  if (whole <= size) return whole
  if (size <= PARTITIONS) return size
  return Math.ceil(Math.ceil(whole / PARTITIONS) / Math.ceil(whole / size)) * PARTITIONS
}
