/**
 * Program → NKI Python, in either dialect. The text holds for every shape: sizes are read from the arguments, and the
 * numbers of the schedule are keyword arguments; choices and options are those of the trace.
 */
import { ArgumentError, type Program, type Split, splitOf } from '../nki/index.ts'
import { CurrentWriter } from './current.ts'
import { checkTarget, DIALECTS, type Dialect } from './dialect.ts'
import { statement } from './format.ts'
import { kernelDocstring, moduleHead, outputLine, promises, shapes, share, signature } from './head.ts'
import { LegacyWriter } from './legacy.ts'
import { Sizes } from './sizes.ts'
import { Survey } from './survey.ts'
import type { Context } from './writer.ts'

export interface EmitOptions {
  readonly dialect: Dialect
  /** trn1, inf2, trn2 or trn3: checked against the dialect, and named in the docstring. */
  readonly target?: string
  /** Dimensions promised to be whole multiples of their blocks: no masks and no min() for them. */
  readonly aligned?: readonly string[]
  /** What the schedule was tuned for; named in the docstring. */
  readonly tunedFor?: string
  /** Physical cores of a launch `kernel[2]` (LNC2), which share a dimension of the output. Current dialect only. */
  readonly cores?: Split
}

/** @throws ArgumentError for options that do not fit, KernelError for what the dialect cannot express. */
export function emitPython(program: Program, options: EmitOptions): string {
  const { dialect, target, cores } = options
  check(program, options)
  const aligned = new Set(options.aligned ?? [])
  const shared = cores ? cores.dim : null
  const sizes = new Sizes(program, aligned, shared)
  const survey = new Survey(program, sizes, aligned)
  const context: Context = { program, sizes, survey, aligned, shared }
  const body = (dialect === 'legacy' ? new LegacyWriter(context) : new CurrentWriter(context)).write()
  const promised = promises(program, context)
  const shares = share(context)
  const doc = kernelDocstring(program, context, {
    dialect,
    target: target ?? null,
    tunedFor: options.tunedFor ?? null,
    cores: cores?.count ?? 1,
  })
  const constants = sizes.assignments().flatMap((text) => statement(text, 1))
  return `${[
    ...moduleHead(program, dialect, sizes.helpers),
    ...signature(program),
    ...doc,
    ...shapes(program),
    '',
    ...(shares.length > 0 ? [...shares, ''] : []),
    ...constants,
    ...promised,
    '',
    ...outputLine(program),
    '',
    ...body,
    `    return ${program.output.name}`,
  ].join('\n')}\n`
}

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
