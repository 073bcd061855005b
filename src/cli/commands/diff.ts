/** `neuronmm diff A B`: two profiles side by side: files, or kernels that are profiled on the spot. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ArgumentError, meant } from '../../nki/index.ts'
import {
  activationOption,
  dtypeOption,
  KERNELS,
  type KernelArguments,
  scheduleOption,
  shapeOption,
  withCores,
} from '../arguments.ts'
import { interruptible } from '../interrupt.ts'
import { assignments, bytes, printJson, table } from '../output.ts'
import {
  documentOf,
  type ProfileArguments,
  type ProfileDocument,
  parseDocument,
  profiled,
  targetOption,
} from '../profiling.ts'
import { argumentsOf, isSpec, parseSpec } from '../specs.ts'

type DiffArguments = Omit<ProfileArguments, 'shape'> & Partial<Pick<KernelArguments, 'shape'>>

export function register(program: Command): void {
  withCores(program.command('diff <a> <b>').description('compare two profiles'))
    .addOption(shapeOption())
    .addOption(dtypeOption())
    .addOption(scheduleOption())
    .addOption(activationOption())
    .addOption(targetOption())
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
A and B are files that profile --json wrote, or kernels to profile: KERNEL[:SCHEDULE][@SHAPE][@TARGET]. What such a
one does not say comes from the options:

  neuronmm diff fused_xuv:seed fused_xuv --shape M=4096,K=8192,r=4096,N=16384
  neuronmm diff fused_xuv@trn1 fused_xuv@trn2 --shape M=4096,K=8192,r=4096,N=16384
  neuronmm diff before.json fused_xuv:mStrip=512@M=64,K=2048,r=1280,N=8192`,
    )
    .action((a: string, b: string, args: DiffArguments) => {
      const [first, second] = interruptible(() => documents([a, b], args))
      const metrics = rows(first!.metrics, second!.metrics)
      const mix =
        first!.mix && second!.mix ? rows(first!.mix, second!.mix) : rows(byEngine(first!), byEngine(second!))
      if (args.json) printJson({ a: identity(first!), b: identity(second!), metrics, mix })
      else
        console.log(
          [
            `a: ${title(first!)}`,
            `b: ${title(second!)}`,
            '',
            render('metric', metrics),
            '',
            render('instructions', mix),
          ].join('\n'),
        )
    })
}

/** Of both sides; those that are specs share what --shape says. */
function documents(sides: readonly string[], { shape = {}, ...defaults }: DiffArguments): ProfileDocument[] {
  const specs = sides.filter(isSpec).map(parseSpec)
  const resolved = argumentsOf(specs, { ...defaults, shape })
  return sides.map((side) => {
    const at = specs.findIndex(({ text }) => text === side)
    if (at < 0) return parseDocument(read(side), side)
    return documentOf(profiled(specs[at]!.kernel, resolved[at]!), resolved[at]!, true)
  })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    const name = path.split(/[:@]/, 1)[0]!
    throw new ArgumentError(
      `${path} is neither a kernel nor a file that can be read${meant(name, KERNELS) || '; neuronmm profile NAME … --json writes one'}`,
    )
  }
}

/** Instructions by engine, where a file does not know them by op. */
const byEngine = ({ metrics }: ProfileDocument) =>
  Object.fromEntries(Object.entries(metrics).filter(([name]) => /_(instruction|transfer)_count$/.test(name)))

interface Row {
  readonly name: string
  /** null: not known of this one. */
  readonly a: number | null
  readonly b: number | null
  readonly delta: number | null
  /** b / a; null where a is 0. */
  readonly ratio: number | null
}

const rows = (a: object, b: object): Row[] => {
  const [x, y] = [new Map(Object.entries(a)), new Map(Object.entries(b))] as Map<string, number>[]
  return [...new Set([...x!.keys(), ...y!.keys()])].map((name) => {
    const [from, to] = [x!.get(name) ?? null, y!.get(name) ?? null]
    const both = from !== null && to !== null
    return {
      name,
      a: from,
      b: to,
      delta: both ? to - from : null,
      ratio: both && from !== 0 ? to / from : null,
    }
  })
}

const identity = ({ kernel, target, shape, dtype, schedule, launch }: ProfileDocument) => ({
  kernel,
  target,
  shape,
  dtype,
  schedule,
  ...(launch && { launch }),
})
const title = ({ kernel, target, shape, dtype, schedule, launch }: ProfileDocument): string =>
  `${kernel} on ${target}, ${assignments(shape)}, ${dtype}, schedule ${assignments(schedule)}${
    launch ? `; the slowest of ${launch.shares.length} cores, which share ${launch.split.dim}` : ''
  }`

function number(name: string, n: number | null): string {
  if (n === null) return '-'
  if (name.endsWith('_bytes')) return `${n < 0 ? '-' : ''}${bytes(Math.abs(n))}`
  return Number.isInteger(n) ? `${n}` : n.toPrecision(6)
}
const render = (what: string, list: readonly Row[]): string =>
  table(
    [what, 'a', 'b', 'b - a', 'b / a'],
    list
      .filter(({ a, b }) => a || b)
      .map(({ name, a, b, delta, ratio }) => [
        name,
        number(name, a),
        number(name, b),
        number(name, delta),
        ratio === null ? '-' : ratio.toFixed(3),
      ]),
  )
