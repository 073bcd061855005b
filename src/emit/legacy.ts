/**
 * The legacy dialect (package `neuronxcc.nki`): the padded reading. Every piece is whole, and where a matrix ends within
 * one, loads and stores are masked; what a masked load leaves out must be zero, so such blocks start at zero.
 */
import {
  type Alloc,
  isAlloc,
  type LegacyArgs,
  type Loop,
  type Op,
  PARTITIONS,
  type Span,
  sizeOf,
  type View,
} from '../nki/index.ts'
import { pieceOf } from './sizes.ts'
import { dtypeText, isList, sum, Writer } from './writer.ts'

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
    const { sizes, survey, plan } = this.context
    const { p, f, tile, freeTile, memory, zero } = alloc
    const dtype = dtypeText(alloc.dtype)
    if (memory === 'hbm')
      return [`${name} = nl.ndarray((${p.dim}, ${f.dim}), dtype=${dtype}, buffer=nl.private_hbm)`]
    const make = (how: string, shape: readonly string[]): string =>
      `${how}((${[`nl.par_dim(${shape[0]})`, ...shape.slice(1)].join(', ')}), dtype=${dtype}, buffer=nl.${memory})`
    const rows = tile === null ? sizes.capacity(p) : sizes.tile(p, tile)
    if (memory === 'psum') {
      const adds = survey.accumulators.has(alloc)
      const shape = [rows, freeTile === null ? sizes.capacity(f) : sizes.tile(f, freeTile)]
      if (isList(alloc) && adds) {
        sizes.helpers.add('zero_banks')
        return [`${name} = zero_banks(${this.listLength(alloc)}, (nl.par_dim(${shape[0]}), ${shape[1]}))`]
      }
      if (isList(alloc)) {
        sizes.helpers.add('tensors')
        const tile = `(nl.par_dim(${shape[0]}), ${shape[1]})`
        return [`${name} = tensors(${this.listLength(alloc)}, ${tile}, ${dtype}, nl.psum)`]
      }
      return [`${name} = ${make(adds ? 'nl.zeros' : 'nl.ndarray', shape)}`]
    }
    const tiles = tile === null ? (plan.asTiles.has(alloc) ? ['1'] : []) : [survey.tileCount(alloc)]
    const shape = [rows, ...tiles, survey.room(alloc)]
    const ragged = !zero && this.readsBeyond(alloc)
    if (tiles.length === 0 && !ragged) return [`${name} = ${make(zero ? 'nl.zeros' : 'nl.ndarray', shape)}`]
    sizes.helpers.add('sbuf')
    // a function is not told whether the matrix ends within its pieces
    const within = this.context.formals.size > 0
    const flag = zero || (ragged && within) ? ', zero=True' : ragged ? `, zero=${survey.ragged()}` : ''
    return [`${name} = sbuf((${shape.join(', ')}), ${dtype}${flag})`]
  }

  /** Whether what a load leaves out, or what is rounded up, may be read. */
  private readsBeyond(alloc: Alloc): boolean {
    const { survey, sizes, aligned } = this.context
    const { p, f, tile } = alloc
    const cut = [...(survey.cutDims.get(alloc) ?? [])].some((dim) => !aligned.has(dim))
    const rounded =
      survey.room(alloc) !== sizes.capacity(f) ||
      (tile !== null && survey.tileCount(alloc) !== sizes.count(p, pieceOf(p, tile)))
    return cut && (survey.loaded.has(alloc) || rounded)
  }

  protected onChip(view: View): string {
    const alloc = view.backing as Alloc
    if (isList(alloc)) return this.ofList(view)
    const name = this.scope.of(alloc)
    const cols = this.slice(view.cols, alloc.f, this.startsOf(view).cols)
    if (alloc.tile !== null) return `${name}[${this.inTiles(view, cols)}]`
    if (this.context.plan.asTiles.has(alloc)) return `${name}[${this.slice(view.rows, alloc.p)}, 0, ${cols}]`
    const { survey, sizes } = this.context
    const whole = view.rows === alloc.p && view.cols === alloc.f && !this.context.formals.has(alloc)
    if (whole && (alloc.memory === 'psum' || survey.room(alloc) === sizes.capacity(alloc.f)))
      return `${name}[...]`
    return `${name}[${this.slice(view.rows, alloc.p)}, ${cols}]`
  }

  /** Subscripts are affine expressions of loop variables. */
  protected override partOfTile(): never {
    this.refuse(
      this.current!,
      'has no words for a part of a tile: a subscript is affine, and this takes a remainder',
      'cut it by 128, or use the current dialect',
    )
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
      if (op.spec.name === 'tensor_reduce') this.requireWhole(op, op.operands.data!.cols)
    }
    args.shape = `(${this.size(dst!.rows)}, ${this.size(dst!.cols)})`
    return { before, args: { ...args, mask, dtype: dtypeText(dst!.dtype) } }
  }

  /** A load or a store; the legacy dialect moves between HBM and SBUF only. */
  private direction(op: Op): 'load' | 'store' {
    const isHbm = (view: View): boolean => view.memory === 'hbm'
    const { dst, src } = op.operands
    if (isHbm(dst!) === isHbm(src!))
      this.refuse(
        op,
        `has no load or store within ${src!.memory}`,
        isHbm(src!) ? 'load it to SBUF and store it from there' : 'copy it with tensor_copy',
      )
    return isHbm(dst!) ? 'store' : 'load'
  }

  /** What stands beyond the end of a row would be reduced with it. */
  private requireWhole(op: Op, { dim, parent }: Span<string>): void {
    if (parent && !this.context.aligned.has(dim))
      this.refuse(
        op,
        `reads whole pieces of ${dim}, and the last one may end earlier`,
        `reduce whole rows, or promise whole blocks with --aligned ${dim}`,
      )
  }

  /** `i_k, i_m = nl.mgrid[…]`, the subscript that it gives, and the conditions under which an element exists. */
  private masked(view: View): { grid: string; text: string; terms: string[] } {
    const starts = this.startsOf(view)
    const formal = this.context.formals.has(view.backing)
    const [p, f] = isAlloc(view.backing) ? [view.backing.p, view.backing.f] : [null, null]
    const [row, col] = [view.rows, view.cols].map(({ dim }) => `i_${dim.toLowerCase()}`)
    const axes = [
      { span: view.rows, whole: p, start: starts.rows, index: row === col ? 'i_p' : row! },
      { span: view.cols, whole: f, start: starts.cols, index: row === col ? 'i_f' : col! },
    ]
    const at = ({ span, whole, start, index }: (typeof axes)[number]): string =>
      sum(sum(start, this.offset(span, whole)), index)
    const terms = axes.flatMap((axis) => {
      const { span, index, start } = axis
      if (this.context.aligned.has(span.dim) || (!span.parent && !formal)) return []
      const end = formal ? endOf(start) : span.dim
      return [`(${at(axis)} < ${end})`, ...this.withinParents(span, index)]
    })
    if (terms.length === 0) return { grid: '', text: '', terms }
    const grid = `${axes.map((a) => a.index).join(', ')} = nl.mgrid[${axes.map((a) => `0:${this.size(a.span)}`).join(', ')}]`
    return { grid, text: `${this.nameOf(view.backing)}[${axes.map(at).join(', ')}]`, terms }
  }

  /** Whole pieces of more than 128 may reach over the end of the piece that they are cut from. */
  private withinParents(span: Span<string>, index: string): string[] {
    const terms: string[] = []
    for (let s = span; s.parent?.parent; s = s.parent)
      if (sizeOf(s.size) > PARTITIONS)
        terms.push(`(${sum(this.offset(span, s.parent), index)} < ${this.size(s.parent)})`)
    return terms
  }

  private positions(dst: View, args: Record<string, string>, before: string[]): string {
    before.push(`i_p, i_f = nl.mgrid[0:${this.size(dst.rows)}, 0:${this.size(dst.cols)}]`)
    const at = (span: Span<string>, index: string): string => sum(this.offset(span, null), index)
    const rows = `${args.channelMultiplier} * (${at(dst.rows, 'i_p')})`
    return `${args.offset} + ${rows} + ${args.step} * (${at(dst.cols, 'i_f')})`
  }
}

/** In a function: where a tensor in HBM ends. */
export const endOf = (start: string): string => `${start}_end`
