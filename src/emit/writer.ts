/**
 * The body of a kernel, as Python: loops stay loops, and names are the kernel's own. What differs between the dialects
 * (how sizes are read, how buffers are made and addressed) is left to current.ts and legacy.ts.
 */
import {
  type Alloc,
  isAlloc,
  KernelError,
  type LegacyArgs,
  type Loop,
  type Node,
  type Op,
  type Program,
  type Span,
  type SymbolicDtype,
  type View,
} from '../nki/index.ts'
import type { Dialect } from './dialect.ts'
import { paragraph, statement } from './format.ts'
import { Scope } from './scope.ts'
import { pieceOf, type Sizes } from './sizes.ts'
import type { Survey } from './survey.ts'

export interface Context {
  readonly program: Program
  readonly sizes: Sizes
  readonly survey: Survey
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
  /** `k_tile` and `k_tile_size` are only assigned where something reads them. */
  private readonly reads = new Set<string>()

  constructor(protected readonly context: Context) {
    const { program, shared } = context
    this.scope = new Scope([
      ...program.dims.map(({ dim }) => dim),
      ...[...program.inputs, program.output].map(({ name }) => name),
      ...(shared ? [coreStart(shared)] : []),
    ])
  }

  write(): string[] {
    this.block(this.context.program.body)
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
  /** Buffers that are made before a loop, because its iterations take them in turn. */
  protected hoisted(_loop: Loop): string[] {
    return []
  }

  protected put(text: string): void {
    this.lines.push(...statement(text, this.depth))
  }

  private block(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.comment) this.lines.push(...paragraph(node.comment, this.depth, '# '))
      if (node.kind === 'loop') this.loop(node)
      else if (node.kind === 'alloc')
        for (const text of this.allocation(node, this.scope.name(node, node.name))) this.put(text)
      else this.op(node)
    }
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
      const mode = this.context.survey.selecting.has(loop) ? 'static' : loop.mode
      this.put(`for i_${name} in nl.${OFFSET_MODES[mode]}(${this.trips(loop)}):`)
      this.lines.push(...head, ...body)
      this.reads.delete(name)
      this.reads.delete(`${name}_size`)
    })
  }

  private op(op: Op): void {
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
    throw new KernelError(this.context.program.name, op.site.toString(), {
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

  protected slice(span: Span<string>, from: Span<string> | null): string {
    const start = this.offset(span, from)
    return start ? `${start}:${start} + ${this.size(span)}` : `0:${this.size(span)}`
  }

  protected hbm(view: View): string {
    // the kernel's own buffers hold a core's share only, the caller's tensors all of them
    const [p, f] = isAlloc(view.backing) ? [view.backing.p, view.backing.f] : [null, null]
    return `${view.name}[${this.slice(view.rows, p)}, ${this.slice(view.cols, f)}]`
  }

  /** Which tile of an axis a piece lies in, counted from the start of the buffer. */
  protected tileIndex(piece: Span<string>, alloc: Alloc, axis: 'p' | 'f'): string {
    const { sizes } = this.context
    const [whole, size] = axis === 'p' ? [alloc.p, alloc.tile!] : [alloc.f, alloc.freeTile!]
    const tile = sizes.tile(whole, size)
    return piece
      .path(whole)!
      .map((span) => {
        const index = `i_${this.scope.of(span.loop!)}`
        return sizes.capacity(span) === tile ? index : `${index} * ${sizes.count(span, pieceOf(span, size))}`
      })
      .join(' + ')
  }

  /** A view of a buffer of several PSUM tiles: one of a list, and a rectangle of it. */
  protected ofList(view: View): string {
    const alloc = view.backing as Alloc
    const { sizes } = this.context
    const rows = alloc.tile === null ? null : this.tileIndex(view.rows, alloc, 'p')
    const cols = alloc.freeTile === null ? null : this.tileIndex(view.cols, alloc, 'f')
    const index =
      rows !== null && cols !== null
        ? `(${rows}) * ${sizes.count(alloc.f, pieceOf(alloc.f, alloc.freeTile!))} + ${cols}`
        : (rows ?? cols)
    const p = alloc.tile === null ? this.slice(view.rows, alloc.p) : `0:${this.size(view.rows)}`
    const f = alloc.freeTile === null ? this.slice(view.cols, alloc.f) : `0:${this.size(view.cols)}`
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

export const isList = ({ memory, tile, freeTile }: Alloc): boolean =>
  memory === 'psum' && (tile !== null || freeTile !== null)

const isInteger = (view: View): boolean => typeof view.dtype === 'string' && view.dtype.startsWith('int')
