/**
 * Named constants of a kernel: how large a whole piece of each cut is (`K_TILE`), how many make up another
 * (`K_TILES_IN_BLOCK`), and what is rounded up. They depend on the shape and the schedule only, never on a loop.
 * A block size that the caller gives as a keyword is overwritten by the size that fits the shape.
 */
import { PARTITIONS, Param, type Program, type Size, type Span, sizeOf } from '../nki/index.ts'
import type { Helper } from './dialect.ts'

interface Constant {
  readonly name: string
  readonly formula: string
  /** Constants in the formula. */
  readonly after: readonly Constant[]
  /** The keyword argument in the formula. */
  readonly keyword: string | null
}

export class Sizes {
  readonly helpers = new Set<Helper>()
  private readonly constants = new Map<string, Constant>()
  private readonly keywords: ReadonlySet<string>

  constructor(
    private readonly program: Program,
    private readonly aligned: ReadonlySet<string>,
    /** The dimension that the cores of a launch share, if any. */
    private readonly shared: string | null,
  ) {
    this.keywords = new Set(program.params.map(textOf))
  }

  /** The size of a whole piece; of an uncut span, its dimension. */
  capacity(span: Span<string>): string {
    const { parent, size, dim } = span
    if (!parent) return this.root(dim)
    const name = this.nameOf(span)
    if (sizeOf(size) <= PARTITIONS) {
      // a parent is cut in multiples of this, or smaller than it altogether, so it need not be mentioned
      const sizes = tileSizes(span).map(textOf)
      return this.define(name, `min(${[this.root(dim), ...sizes].join(', ')})`, [], textOf(size))
    }
    this.helpers.add('balanced').add('ceil_div')
    const whole = this.capacity(parent)
    return this.define(name, `balanced(${whole}, ${textOf(size)})`, [whole], textOf(size))
  }

  /** The size of a tile along an axis of a buffer. */
  tile(of: Span<string>, tile: Size): string {
    return this.capacity(pieceOf(of, tile))
  }

  /** How many pieces make up a whole, by name: `R_TILES_IN_BLOCK`. */
  count(whole: Span<string>, piece: Span<string>): string {
    const [a, b] = [this.capacity(whole), this.capacity(piece)]
    const kind = /_(STRIP|BLOCK|CORE)/.exec(a)?.[1]
    const plural = /_(STRIP|BLOCK|TILE)/.test(b) ? b.replace(/_(STRIP|BLOCK|TILE)/, '_$1S') : `${b}_PIECES`
    return this.define(kind ? `${plural}_IN_${kind}` : plural, this.ratio(whole.dim, a, b), [a, b])
  }

  /** How often a piece fits, rounded up unless its dimension is promised to be whole. */
  ratio(dim: string, whole: string, piece: string): string {
    if (this.aligned.has(dim)) return `${whole} // ${piece}`
    this.helpers.add('ceil_div')
    return `ceil_div(${whole}, ${piece})`
  }

  define(
    name: string,
    formula: string,
    after: readonly string[] = [],
    keyword: string | null = null,
  ): string {
    const known = this.constants.get(formula)
    if (known) return known.name
    const all = [...this.constants.values()]
    let unique = name
    for (let i = 2; all.some((c) => c.name === unique); i++) unique = `${name}_${i}`
    this.constants.set(formula, {
      name: unique,
      formula,
      after: all.filter((c) => after.includes(c.name)),
      keyword,
    })
    return unique
  }

  /** `NAME = formula`, each after what it refers to; a keyword is overwritten after its last other reader. */
  assignments(): string[] {
    const all = [...this.constants.values()]
    const done = new Set<Constant>()
    const lines: string[] = []
    const visit = (c: Constant): void => {
      if (done.has(c)) return
      done.add(c)
      c.after.forEach(visit)
      if (this.keywords.has(c.name)) all.filter((other) => other.keyword === c.name).forEach(visit)
      lines.push(`${c.name} = ${c.formula}`)
    }
    all.forEach(visit)
    return lines
  }

  private root(dim: string): string {
    return dim === this.shared ? coreSize(dim) : dim
  }

  /** After the piece, or after the keyword that cuts nothing else. */
  private nameOf({ size, label, dim }: Span<string>): string {
    const [name, own] = [label.toUpperCase(), textOf(size)]
    if (name === own) return name
    if (size instanceof Param) {
      const cuts = new Set(this.program.spans.filter((span) => span.size === size).map((span) => span.label))
      if (cuts.size <= 1) return own
      return this.keywords.has(name) ? `${dim.toUpperCase()}_BY_${own}` : name
    }
    const others = this.program.spans.filter((span) => span.label === label && span.parent)
    const alone = others.every((span) => textOf(span.size) === own)
    return alone || (own === `${PARTITIONS}` && !this.keywords.has(name)) ? name : `${name}_${own}`
  }
}

/** The part of a dimension that the core at hand computes. */
export const coreSize = (dim: string): string => `${dim.toUpperCase()}_CORE`

const textOf = (size: Size): string => (size instanceof Param ? size.name.toUpperCase() : `${size}`)

/** Tile sizes of at most 128 on the way to a span: the smallest one counts. */
function tileSizes(span: Span<string>): Size[] {
  const sizes: Size[] = []
  for (let s: Span<string> | null = span; s?.parent; s = s.parent)
    if (sizeOf(s.size) <= PARTITIONS && !sizes.includes(s.size)) sizes.push(s.size)
  return sizes
}

/** One tile of an axis, which no loop has made. It is read for its size and never runs. */
export const pieceOf = (of: Span<string>, size: Size): Span<string> =>
  Object.assign(Object.create(Object.getPrototypeOf(of)), of, {
    parent: of,
    size,
    label: `${of.dim.toLowerCase()}_tile`,
    loop: null,
  }) as Span<string>
