/**
 * What a text must know of the whole program before it can print a buffer of it: how far whole pieces reach over its
 * edge, whether loads may leave part of it out, and which loops select one of several PSUM tiles.
 */
import { type Alloc, isAlloc, type Loop, type Program, type Span, walk } from '../nki/index.ts'
import { pieceOf, type Sizes } from './sizes.ts'

export class Survey {
  /** Where the pieces of an axis reach, rounded up: formulas over `Sizes`. */
  private readonly columns = new Map<Alloc, Set<string>>()
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
    private readonly program: Program,
    private readonly sizes: Sizes,
    private readonly aligned: ReadonlySet<string>,
  ) {
    for (const [node] of walk(program.body)) {
      if (node.kind !== 'op') continue
      for (const [role, view] of Object.entries(node.operands)) {
        if (!isAlloc(view.backing)) continue
        const alloc = view.backing
        this.visit(alloc, view.rows, view.cols)
        if (node.spec.accumulates && role === 'dst') this.accumulators.add(alloc)
        if (node.engine === 'dma' && role === 'dst' && alloc.memory === 'sbuf') this.loaded.add(alloc)
      }
    }
  }

  private visit(alloc: Alloc, rows: Span<string>, cols: Span<string>): void {
    const { p, tile, f, freeTile, memory } = alloc
    if (cols !== f && freeTile === null && !this.aligned.has(f.dim))
      add(this.columns, alloc, `${this.pieces(cols, f)} * ${this.sizes.capacity(cols)}`)
    if (tile !== null) add(this.tiles, alloc, this.pieces(rows, p))
    for (const span of [rows, cols]) if (span.parent) add(this.cutDims, alloc, span.dim)
    if (memory !== 'psum') return
    for (const [span, whole, size] of [
      [rows, p, tile],
      [cols, f, freeTile],
    ] as const)
      if (size !== null) for (const piece of span.path(whole)!) if (piece.loop) this.selecting.add(piece.loop)
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

  /** The free size of a buffer with room for whole pieces. */
  room(alloc: Alloc): string {
    const reaches = [...(this.columns.get(alloc) ?? [])]
    const whole = this.sizes.capacity(alloc.f)
    if (reaches.length === 0) return whole
    if (reaches.length === 1) return reaches[0]!
    return `max(${reaches.join(', ')})`
  }

  /** Tiles of a buffer with room for whole pieces. */
  tileCount(alloc: Alloc): string {
    const counts = [...(this.tiles.get(alloc) ?? [])]
    // rounding up at more levels never gives fewer
    const deepest = Math.max(...counts.map((c) => c.split(' * ').length))
    const most = counts.filter((c) => c.split(' * ').length === deepest)
    if (most.length === 0) return this.sizes.count(alloc.p, pieceOf(alloc.p, alloc.tile!))
    return most.length === 1 ? most[0]! : `max(${most.join(', ')})`
  }

  /** `K_RAGGED`: whether a cut of the dimension leaves a smaller last piece anywhere. */
  ragged(dim: string): string {
    const rests = new Set<string>()
    for (const span of this.program.spans)
      if (span.dim === dim && span.parent)
        rests.add(`${this.sizes.capacity(span.parent)} % ${this.sizes.capacity(span)}`)
    const terms = [...rests]
    return this.sizes.define(
      `${dim.toUpperCase()}_RAGGED`,
      `${terms.join(' + ')} > 0`,
      terms.flatMap((t) => t.split(' % ')),
    )
  }
}

function add(map: Map<Alloc, Set<string>>, alloc: Alloc, text: string): void {
  const known = map.get(alloc)
  if (known) known.add(text)
  else map.set(alloc, new Set([text]))
}
