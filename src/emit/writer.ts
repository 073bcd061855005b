/**
 * The body of a kernel, as Python: loops stay loops, and names are the kernel's own. What differs between the dialects
 * (how sizes are read, how buffers are made and addressed) is left to current.ts and legacy.ts.
 */
import {
  type Alloc,
  type Backing,
  isAlloc,
  KernelError,
  type LegacyArgs,
  type Loop,
  type Node,
  type Op,
  type Span,
  type SymbolicDtype,
  sizeOf,
  type View,
} from '../nki/index.ts'
import { ABSENT, type Dialect } from './dialect.ts'
import { callOf, paragraph, statement } from './format.ts'
import type { Argument, Routines } from './functions.ts'
import type { Outlined, Plan } from './plan.ts'
import { Scope } from './scope.ts'
import { pieceOf, type Sizes } from './sizes.ts'
import type { Sums } from './sums.ts'
import type { Survey } from './survey.ts'

/** An operand of a function: a part of something larger, from given places on. */
export interface Formal {
  readonly name: string
  /** HBM: the first row; on chip: the first tile. Empty at the very start. */
  readonly rows: string
  readonly cols: string
}

/** It begins here, or earlier (the argument `accumulate` tells), or nobody knows where. */
export type GivenSum = 'begins' | 'continues' | 'unknown'

/** What is written: the body of a kernel, or of a function that it calls. */
export interface Context {
  readonly name: string
  readonly body: readonly Node[]
  readonly plan: Plan
  readonly sizes: Sizes
  readonly survey: Survey
  readonly sums: Sums
  /** What a function knows of a sum in a tile that it was given. */
  readonly given: GivenSum
  /** Names that are taken. */
  readonly reserved: readonly string[]
  /** Operands that the caller gives, in a function. */
  readonly formals: ReadonlyMap<Backing, Formal>
  /** The functions that may be called, in a kernel. */
  readonly routines: Routines | null
  /** Dimensions that are promised to be whole multiples of their pieces. */
  readonly aligned: ReadonlySet<string>
  /** The dimension that the cores of a launch share. */
  readonly shared: string | null
}

export const dtypeText = (dtype: SymbolicDtype): string =>
  typeof dtype === 'string' ? `nl.${dtype}` : `${dtype.like}.dtype`

/** Where the share of the core at hand starts. */
export const coreStart = (dim: string): string => `${dim.toLowerCase()}_core`

const OFFSET_MODES = {
  affine: 'affine_range',
  sequential: 'sequential_range',
  static: 'static_range',
} as const

export abstract class Writer {
  protected readonly scope: Scope
  private lines: string[] = []
  private depth = 1
  /** The instruction that is being written. */
  protected current: Op | null = null
  /** `k_tile` and `k_tile_size` are only assigned where something reads them. */
  private readonly reads = new Set<string>()

  constructor(protected readonly context: Context) {
    this.scope = new Scope(context.reserved)
    for (const [backing, { name }] of context.formals) this.scope.name(backing, name)
  }

  write(): string[] {
    this.block(this.context.body)
    return this.lines
  }

  protected abstract readonly dialect: Dialect
  /** Elements of a piece that an instruction takes. */
  protected abstract size(span: Span<string>): string
  protected abstract trips(loop: Loop): string
  protected abstract allocation(alloc: Alloc, name: string): string[]
  protected abstract onChip(view: View): string
  /** Python that must stand before an op, and its arguments. */
  protected abstract arguments(op: Op): { before: string[]; args: LegacyArgs }
  /** Whether iterations must follow each other, whatever the kernel says of the loop. */
  protected runsInOrder(_loop: Loop): boolean {
    return false
  }
  /** Buffers that are made before a loop, because its iterations take them in turn. */
  protected hoisted(_loop: Loop): string[] {
    return []
  }

  protected put(text: string): void {
    this.lines.push(...statement(text, this.depth))
  }

  private block(nodes: readonly Node[]): void {
    const { outlined, covered } = this.context.plan
    for (const [i, node] of nodes.entries()) {
      if (covered.has(node) && !outlined.has(node)) continue
      // a new step of the kernel
      const previous = nodes[i - 1]
      if (this.depth <= 2 && previous?.kind === 'loop' && !covered.has(previous)) this.lines.push('')
      if (node.comment) this.lines.push(...paragraph(node.comment, this.depth, '# '))
      const call = outlined.get(node)
      if (call) this.call(call)
      else if (node.kind === 'loop') this.loop(node)
      else if (node.kind === 'alloc') this.allocate(node)
      else this.op(node)
    }
  }

  private allocate(alloc: Alloc): void {
    // the buffer that a function was given
    if (this.context.formals.has(alloc)) return
    for (const text of this.allocation(alloc, this.scope.name(alloc, alloc.name))) this.put(text)
  }

  /** A call of a function: what it works on, where in it, and how large that is. */
  private call(outlined: Outlined): void {
    const { result } = outlined.call
    if (result) this.allocate(result)
    const { name, parameters } = this.context.routines!.functionFor(outlined)
    const args = parameters.flatMap(({ usual, value }) => (usual === null ? [this.argument(value)] : []))
    const keywords = parameters.flatMap(({ usual, name, value }) => {
      const text = usual === null ? null : this.argument(value)
      return text === usual ? [] : [`${name}=${text}`]
    })
    this.lines.push(...callOf(name, [...args, ...keywords], this.depth))
  }

  private argument(value: Argument): string {
    if ('view' in value) return this.nameOf(value.view.backing)
    if ('buffer' in value) return this.nameOf(value.buffer)
    if ('size' in value) return this.size(value.size)
    if ('piece' in value) return this.context.sizes.capacity(value.piece)
    if ('after' in value) return this.isLater(value.after)
    const { rows, cols, backing } = value.startOf
    const onChip = isAlloc(backing) && backing.memory !== 'hbm'
    if (value.axis === 'p' && onChip && backing.tile !== null) return this.locate(rows, backing, 'p').tile
    const [span, whole] = value.axis === 'p' ? [rows, 'p' as const] : [cols, 'f' as const]
    return this.offset(span, isAlloc(backing) ? backing[whole] : null) || '0'
  }

  /** Whether it is not the first time. */
  protected isLater(loops: readonly Loop[]): string {
    return loops.map((loop) => `i_${this.scope.of(loop)} > 0`).join(' or ') || 'False'
  }

  protected nameOf(backing: Backing): string {
    return isAlloc(backing) ? this.scope.of(backing) : backing.name
  }

  private loop(loop: Loop): void {
    const before = this.hoisted(loop)
    for (const text of before) this.put(text)
    this.scope.within(() => {
      const name = this.scope.name(loop, loop.span.label)
      const outer = this.lines
      this.lines = []
      this.depth++
      this.block(loop.body)
      const body = this.lines
      this.lines = []
      const { sizes } = this.context
      const piece = sizes.capacity(loop.span)
      const sized = this.reads.has(`${name}_size`)
      if (sized || this.reads.has(name)) this.put(`${name} = i_${name} * ${piece}`)
      if (sized) this.put(`${name}_size = min(${piece}, ${this.size(loop.over)} - ${name})`)
      const head = this.lines
      this.lines = outer
      this.depth--
      const mode = this.context.survey.selecting.has(loop)
        ? 'static'
        : before.length > 0 || this.runsInOrder(loop)
          ? 'sequential' // its iterations take buffers in turn, or add up
          : loop.mode
      this.put(`for i_${name} in nl.${OFFSET_MODES[mode]}(${this.trips(loop)}):`)
      this.lines.push(...head, ...body)
      this.reads.delete(name)
      this.reads.delete(`${name}_size`)
    })
  }

  private op(op: Op): void {
    this.current = op
    for (const word of Object.values(op.attributes)) {
      const fix = ABSENT[this.dialect][word]
      if (fix) this.refuse(op, `has no ${word}`, fix)
    }
    const { before, args } = this.arguments(op)
    for (const text of before) this.put(text)
    this.put(this.withEngine(op, op.spec.python[this.dialect](args)))
  }

  private withEngine(op: Op, text: string): string {
    if (op.engine === op.spec.engines[0]) return text
    if (!/nisa\.\w+\(.*\)$/.test(text))
      this.refuse(op, `cannot name the ${op.engine} engine`, 'leave the choice of the engine out')
    const engine = this.dialect === 'legacy' ? `${op.engine}_engine` : `engine.${op.engine}`
    return `${text.slice(0, -1)}, engine=nisa.${engine})`
  }

  /** What the dialect has no words for. */
  protected refuse(op: Op, what: string, fix: string): never {
    throw new KernelError(this.context.name, op.site.toString(), {
      what: `${op.spec.name}: the ${this.dialect} dialect ${what}`,
      detail: Object.entries(op.operands)
        .map(([role, view]) => `${role} = ${view}`)
        .join(', '),
      fix,
    })
  }

  /** The value of attributes, as Python. */
  protected attributes(op: Op): Record<string, string> {
    return Object.fromEntries(
      Object.entries(op.attributes).map(([name, value]) => [
        name,
        name === 'value' && Number.isInteger(value) && !isInteger(op.operands.dst!)
          ? `${value}.0`
          : `${value}`,
      ]),
    )
  }

  /** Offset from the start of an enclosing span, or of the dimension. */
  protected offset(span: Span<string>, from: Span<string> | null): string {
    const terms: string[] = []
    for (let s: Span<string> | null = span; s && s !== from; s = s.parent) {
      if (s.loop) {
        const name = this.scope.of(s.loop)
        this.reads.add(name)
        terms.unshift(name)
      } else if (!from && s.dim === this.context.shared) terms.unshift(coreStart(s.dim))
    }
    return terms.join(' + ')
  }

  protected sizeName(loop: Loop): string {
    const name = `${this.scope.of(loop)}_size`
    this.reads.add(name)
    return name
  }

  /** `start` is where the span `from` itself lies, in a function. */
  protected slice(span: Span<string>, from: Span<string> | null, start = ''): string {
    return range(sum(start, this.offset(span, from)), this.size(span))
  }

  protected hbm(view: View): string {
    // the kernel's own buffers hold a core's share only, the caller's tensors all of them
    const [p, f] = isAlloc(view.backing) ? [view.backing.p, view.backing.f] : [null, null]
    const { rows, cols } = this.startsOf(view)
    return `${this.nameOf(view.backing)}[${this.slice(view.rows, p, rows)}, ${this.slice(view.cols, f, cols)}]`
  }

  protected startsOf({ backing }: View): { readonly rows: string; readonly cols: string } {
    return this.context.formals.get(backing) ?? { rows: '', cols: '' }
  }

  /** Which tile of an axis a piece lies in, counted from the start of the buffer, and where in it the piece begins. */
  protected locate(piece: Span<string>, alloc: Alloc, axis: 'p' | 'f'): { tile: string; start: string } {
    const { sizes, formals } = this.context
    const [whole, size] = axis === 'p' ? [alloc.p, alloc.tile!] : [alloc.f, alloc.freeTile!]
    const one = sizeOf(size)
    let index = formals.get(alloc)?.rows ?? ''
    let from: Span<string> = whole
    for (const span of piece.path(whole)!) {
      if (sizeOf(span.size) < one || (from !== whole && sizeOf(from.size) === one)) break
      const i = `i_${this.scope.of(span.loop!)}`
      index = sum(index, sizeOf(span.size) === one ? i : `${i} * ${sizes.count(span, pieceOf(span, size))}`)
      from = span
    }
    const start = this.offset(piece, from)
    if (!start || from.bound <= one) return { tile: index || '0', start }
    const tile = sizes.tile(whole, size)
    const offset = this.partOfTile(start.includes(' ') ? `(${start})` : start)
    return { tile: sum(index, `${offset} // ${tile}`), start: `${offset} % ${tile}` }
  }

  /** An offset of which a tile is a part: its number and its remainder are taken. */
  protected partOfTile(offset: string): string {
    return offset
  }

  /** `rows, tile, columns` of a view of a buffer of several tiles. */
  protected inTiles(view: View, cols: string): string {
    const { tile, start } = this.locate(view.rows, view.backing as Alloc, 'p')
    return `${range(start, this.size(view.rows))}, ${tile}, ${cols}`
  }

  /** A view of a buffer of several PSUM tiles: one of a list, and a rectangle of it. */
  protected ofList(view: View): string {
    const alloc = view.backing as Alloc
    const { sizes } = this.context
    const rows = alloc.tile === null ? null : this.locate(view.rows, alloc, 'p')
    const cols = alloc.freeTile === null ? null : this.locate(view.cols, alloc, 'f')
    const index =
      rows && cols
        ? `(${rows.tile}) * ${sizes.count(alloc.f, pieceOf(alloc.f, alloc.freeTile!))} + ${cols.tile}`
        : (rows ?? cols)!.tile
    const p = rows ? range(rows.start, this.size(view.rows)) : this.slice(view.rows, alloc.p)
    const f = cols ? range(cols.start, this.size(view.cols)) : this.slice(view.cols, alloc.f)
    return `${this.scope.of(alloc)}[${index}][${p}, ${f}]`
  }

  /** How many tiles such a list has. */
  protected listLength(alloc: Alloc): string {
    const { sizes, survey } = this.context
    return [
      ...(alloc.tile === null ? [] : [survey.tileCount(alloc)]),
      ...(alloc.freeTile === null ? [] : [sizes.count(alloc.f, pieceOf(alloc.f, alloc.freeTile))]),
    ].join(' * ')
  }

  protected text(view: View): string {
    return isAlloc(view.backing) && view.backing.memory !== 'hbm' ? this.onChip(view) : this.hbm(view)
  }
}

const range = (start: string, size: string): string => (start ? `${start}:${start} + ${size}` : `0:${size}`)

/** Two terms, either of which may be missing. */
export const sum = (a: string, b: string): string => [a, b].filter(Boolean).join(' + ')

export const isList = ({ memory, tile, freeTile }: Alloc): boolean =>
  memory === 'psum' && (tile !== null || freeTile !== null)

const isInteger = (view: View): boolean => typeof view.dtype === 'string' && view.dtype.startsWith('int')
