/**
 * What a text must know of the whole program before it can print a buffer of it: how far whole pieces reach over its
 * edge, whether loads may leave part of it out, and which loops select one of several PSUM tiles.
 */
import { type Alloc, isAlloc, type Loop, type Span } from '../nki/index.ts'
import type { Plan, Use } from './plan.ts'
import { pieceOf, type Sizes } from './sizes.ts'

export class Survey {
  /** Where the pieces of an axis reach, rounded up: formulas over `Sizes`. */
  private readonly columns = new Map<Span<string>, Set<string>>()
  private readonly tiles = new Map<Alloc, Set<string>>()
  /** Buffers that loads write. */
  readonly loaded = new Set<Alloc>()
  /** PSUM buffers that matmuls add up in. */
  readonly accumulators = new Set<Alloc>()
  /** Dimensions that are cut, by buffer. */
  readonly cutDims = new Map<Alloc, Set<string>>()
  /** Loops whose counter selects a PSUM tile. */
  readonly selecting = new Set<Loop>()

  constructor(
    private readonly plan: Plan,
    private readonly sizes: Sizes,
    private readonly aligned: ReadonlySet<string>,
  ) {
    for (const use of plan.uses) this.visit(use)
  }

  private visit({ op, role, backing, rows, cols }: Use): void {
    if (!backing || !isAlloc(backing)) return
    if (op.spec.accumulates && role === 'dst') this.accumulators.add(backing)
    if (op.engine === 'dma' && role === 'dst' && backing.memory === 'sbuf') this.loaded.add(backing)
    const { p, tile, f, freeTile, memory } = backing
    if (cols !== f && freeTile === null && !this.aligned.has(f.dim)) add(this.columns, f, this.reach(cols, f))
    if (tile !== null) add(this.tiles, backing, this.pieces(rows, p))
    for (const span of [rows, cols]) if (span.parent) add(this.cutDims, backing, span.dim)
    if (memory !== 'psum') return
    for (const [span, whole, size] of [
      [rows, p, tile],
      [cols, f, freeTile],
    ] as const)
      if (size !== null) for (const piece of span.path(whole)!) if (piece.loop) this.selecting.add(piece.loop)
  }

  /** Where whole pieces end, rounded up at every level of the cut. */
  private reach(piece: Span<string>, whole: Span<string>): string {
    const path = piece.path(whole)!
    const inner = path.at(-2) ?? whole
    this.sizes.helpers.add('padded').add('ceil_div')
    const room = `padded(${this.sizes.capacity(inner)}, ${this.sizes.capacity(piece)})`
    return inner === whole ? room : `${this.pieces(inner, whole)} * ${room}`
  }

  /** Pieces in a whole, rounded up at every level of the cut. */
  private pieces(piece: Span<string>, whole: Span<string>): string {
    let up = whole
    return piece
      .path(whole)!
      .map((span) => {
        const count = this.sizes.count(up, span)
        up = span
        return count
      })
      .join(' * ')
  }

  /** The free size of a buffer with room for whole pieces: the same for all buffers over a span. */
  room({ f }: Alloc): string {
    const whole = this.sizes.capacity(f)
    const reaches = [...(this.columns.get(f) ?? [])]
    if (reaches.length === 0) return whole
    const formula = reaches.length === 1 ? reaches[0]! : `max(${reaches.join(', ')})`
    return this.sizes.define(`${whole.toUpperCase()}_PADDED`, formula, names(reaches), { dim: f.dim })
  }

  /** Tiles of a buffer with room for whole pieces. */
  tileCount(alloc: Alloc): string {
    const counts = [...(this.tiles.get(alloc) ?? [])]
    // rounding up at more levels never gives fewer
    const deepest = Math.max(...counts.map((c) => c.split(' * ').length))
    const most = counts.filter((c) => c.split(' * ').length === deepest)
    const exact = this.sizes.count(alloc.p, pieceOf(alloc.p, alloc.tile!))
    if (most.length === 0 || (most.length === 1 && deepest === 1)) return most[0] ?? exact
    const formula = most.length === 1 ? most[0]! : `max(${most.join(', ')})`
    return this.sizes.define(`${exact}_PADDED`, formula, names(most), { dim: alloc.p.dim })
  }

  /** `RAGGED`: whether a cut leaves a smaller last piece anywhere. */
  ragged(): string {
    const terms = this.rests((dim) => !this.aligned.has(dim))
    const formula = terms.length === 1 ? `${terms[0]} > 0` : `any((${terms.join(', ')}))`
    return this.sizes.define('RAGGED', formula, names(terms))
  }

  /** What is left when dimensions are cut: `K % K_BLOCK` and the like. */
  rests(of: (dim: string) => boolean): string[] {
    const rests = new Map<string, { whole: string; piece: string }>()
    for (const span of this.plan.spans) {
      if (!span.parent || !of(span.dim)) continue
      const [whole, piece] = [this.sizes.capacity(span.parent), this.sizes.capacity(span)]
      if (whole !== piece) rests.set(`${whole} % ${piece}`, { whole, piece })
    }
    // what divides the steps of a cut divides all of it
    const inSteps = ({ whole, piece }: { whole: string; piece: string }): boolean =>
      [...rests.values()].some((first) => first.whole === whole && rests.has(`${first.piece} % ${piece}`))
    return [...rests].flatMap(([term, rest]) => (inSteps(rest) ? [] : [term]))
  }
}

/** The constants in formulas. */
const names = (formulas: readonly string[]): string[] => formulas.flatMap((text) => text.match(/\w+/g) ?? [])

function add<K>(map: Map<K, Set<string>>, key: K, text: string): void {
  const known = map.get(key)
  if (known) known.add(text)
  else map.set(key, new Set([text]))
}
