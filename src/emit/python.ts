/**
 * Program → NKI Python, in either dialect. The text holds for every shape: sizes are read from the arguments, and the
 * numbers of the schedule are keyword arguments; choices and options are those of the trace.
 */
import { ArgumentError, type Program, type Split, splitOf } from '../nki/index.ts'
import { boundsOf } from './bounds.ts'
import { CurrentWriter } from './current.ts'
import { checkTarget, DIALECTS, type Dialect } from './dialect.ts'
import { statement } from './format.ts'
import { Routines } from './functions.ts'
import { kernelDocstring, moduleHead, outputLine, promises, shapes, share, signature } from './head.ts'
import { LegacyWriter } from './legacy.ts'
import { Plan } from './plan.ts'
import { Sizes } from './sizes.ts'
import { Sums } from './sums.ts'
import { Survey } from './survey.ts'
import { type Context, coreStart } from './writer.ts'

export interface EmitOptions {
  readonly dialect: Dialect
  /** trn1, inf2, trn2 or trn3: checked against the dialect, and named in the docstring. */
  readonly target?: string
  /** Dimensions promised to be whole multiples of their blocks: no masks and no min() for them. */
  readonly aligned?: readonly string[]
  /** What the schedule was tuned for; named in the docstring. */
  readonly tunedFor?: string
  /** The command that simulates the same form and schedule, the schedule last; named in the docstring. */
  readonly simulatedBy?: string
  /** Physical cores of a launch `kernel[2]` (LNC2), which share a dimension of the output. Current dialect only. */
  readonly cores?: Split
}

/** @throws ArgumentError for options that do not fit, KernelError for what the dialect cannot express. */
export function emitPython(program: Program, options: EmitOptions): string {
  const { dialect, target, cores } = options
  check(program, options)
  const write = (context: Context): string[] =>
    (dialect === 'legacy' ? new LegacyWriter(context) : new CurrentWriter(context)).write()
  const aligned = new Set(options.aligned ?? [])
  const shared = cores ? cores.dim : null
  const plan = new Plan(program)
  const { params, spans, output } = program
  const sizes = new Sizes({
    params,
    dims: program.dims.map(({ dim }) => dim),
    spans: [...spans.filter((span) => !span.loop || !plan.covered.has(span.loop)), ...plan.spans],
    aligned,
    exact: dialect === 'current',
    shared,
    output: { name: output.name, f: output.f.dim },
  })
  const survey = new Survey(plan, sizes, aligned)
  const sums = new Sums(plan, program.body)
  const routines = new Routines(plan, sums, dialect, aligned, write)
  for (const helper of routines.helpers) sizes.helpers.add(helper)
  const body = write({
    name: program.name,
    body: program.body,
    plan,
    sizes,
    survey,
    sums,
    given: 'begins',
    reserved: [
      ...program.dims.map(({ dim }) => dim),
      ...[...program.inputs, output].map(({ name }) => name),
      ...(shared ? [coreStart(shared)] : []),
      ...routines.names,
    ],
    formals: new Map(),
    routines,
    aligned,
    shared,
  })
  const context = { program, plan, bounds: boundsOf(program, plan), sizes, survey, aligned, shared }
  const promised = promises(context)
  const shares = share(context)
  const constants = sizes.assignments([...promised, ...body].join('\n'))
  const doc = kernelDocstring(context, {
    dialect,
    target: target ?? null,
    tunedFor: options.tunedFor ?? null,
    simulatedBy: options.simulatedBy ?? null,
    cores: cores?.count ?? 1,
  })
  const lines = [
    ...signature(program),
    ...doc,
    ...shapes(context),
    '',
    ...(shares.length > 0 ? [...shares, ''] : []),
    ...constants.flatMap((text) => [...(text.startsWith('RAGGED =') ? [RAGGED] : []), ...statement(text, 1)]),
    ...promised,
    '',
    ...outputLine(program),
    '',
    ...body,
    `    return ${output.name}`,
  ]
  const functions = routines.lines()
  const head = moduleHead(program, dialect, sizes.helpers, [...functions, ...lines], functions.length > 0)
  return `${[...head, ...functions, '', '', ...lines].join('\n')}\n`
}

const RAGGED = '    # Where a matrix ends within a piece, masks leave the rest out, and it must read as zero.'

function check(program: Program, { dialect, target, aligned = [], cores }: EmitOptions): void {
  if (!DIALECTS.includes(dialect))
    throw new ArgumentError(`no dialect ${dialect}; there are ${DIALECTS.join(' and ')}`)
  if (target !== undefined) checkTarget(dialect, target)
  const dims = program.dims.map(({ dim }) => dim).filter((dim) => dim !== '1')
  for (const dim of aligned)
    if (!dims.includes(dim))
      throw new ArgumentError(`${program.name}: no dimension ${dim} to align; it has ${dims.join(', ')}`)
  if (!cores) return
  if (dialect === 'legacy')
    throw new ArgumentError(
      `${program.name}: the legacy dialect has no launch on ${cores.count} physical cores; use --dialect current on trn2 or trn3. On trn1 and inf2 a logical core is one physical core: give each its share of the tensors`,
    )
  splitOf(program, cores.count, cores.dim)
}
