/**
 * Views: a rectangle of a tensor, rows × columns in HBM, partitions × free on chip. Its type names the memory and the
 * two dimensions, so that operands which disagree (U for V, a forgotten transpose, an accumulator in SBUF) do not compile.
 */
import type { Backing, Memory, SymbolicDtype } from './program.ts'
import type { Span } from './span.ts'
import type { Trace } from './trace.ts'

/** `in out`: otherwise TypeScript infers the union of two dimensions that disagree, and accepts both. */
// biome-ignore lint/suspicious/noExplicitAny: the untyped view is the upper bound of all views, in either variance
export class View<Mem extends Memory = any, in out P extends string = any, in out F extends string = any> {
  declare readonly memoryType: Mem

  constructor(
    readonly trace: Trace,
    readonly backing: Backing,
    readonly rows: Span<P>,
    readonly cols: Span<F>,
  ) {}

  get name(): string {
    return this.backing.name
  }
  get dtype(): SymbolicDtype {
    return this.backing.dtype
  }
  get memory(): Memory {
    return this.backing.memory
  }

  /** The part of this view that lies in these spans; both must be pieces of the view's own. */
  at(rows: Span<P>, cols: Span<F> = this.cols): View<Mem, P, F> {
    this.requirePiece('rows', rows, this.rows)
    this.requirePiece('columns', cols, this.cols)
    return new View(this.trace, this.backing, rows, cols)
  }

  private requirePiece(axis: string, piece: Span<string>, whole: Span<string>): void {
    this.trace.requireOpen(piece)
    if (piece.path(whole)) return
    this.trace.fail({
      what: `${this.name}.at(): ${piece.label} is not a piece of ${whole.label}, the ${axis} of this view`,
      fix: `cut it from ${whole.label}: ${whole.label}.tiles(…)`,
    })
  }

  /** `v[r_tile, n_block]` */
  toString(): string {
    return `${this.name}[${this.rows.label}, ${this.cols.label}]`
  }
}
