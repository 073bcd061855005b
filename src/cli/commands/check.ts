/** `neuronmm check NAME`: emit a kernel as Python, execute it, and compare with what it was emitted from. */
import { type Command, Option } from 'commander'
import { DIALECT, DIALECTS, type Dialect, TARGETS, type Target } from '../../emit/index.ts'
import {
  CHECKED_DTYPES,
  type CheckOutcome,
  type CheckRequest,
  checkEmitted,
  type Interpreter,
  type Pair,
  searchPython,
} from '../../execute/index.ts'
import {
  alone,
  type Choice,
  checkSchedule,
  choose,
  FAMILIES,
  formsOf,
  traceChoice,
  withinLimits,
} from '../../kernels/index.ts'
import { ArgumentError, type Dims, MAX_CORES, type Split } from '../../nki/index.ts'
import type { Dtype } from '../../tensor/index.ts'
import {
  activationOption,
  alignedOption,
  type CoresArguments,
  checkShape,
  choiceOf,
  coreOf,
  coresOf,
  type KernelArguments,
  optionsOf,
  parseDtype,
  scheduleOption,
  shapeOption,
  smallShape,
  withCores,
} from '../arguments.ts'
import { EXIT, MissingError } from '../failure.ts'
import { assignments, printJson, table } from '../output.ts'
import { withProgress } from '../progress.ts'

const WITH = ['stand-in', 'nki', 'nki.simulate_kernel'] as const

interface CheckArguments extends Omit<KernelArguments, 'shape'>, CoresArguments {
  readonly all?: boolean
  readonly shape?: Dims
  readonly dialect?: Dialect
  readonly target?: Target
  readonly aligned?: readonly string[]
  readonly with: (typeof WITH)[number]
}

export function register(program: Command): void {
  const command = program
    .command('check [kernel]')
    .description(
      'emit a kernel as NKI Python, execute it, and compare results and HBM bytes with the simulator',
    )
    .option('--all', 'check every kernel, in every form')
    .addOption(shapeOption('; without them the text for any shape, at a small one'))
    .addOption(
      new Option('--dtype <dtype>', `dtype of the inputs: ${CHECKED_DTYPES.join(', ')}`)
        .argParser(parseChecked)
        .default('bfloat16'),
    )
    .addOption(scheduleOption())
    .addOption(activationOption())
    .addOption(new Option('--dialect <dialect>', 'one dialect rather than both').choices(DIALECTS))
    .addOption(new Option('--target <target>', 'the NeuronCore whose memory it must fit in').choices(TARGETS))
    .addOption(alignedOption())
    .addOption(
      new Option(
        '--with <interpreter>',
        "stand-ins in numpy, or AWS's own simulators where they are installed",
      )
        .choices(WITH)
        .default('stand-in'),
    )
    .option('--json', 'print one JSON object')
  withCores(command).action(async (name: string | undefined, args: CheckArguments) => {
    if ((name === undefined) !== Boolean(args.all))
      throw new ArgumentError('check: give the name of a kernel, or --all')
    if (args.aligned && (args.all || !args.shape))
      throw new ArgumentError('check: --aligned is for one kernel, at a --shape of whole blocks')
    const kernels = name === undefined ? everyForm(args) : oneForm(name, args)
    // what is wrong with a schedule is said before any Python is looked for
    for (const { choice } of kernels) traceChoice(choice, optionsOf(args))
    const outcomes: CheckOutcome[] = []
    for (const run of runsOf(args)) outcomes.push(...(await checkOn(run, kernels, args)))
    const ok = outcomes.every((outcome) => outcome.ok)
    if (args.json) printJson({ with: args.with, ok, checks: outcomes.map(documentOf) })
    else report(outcomes, args)
    if (!ok) process.exitCode = EXIT.failed
  })
}

function parseChecked(text: string): Dtype {
  const dtype = parseDtype(text)
  if (!CHECKED_DTYPES.includes(dtype))
    throw new ArgumentError(
      `check: emitted kernels are checked in ${CHECKED_DTYPES.join(', ')}, not in ${dtype}`,
    )
  return dtype
}

interface Checked {
  readonly choice: Choice
  readonly dims: Dims
}

/** What `emit` writes for the same arguments, at the shape, or at a small one. */
function oneForm(name: string, args: CheckArguments): Checked[] {
  const choice = choiceOf(name, args)
  const dims = args.shape ?? smallShape(choice.kernel)
  return [{ choice, dims }]
}

/** Every form that knows the schedule, each as a family of its own. */
function everyForm({ shape, schedule, target, dtype }: CheckArguments): Checked[] {
  const forms = FAMILIES.flatMap((family) => formsOf(family).map((form) => alone(family, form)))
  checkSchedule(FAMILIES.flatMap(formsOf), 'check', schedule)
  const known = forms.filter(
    ({ general }) =>
      schedule === 'default' ||
      (typeof schedule === 'string'
        ? schedule in general.schedules
        : Object.keys(schedule).every((entry) => entry in general.schedule)),
  )
  if (known.length === 0) throw new ArgumentError('check: no kernel has this schedule')
  return known.map((family) => {
    const dims = shape ? checkShape(family, withinLimits(family.general, shape)) : smallShape(family.general)
    return { choice: choose(family, shape ? dims : {}, schedule, coreOf(target), dtype), dims }
  })
}

interface Run {
  readonly python: string
  readonly interpreter: Interpreter
  readonly dialects: readonly Dialect[]
}

/** Which Python executes which dialects. @throws MissingError where there is none */
function runsOf({ with: wanted, dialect, target, cores = 1 }: CheckArguments): Run[] {
  const only = dialect ?? (wanted === 'nki.simulate_kernel' ? 'legacy' : cores > 1 ? 'current' : undefined)
  if (wanted === 'nki.simulate_kernel' && only === 'current')
    throw new ArgumentError('check: nki.simulate_kernel is of the legacy dialect; use --with nki')
  const dialects = DIALECTS.filter(
    (d) =>
      (only === undefined || d === only) &&
      (target === undefined || (DIALECT[d].targets as readonly string[]).includes(target)),
  )
  if (dialects.length === 0)
    throw new ArgumentError(`check: the ${only} dialect has no target ${target}; leave one of them out`)
  if (wanted === 'stand-in') {
    const found = searchPython()
    if ('missing' in found) throw new MissingError(found.missing)
    return [{ python: found.python, interpreter: 'stand-in', dialects }]
  }
  const found = dialects.map((d) => ({ dialect: d, ...searchPython('aws', d) }))
  // both dialects may lack the same thing
  const missing = [...new Set(found.flatMap((search) => ('missing' in search ? [search.missing] : [])))]
  if (found.every((search) => 'missing' in search)) throw new MissingError(missing.join('; '))
  for (const line of missing) console.error(`Left out: ${line}`)
  return found.flatMap((search) =>
    'python' in search ? [{ python: search.python, interpreter: 'aws', dialects: [search.dialect] }] : [],
  )
}

const checkOn = (
  { python, interpreter, dialects }: Run,
  kernels: readonly Checked[],
  args: CheckArguments,
): Promise<CheckOutcome[]> => {
  const { dtype, target, activation, aligned } = args
  const requests = kernels.flatMap(({ choice, dims }): CheckRequest[] => {
    const cores = args.all
      ? sharedOr(choice, dims, args)
      : coresOf(traceChoice(choice, optionsOf({ activation })), args, dims)
    if (cores === 'nothing') return []
    return [
      {
        kernel: choice.kernel,
        schedule: choice.schedule,
        options: optionsOf({ activation }),
        dims,
        dtype,
        emit: dialects.map((dialect) => ({
          dialect,
          ...(target && { target }),
          ...(aligned && { aligned }),
          ...(cores && { cores }),
        })),
      },
    ]
  })
  return withProgress('check', (onProgress, signal) =>
    checkEmitted(python, requests, { interpreter, onProgress, signal }),
  )
}

/** How the cores share a kernel among many: one that they cannot share is left out. */
function sharedOr(choice: Choice, dims: Dims, args: CheckArguments): Split | null | 'nothing' {
  try {
    return coresOf(traceChoice(choice, optionsOf(args)), args, dims)
  } catch (error) {
    if (!(error instanceof ArgumentError) || (args.cores ?? 1) > MAX_CORES) throw error
    console.error(`Left out: ${error.message}`)
    return 'nothing'
  }
}

const documentOf = ({ request, emit, ...rest }: CheckOutcome) => ({
  kernel: request.kernel.name,
  dialect: emit.dialect,
  shape: request.dims,
  dtype: request.dtype,
  ...rest,
})

function report(outcomes: readonly CheckOutcome[], { with: wanted }: CheckArguments): void {
  const exponent = (x: number | null): string => (x === null ? '–' : x.toExponential(1))
  console.log(
    table(
      ['kernel', 'dialect', 'shape', 'result', 'error', 'at most', 'integers', 'HBM read B', 'HBM written B'],
      outcomes.map(({ request, emit, ok, ...o }) => [
        request.kernel.name,
        emit.dialect,
        `${assignments(request.dims)} ${request.dtype}`,
        ok ? 'right' : o.error === null ? 'WRONG' : 'REFUSED',
        exponent(o.relativeError),
        exponent(o.allowed),
        o.integerError === null ? '–' : o.integerError === 0 ? 'equal' : 'differ',
        bytesOf(o.hbmReadBytes),
        bytesOf(o.hbmWriteBytes),
      ]),
    ),
  )
  for (const outcome of outcomes)
    if (!outcome.ok)
      console.log(`\n${outcome.request.kernel.name}, ${outcome.emit.dialect}: ${reasons(outcome).join('; ')}`)
  const right = outcomes.filter(({ ok }) => ok).length
  const place = { 'stand-in': 'numpy stand-ins of NKI', nki: "AWS's simulator" }[
    wanted === 'stand-in' ? wanted : 'nki'
  ]
  console.log(`\n${right} of ${outcomes.length} right, executed on ${place}.`)
}

const bytesOf = (pair: Pair<number> | null): string | number => (pair === null ? '–' : pair.python)

function reasons(outcome: CheckOutcome): string[] {
  const { error, relativeError, largestError, allowed, integerError } = outcome
  if (error !== null) return [error]
  const off = (what: string, pair: Pair<number> | null) =>
    pair && pair.python !== pair.expected ? [`${what} ${pair.python} bytes of HBM, not ${pair.expected}`] : []
  return [
    ...((relativeError ?? 0) > allowed
      ? [`relative error ${relativeError!.toExponential(1)}, at most ${allowed.toExponential(1)} is allowed`]
      : []),
    ...((largestError ?? 0) > 2 * allowed
      ? [
          `an element is off by ${largestError!.toExponential(1)} of the largest, at most ${(2 * allowed).toExponential(1)} is allowed`,
        ]
      : []),
    ...((integerError ?? 0) > 0 ? [`whole numbers differ by up to ${integerError}`] : []),
    ...off('reads', outcome.hbmReadBytes),
    ...off('writes', outcome.hbmWriteBytes),
  ]
}
