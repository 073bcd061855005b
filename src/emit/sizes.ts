/**
 * Named constants of a kernel: how large a whole piece of each cut is (`K_BLOCK`), how many tiles make up another
 * (`K_TILES_IN_BLOCK`), and what is rounded up. They depend on the shape and the schedule only, never on a loop.
 * A block size that the caller gives as a keyword is overwritten by the size that fits the shape.
 */
import { PARTITIONS, Param, type Size, type Span, sizeOf } from '../nki/index.ts'
import type { Helper } from './dialect.ts'

interface Constant {
  readonly name: string
  readonly formula: string
  /** Constants in the formula. */
  readonly after: readonly Constant[]
  /** The keyword argument in the formula. */
  readonly keyword: string | null
  /** The dimension that it is about. */
  readonly dim: string | null
}

export interface SizesOptions {
  readonly params: readonly Param[]
  /** Dimensions in the order in which they are spoken of. */
  readonly dims: readonly string[]
  /** All spans that are cut, so that sizes which differ have names which differ. */
  readonly spans: Iterable<Span<string>>
  readonly aligned: ReadonlySet<string>
  /** Pieces have their own size, so tiles are of 128 however small the matrix is. */
  readonly exact: boolean
  /** The dimension that the cores of a launch share, if any. */
  readonly shared?: string | null
  /** The output and the dimension of its columns: blocks of them are named after it. */
  readonly output?: { readonly name: string; readonly f: string }
}

export class Sizes {
  readonly helpers = new Set<Helper>()
  private readonly constants = new Map<string, Constant>()
  private readonly keywords: ReadonlySet<string>
  private readonly cuts: readonly Span<string>[]

  constructor(protected readonly options: SizesOptions) {
    this.keywords = new Set(options.params.map(textOf))
    this.cuts = [...options.spans].filter((span) => span.parent)
  }

  /** The size of a whole piece; of an uncut span, its dimension. */
  capacity(span: Span<string>): string {
    const { parent, size, dim } = span
    if (!parent) return this.whole(dim)
    if (sizeOf(size) > PARTITIONS) return this.large(span)
    // a parent is cut in multiples of this, or smaller than it altogether, so it need not be mentioned
    const sizes = tileSizes(span)
    if (this.options.exact && !this.options.aligned.has(dim) && sizes.every((n) => n === PARTITIONS)) {
      this.helpers.add('PMAX')
      return 'PMAX'
    }
    const terms = [this.whole(dim), ...sizes.map(textOf)]
    return this.define(this.nameOf(span), `min(${terms.join(', ')})`, [], { keyword: textOf(size), dim })
  }

  /** A piece of more than 128. */
  protected large(span: Span<string>): string {
    const whole = this.capacity(span.parent!)
    const size = textOf(span.size)
    this.helpers.add('balanced').add('ceil_div')
    const about = { keyword: size, dim: span.dim }
    return this.define(this.nameOf(span), `balanced(${whole}, ${size})`, [whole], about)
  }

  /** The size of a tile along an axis of a buffer. */
  tile(of: Span<string>, tile: Size): string {
    return this.capacity(pieceOf(of, tile))
  }

  /** How many pieces make up a whole, by name: `R_TILES_IN_BLOCK`. */
  count(whole: Span<string>, piece: Span<string>): string {
    const [a, b] = [this.capacity(whole), this.capacity(piece)]
    const kind = /^([A-Z]+)_(STRIP|BLOCK|CORE)$/.exec(a)
    const plural = `${this.nameOf(piece)}S`
    const within = !whole.parent && !kind ? '' : `_IN_${kind?.[1] === whole.dim.toUpperCase() ? kind[2] : a}`
    return this.define(`${plural}${within}`, this.ratio(whole.dim, a, b), [a, b], { dim: whole.dim })
  }

  /** How often a piece fits, rounded up unless its dimension is promised to be whole. */
  ratio(dim: string, whole: string, piece: string): string {
    if (this.options.aligned.has(dim)) return `${whole} // ${piece}`
    this.helpers.add('ceil_div')
    return `ceil_div(${whole}, ${piece})`
  }

  define(
    name: string,
    formula: string,
    after: readonly string[],
    { keyword = null, dim = null }: Partial<Pick<Constant, 'keyword' | 'dim'>> = {},
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
      dim,
    })
    return unique
  }

  /** `NAME = formula` for what the text uses, by dimension, each after what it refers to; keywords are overwritten last. */
  assignments(text: string): string[] {
    const { dims } = this.options
    const place = ({ dim }: Constant): number => (dim === null ? dims.length : dims.indexOf(dim))
    const all = [...this.constants.values()].sort((a, b) => place(a) - place(b))
    const used = new Set<Constant>()
    const use = (c: Constant): void => {
      if (used.has(c)) return
      used.add(c)
      c.after.forEach(use)
    }
    for (const c of all) if (mentions(text, c.name)) use(c)
    const done = new Set<Constant>()
    const lines: string[] = []
    const visit = (c: Constant): void => {
      if (done.has(c) || !used.has(c)) return
      done.add(c)
      c.after.forEach(visit)
      if (this.keywords.has(c.name)) all.filter((other) => other.keyword === c.name).forEach(visit)
      lines.push(`${c.name} = ${c.formula}`)
    }
    all.forEach(visit)
    return lines
  }

  protected whole(dim: string): string {
    return dim === this.options.shared ? coreSize(dim) : dim
  }

  /** After the piece, or after the keyword that cuts nothing else. */
  protected nameOf({ size, label, dim }: Span<string>): string {
    const [name, own] = [label.toUpperCase(), textOf(size)]
    const { output } = this.options
    if (!(size instanceof Param)) {
      const kind = sizeOf(size) === PARTITIONS ? 'P' : 'F'
      const others = this.cuts.filter((span) => span.label === label && sizeOf(span.size) !== sizeOf(size))
      // P and F as in NKI's documentation: tiles of partitions, which are meant by a tile unless the schedule says
      // otherwise, and of the free axis
      const clear = !this.keywords.has(name) && (kind === 'P' || others.length === 0)
      return clear ? name : name.replace('_', `_${kind}_`)
    }
    if (name === own) return name
    const dims = new Set(this.cuts.filter((span) => span.size === size).map((span) => span.dim))
    if (dims.size <= 1) return own
    if (output?.f === dim) return name.replace(dim.toUpperCase(), output.name.toUpperCase())
    const alone = this.cuts.every((span) => span.label !== label || span.size === size)
    return alone && !this.keywords.has(name) ? name : `${dim.toUpperCase()}_BY_${own}`
  }
}

/** The part of a dimension that the core at hand computes. */
export const coreSize = (dim: string): string => `${dim.toUpperCase()}_CORE`

export const textOf = (size: Size): string => (size instanceof Param ? size.name.toUpperCase() : `${size}`)

/** Whether a name stands in a text. */
export const mentions = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text)

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
