/**
 * The legacy dialect (package `neuronxcc.nki`): the padded reading. Every piece is whole, and where a matrix ends within
 * one, loads and stores are masked; what a masked load leaves out must be zero, so such blocks start at zero.
 */
import {
  type Alloc,
  type LegacyArgs,
  type Loop,
  type Op,
  PARTITIONS,
  type Span,
  sizeOf,
  type View,
} from '../nki/index.ts'
import { pieceOf } from './sizes.ts'
import { dtypeText, isList, Writer } from './writer.ts'

export class LegacyWriter extends Writer {
  protected readonly dialect = 'legacy'

  protected size(span: Span<string>): string {
    return this.context.sizes.capacity(span)
  }

  protected trips({ over, span }: Loop): string {
    const { sizes } = this.context
    return over.parent
      ? sizes.count(over, span)
      : sizes.ratio(span.dim, sizes.capacity(over), sizes.capacity(span))
  }

  protected allocation(alloc: Alloc, name: string): string[] {
    const { sizes, survey } = this.context
    const { p, f, tile, freeTile, memory } = alloc
    const dtype = dtypeText(alloc.dtype)
    if (memory === 'hbm')
      return [`${name} = nl.ndarray((${p.dim}, ${f.dim}), dtype=${dtype}, buffer=nl.private_hbm)`]
    const make = (how: string, shape: readonly string[]): string =>
      `${how}((${[`nl.par_dim(${shape[0]})`, ...shape.slice(1)].join(', ')}), dtype=${dtype}, buffer=nl.${memory})`
    const rows = tile === null ? sizes.capacity(p) : sizes.tile(p, tile)
    if (memory === 'psum') {
      const how = survey.accumulators.has(alloc) ? 'nl.zeros' : 'nl.ndarray'
      const one = make(how, [rows, freeTile === null ? sizes.capacity(f) : sizes.tile(f, freeTile)])
      return [`${name} = ${isList(alloc) ? `[${one} for _ in range(${this.listLength(alloc)})]` : one}`]
    }
    const shape = [rows, ...(tile === null ? [] : [survey.tileCount(alloc)]), survey.room(alloc)]
    const ragged = this.ragged(alloc)
    // what is rounded up may be read whole before all of it was computed
    const rounded =
      survey.room(alloc) !== sizes.capacity(f) ||
      (tile !== null && survey.tileCount(alloc) !== sizes.count(p, pieceOf(p, tile)))
    const computed = !survey.loaded.has(alloc)
    if (alloc.zero || computed || ragged.length === 0)
      return [`${name} = ${make(alloc.zero || (computed && rounded) ? 'nl.zeros' : 'nl.ndarray', shape)}`]
    sizes.helpers.add('block')
    const [first, ...rest] = shape
    return [`${name} = block((nl.par_dim(${first}), ${rest.join(', ')}), ${dtype}, ${ragged.join(' or ')})`]
  }

  /** Flags of the dimensions whose edge may leave part of a loaded block untouched. */
  private ragged(alloc: Alloc): string[] {
    const { survey, aligned } = this.context
    return [...(survey.cutDims.get(alloc) ?? [])]
      .filter((dim) => !aligned.has(dim))
      .map((dim) => survey.ragged(dim))
  }

  protected onChip(view: View): string {
    const alloc = view.backing as Alloc
    if (isList(alloc)) return this.ofList(view)
    const name = this.scope.of(alloc)
    const cols = this.slice(view.cols, alloc.f)
    if (alloc.tile !== null)
      return `${name}[0:${this.size(view.rows)}, ${this.tileIndex(view.rows, alloc, 'p')}, ${cols}]`
    const { survey, sizes } = this.context
    const whole = view.rows === alloc.p && view.cols === alloc.f
    if (whole && (alloc.memory === 'psum' || survey.room(alloc) === sizes.capacity(alloc.f)))
      return `${name}[...]`
    return `${name}[${this.slice(view.rows, alloc.p)}, ${cols}]`
  }

  protected arguments(op: Op): { before: string[]; args: LegacyArgs } {
    const { dst, src } = op.operands
    const args: Record<string, string> = { ...this.attributes(op) }
    const before: string[] = []
    let mask = ''
    if (op.engine === 'dma') {
      args.direction = this.direction(op)
      const outside = args.direction === 'store' ? dst! : src!
      const masked = this.masked(outside)
      if (masked.terms.length > 0) {
        before.push(masked.grid)
        mask = `, mask=${masked.terms.join(' & ')}`
      }
      for (const [role, view] of Object.entries(op.operands))
        args[role] = view === outside && mask ? masked.text : this.text(view)
    } else {
      for (const [role, view] of Object.entries(op.operands)) args[role] = this.text(view)
      if (op.spec.name === 'iota') args.positions = this.positions(dst!, args, before)
    }
    args.shape = `(${this.size(dst!.rows)}, ${this.size(dst!.cols)})`
    return { before, args: { ...args, mask, dtype: dtypeText(dst!.dtype) } }
  }

  /** A load or a store; the legacy dialect moves between HBM and SBUF only. */
  private direction(op: Op): 'load' | 'store' {
    const isHbm = (view: View): boolean => view.memory === 'hbm'
    const { dst, src } = op.operands
    if (isHbm(dst!) === isHbm(src!))
      this.refuse(op, `has no load or store within ${src!.memory}`, 'move it through the other memory')
    return isHbm(dst!) ? 'store' : 'load'
  }

  /** `i_k, i_m = nl.mgrid[…]`, the subscript that it gives, and the conditions under which an element exists. */
  private masked(view: View): { grid: string; text: string; terms: string[] } {
    const axes = [view.rows, view.cols].map((span) => ({ span, index: `i_${span.dim.toLowerCase()}` }))
    const terms = axes.flatMap(({ span, index }) => this.conditions(span, index))
    if (terms.length === 0) return { grid: '', text: '', terms }
    const grid = `${axes.map((a) => a.index).join(', ')} = nl.mgrid[${axes.map((a) => `0:${this.size(a.span)}`).join(', ')}]`
    return {
      grid,
      text: `${view.name}[${axes.map((a) => this.at(a.span, null, a.index)).join(', ')}]`,
      terms,
    }
  }

  private conditions(span: Span<string>, index: string): string[] {
    if (!span.parent || this.context.aligned.has(span.dim)) return []
    const terms = [`(${this.at(span, null, index)} < ${span.dim})`]
    // whole pieces of more than 128 may reach over the end of the piece that they are cut from
    for (let s = span; s.parent?.parent; s = s.parent)
      if (sizeOf(s.size) > PARTITIONS)
        terms.push(`(${this.at(span, s.parent, index)} < ${this.size(s.parent)})`)
    return terms
  }

  private at(span: Span<string>, from: Span<string> | null, index: string): string {
    const offset = this.offset(span, from)
    return offset ? `${offset} + ${index}` : index
  }

  private positions(dst: View, args: Record<string, string>, before: string[]): string {
    before.push(`i_p, i_f = nl.mgrid[0:${this.size(dst.rows)}, 0:${this.size(dst.cols)}]`)
    const rows = `${args.channelMultiplier} * (${this.at(dst.rows, null, 'i_p')})`
    return `${args.offset} + ${rows} + ${args.step} * (${this.at(dst.cols, null, 'i_f')})`
  }
}
