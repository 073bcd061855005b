/**
 * Issuing an instruction: the rules of its declaration are checked on the symbolic operands, for every shape at once,
 * and the op is appended to the trace. Rules are those of the NKI documentation (nki.errors, nki.isa).
 */
import type { AttributeValue, Broken, Letter, OperandSpec, OpSpec } from './op.ts'
import type { Alloc, Engine, Memory } from './program.ts'
import { Site } from './site.ts'
import { PARTITIONS, type Size, type Span, sizeOf } from './span.ts'
import type { Trace } from './trace.ts'
import { View } from './view.ts'

type Arguments = Readonly<Record<string, View | AttributeValue | undefined>>

export function issue(trace: Trace, spec: OpSpec, args: Arguments): void {
  const site = Site.capture()
  const op = new Issue(trace, spec, site)
  const engine = op.engine(args.engine as string | undefined)
  const attributes = op.attributes(args)
  const operands = op.operands(args, attributes)
  op.checkRule(operands, attributes, engine)
  trace.requireIndependent(spec.name, operands.dst!, spec.accumulates, site)
  trace.append({ kind: 'op', spec, engine, operands, attributes, site, comment: trace.takeComment() })
}

/** How an operand gets from where it is to where an engine can read it. */
const ON_THE_WAY: Readonly<Record<Memory, string>> = {
  hbm: 'load it to SBUF with dma_copy',
  psum: 'copy it to SBUF with tensor_copy',
  sbuf: 'store it with dma_copy',
}

/** A span beside another: two loops may give their spans the same label. */
const whose = (span: Span<string>, other: Span<string>): string =>
  span.label === other.label && span.loop ? `the ${span.label} of the loop at ${span.loop.site}` : span.label

class Issue {
  /** What each letter was bound to, and by which operand. */
  private readonly bound = new Map<Letter, { span: Span<string>; by: string }>()

  constructor(
    private readonly trace: Trace,
    private readonly spec: OpSpec,
    private readonly site: Site,
  ) {}

  private fail(what: string, fix: string, view?: { role: string; view: View }): never {
    const detail = view ? { detail: `${view.role} = ${view.view}` } : {}
    this.trace.fail({ what: `${this.spec.name}: ${what}`, ...detail, fix }, this.site)
  }

  engine(wanted: string | undefined): Engine {
    const { engines } = this.spec
    if (wanted === undefined) return engines[0]!
    if (!engines.includes(wanted as Engine))
      this.fail(`the ${wanted} engine does not execute it`, `use ${engines.join(' or ')}`)
    return wanted as Engine
  }

  attributes(args: Arguments): Record<string, AttributeValue> {
    const values: Record<string, AttributeValue> = {}
    for (const [name, attribute] of Object.entries(this.spec.attributes)) {
      const value = args[name] ?? attribute.default
      if (value === undefined) {
        if (attribute.optional) continue
        this.fail(
          `no ${name}`,
          `give ${name}: ${'oneOf' in attribute ? attribute.oneOf.join(' | ') : 'a number'}`,
        )
      }
      if ('oneOf' in attribute ? !attribute.oneOf.includes(String(value)) : typeof value !== 'number')
        this.fail(
          `${name} is ${value}`,
          `give ${'oneOf' in attribute ? attribute.oneOf.join(', ') : 'a number'}`,
        )
      values[name] = value as AttributeValue
    }
    return values
  }

  /** Numbers that stand in the place of an operand become attributes. */
  operands(args: Arguments, attributes: Record<string, AttributeValue>): Record<string, View> {
    const { operands } = this.spec
    const known = [...Object.keys(operands), ...Object.keys(this.spec.attributes), 'engine']
    for (const name of Object.keys(args))
      if (!known.includes(name)) this.fail(`it has no ${name}`, `its arguments are ${known.join(', ')}`)
    const views: Record<string, View> = {}
    for (const [role, operand] of Object.entries(operands)) {
      const value = args[role]
      if (value instanceof View) {
        this.checkOperand(role, operand, value)
        views[role] = value
      } else if (operand.orNumber && typeof value === 'number') attributes[role] = value
      else if (value !== undefined || !operand.optional)
        this.fail(`no ${role}`, `give ${role}: a view in ${operand.memory.join(' or ')}`)
    }
    return views
  }

  private checkOperand(role: string, operand: OperandSpec, view: View): void {
    const { backing } = view
    if (!operand.memory.includes(view.memory))
      this.fail(
        `${role} is in ${view.memory}, it must be in ${operand.memory.join(' or ')}`,
        role === 'dst' ? `allocate ${view.name} in ${operand.memory.join(' or ')}` : ON_THE_WAY[view.memory],
        { role, view },
      )
    if (role === 'dst' && backing.kind === 'hbm' && !backing.output)
      this.fail(
        `dst is the input ${view.name}: inputs cannot be written`,
        'write to y, or to a buffer of your own',
        { role, view },
      )
    this.trace.requireAlive(backing)
    this.trace.requireOpen(view.rows)
    this.trace.requireOpen(view.cols)
    if (backing.kind === 'alloc' && backing.memory !== 'hbm') this.checkTile(role, view, backing)
    this.bind(role, operand.p, view.rows, view)
    this.bind(role, operand.f, view.cols, view)
  }

  private bind(role: string, letter: Letter, span: Span<string>, view: View): void {
    const seen = this.bound.get(letter)
    if (letter === '1' && span.bound !== 1)
      this.fail(`${role} has ${span.label} where one column is needed`, 'allocate it over [span, nl.unit]', {
        role,
        view,
      })
    const limit = this.spec.limits[letter]
    if (limit && span.bound > limit.max) {
      const axis = letter === this.spec.operands[role]!.p ? 'partition' : 'free'
      this.fail(
        `${role} ${axis} size ${span.bound === Number.POSITIVE_INFINITY ? 'is not bounded, the limit is' : `${span.bound} exceeds`} ${limit.max} (${limit.name})`,
        `split ${span.label} into tiles of ${limit.max} or fewer`,
        { role, view },
      )
    }
    if (seen && seen.span !== span)
      this.fail(
        `${role} has ${whose(span, seen.span)} where ${seen.by} has ${whose(seen.span, span)}`,
        'take the same span of both operands',
        { role, view },
      )
    this.bound.set(letter, { span, by: role })
  }

  /** An on-chip operand lies in one tile, and starts at partition 0, 32, 64 or 96 (0 or 64 with more than 32). */
  private checkTile(role: string, view: View, alloc: Alloc): void {
    this.checkOneTile(role, view, 'rows', alloc.p, alloc.tile, 'partitions')
    this.checkOneTile(role, view, 'cols', alloc.f, alloc.freeTile, 'columns')
    const path = view.rows.path(alloc.p)!
    const tile = alloc.tile ? sizeOf(alloc.tile) : PARTITIONS
    for (const span of path) {
      const size = sizeOf(span.size)
      // pieces of the whole span: there is but one where it never holds more
      if (size < Math.min(tile, 32, span.parent!.bound))
        this.fail(
          `${role} can start at partition ${size}, it must start at 0, 32, 64 or 96`,
          `cut ${span.parent!.label} by 32, 64 or 128`,
          { role, view },
        )
    }
  }

  private checkOneTile(
    role: string,
    view: View,
    axis: 'rows' | 'cols',
    whole: Span<string>,
    tile: Size | null,
    unit: string,
  ): void {
    if (tile === null || whole.bound <= sizeOf(tile)) return
    const size = sizeOf(tile)
    const cuts = view[axis].path(whole)!.map((span) => sizeOf(span.size))
    // Cuts by more than 128 are balanced: only the same cut has the same edges for every shape. Others are as they say.
    const within = size > PARTITIONS ? cuts[0] === size : cuts.every((n) => n % size === 0 || size % n === 0)
    if (view[axis].bound > size)
      this.fail(
        `${role} spans several tiles of ${size} ${unit}`,
        `loop over ${view[axis].label}.tiles(${size}) and take ${view.name}.at(…) of each`,
        { role, view },
      )
    if (!within)
      this.fail(
        `${role} can lie across two tiles of ${size} ${unit}`,
        `cut ${whole.label} by ${size} first, as ${view.name} is`,
        { role, view },
      )
  }

  checkRule(
    operands: Record<string, View>,
    attributes: Record<string, AttributeValue>,
    engine: Engine,
  ): void {
    const memory: Record<string, Memory> = Object.fromEntries(
      Object.entries(operands).map(([role, view]) => [role, view.memory]),
    )
    const inPsum = Object.keys(memory).find((role) => memory[role] === 'psum')
    if (engine === 'gpsimd' && inPsum)
      this.fail(`${inPsum} is in PSUM, which GpSimd cannot access`, 'use the vector engine', {
        role: inPsum,
        view: operands[inPsum]!,
      })
    for (const [role, view] of Object.entries(operands)) {
      const { p, f } = this.spec.operands[role]!
      const { p: dstP, f: dstF } = this.spec.operands.dst!
      if (view.backing === operands.dst!.backing && (p !== dstP || f !== dstF))
        this.fail(
          `${role} and dst are both in ${view.name}: it would be overwritten while it is read`,
          'give dst a buffer of its own',
          { role, view },
        )
    }
    const bound = Object.fromEntries(
      [...this.bound].map(([letter, { span }]) => [letter, span.bound]),
    ) as Record<Letter, number>
    const broken: Broken | null | undefined = this.spec.rule?.({ memory, attributes, bound, engine })
    if (broken) this.fail(broken.what, broken.fix)
  }
}
