/**
 * The current dialect (package `nki`): the exact reading. Every piece has its own size, `min()` at the edge; no masks.
 * Buffers that rotate are a list, made before the loop whose iterations take them in turn.
 */
import type { Alloc, LegacyArgs, Loop, Op, Span, View } from '../nki/index.ts'
import { pieceOf } from './sizes.ts'
import { dtypeText, isList, Writer } from './writer.ts'

export class CurrentWriter extends Writer {
  protected readonly dialect = 'current'
  /** The lists of rotating buffers. */
  private readonly lists = new Map<Alloc, string>()

  protected size(span: Span<string>): string {
    const { sizes, aligned } = this.context
    return span.loop && !aligned.has(span.dim) ? this.sizeName(span.loop) : sizes.capacity(span)
  }

  protected trips({ over, span }: Loop): string {
    return this.context.sizes.ratio(span.dim, this.size(over), this.context.sizes.capacity(span))
  }

  protected override hoisted(loop: Loop): string[] {
    const { covered } = this.context.plan
    const rotating = loop.body.filter(
      (node): node is Alloc => node.kind === 'alloc' && node.buffers > 1 && !covered.has(node),
    )
    return rotating.map((alloc) => {
      const list = this.scope.name(
        loop,
        alloc.name.endsWith('s') ? `${alloc.name}_buffers` : `${alloc.name}s`,
      )
      this.lists.set(alloc, list)
      const { sizes } = this.context
      const shape = this.shape(alloc, sizes.capacity(alloc.p), sizes.capacity(alloc.f))
      return `${list} = ${this.several(alloc, `${alloc.buffers}`, shape)}`
    })
  }

  protected allocation(alloc: Alloc, name: string): string[] {
    const { sizes } = this.context
    const list = this.lists.get(alloc)
    if (list) return [`${name} = ${list}[i_${this.scope.of(alloc.loop!)} % ${alloc.buffers}]`]
    if (isList(alloc)) {
      const shape = [
        alloc.tile === null ? sizes.capacity(alloc.p) : sizes.tile(alloc.p, alloc.tile),
        alloc.freeTile === null ? sizes.capacity(alloc.f) : sizes.tile(alloc.f, alloc.freeTile),
      ]
      return [`${name} = ${this.several(alloc, this.listLength(alloc), shape)}`]
    }
    const shape =
      alloc.memory === 'hbm'
        ? [sizes.capacity(alloc.p), sizes.capacity(alloc.f)]
        : this.shape(alloc, this.size(alloc.p), this.size(alloc.f))
    if (!alloc.zero) return [`${name} = ${ndarray(alloc, shape)}`]
    sizes.helpers.add('zeros')
    return [`${name} = zeros((${shape.join(', ')}), ${dtypeText(alloc.dtype)})`]
  }

  protected override runsInOrder(loop: Loop): boolean {
    return this.context.sums.loops.has(loop)
  }

  /** Whether a matmul adds to its PSUM tile or overwrites it; nothing where the dialect must find out. */
  private accumulate(op: Op): string {
    const { sums, given, formals } = this.context
    const loops = sums.of(op)
    const begins = !formals.has(op.operands.dst!.backing) || given === 'begins'
    if (loops === null || !(begins || given === 'continues')) return ''
    if (begins) return this.isLater(loops)
    return loops.length > 0 ? `accumulate or ${this.isLater(loops)}` : 'accumulate'
  }

  private several({ dtype, memory }: Alloc, count: string, shape: readonly string[]): string {
    this.context.sizes.helpers.add('tensors')
    return `tensors(${count}, (${shape.join(', ')}), ${dtypeText(dtype)}, ${BUFFER[memory]})`
  }

  private shape(alloc: Alloc, p: string, f: string): string[] {
    const { sizes, plan } = this.context
    if (alloc.tile === null) return plan.asTiles.has(alloc) ? [p, '1', f] : [p, f]
    return [sizes.tile(alloc.p, alloc.tile), sizes.count(alloc.p, pieceOf(alloc.p, alloc.tile)), f]
  }

  protected onChip(view: View): string {
    const alloc = view.backing as Alloc
    if (isList(alloc)) return this.ofList(view)
    const name = this.scope.of(alloc)
    const cols = this.slice(view.cols, alloc.f, this.startsOf(view).cols)
    if (alloc.tile !== null) return `${name}[${this.inTiles(view, cols)}]`
    if (this.context.plan.asTiles.has(alloc)) return `${name}[${this.slice(view.rows, alloc.p)}, 0, ${cols}]`
    const whole = view.rows === alloc.p && view.cols === alloc.f && !this.context.formals.has(alloc)
    if (whole && (!this.lists.has(alloc) || (this.isFixed(alloc.p) && this.isFixed(alloc.f)))) return name
    return `${name}[${this.slice(view.rows, alloc.p)}, ${cols}]`
  }

  /** Whether all pieces of it are of one size. */
  private isFixed(span: Span<string>): boolean {
    return this.context.aligned.has(span.dim) || !span.parent
  }

  protected arguments(op: Op): { before: string[]; args: LegacyArgs } {
    const { dst } = op.operands
    const before: string[] = []
    const operands = Object.fromEntries(
      Object.entries(op.operands).map(([role, view]) => [role, this.text(view)]),
    )
    // what is updated in place is named once
    if (operands.dst!.length > 30 && operands.data1 === operands.dst) {
      const name = this.scope.name(op, `${this.nameOf(dst!.backing)}_tile`)
      before.push(`${name} = ${operands.dst}`)
      operands.dst = operands.data1 = name
    }
    const accumulate = op.spec.accumulates ? this.accumulate(op) : ''
    const args: Record<string, string> = { ...operands, ...this.attributes(op), accumulate }
    if (op.spec.name === 'iota') {
      const start = [
        args.offset!,
        ...this.term(dst!.rows, args.channelMultiplier!),
        ...this.term(dst!.cols, args.step!),
      ]
      args.start = start.filter((term) => term !== '0').join(' + ') || '0'
      args.pattern = `[[${args.step}, ${this.size(dst!.cols)}]]`
    }
    return { before, args: { ...args, mask: '', dtype: dtypeText(dst!.dtype) } }
  }

  private term(span: Span<string>, factor: string): string[] {
    const offset = this.offset(span, null)
    return offset && factor !== '0' ? [`${factor} * (${offset})`] : []
  }
}

const BUFFER = { sbuf: 'nl.sbuf', psum: 'nl.psum', hbm: 'nl.private_hbm' } as const

const ndarray = ({ dtype, memory }: Alloc, shape: readonly string[]): string =>
  `nl.ndarray((${shape.join(', ')}), ${dtypeText(dtype)}, buffer=${BUFFER[memory]})`
