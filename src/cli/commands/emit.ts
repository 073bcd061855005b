/** `neuronmm emit NAME`: a kernel as NKI Python; `neuronmm emit --all`: every kernel, as a package. */
import { type Command, Option } from 'commander'
import { DEVICES } from '../../device/index.ts'
import {
  DIALECT,
  DIALECTS,
  type Dialect,
  emitPackage,
  emitPython,
  type PackagedKernel,
  TARGETS,
} from '../../emit/index.ts'
import {
  alone,
  type Choice,
  choose,
  FAMILIES,
  type Family,
  formsOf,
  traceChoice,
  withinLimits,
} from '../../kernels/index.ts'
import { ArgumentError, type Dims, dimsOfShare, type Split, sharesOf } from '../../nki/index.ts'
import type { Dtype } from '../../tensor/index.ts'
import { diskCache, tune } from '../../tune/index.ts'
import {
  activationOption,
  alignedOption,
  type CoresArguments,
  checkShape,
  choiceOf,
  coreOf,
  coresOf,
  dtypeOption,
  familyOf,
  optionsOf,
  outputOption,
  type ProgramArguments,
  scheduleOption,
  shapeOption,
  smallShape,
  withCores,
} from '../arguments.ts'
import { writeEmitted, writeEmittedFolder } from '../files.ts'
import { assignments } from '../output.ts'
import { isOwn } from '../own.ts'
import { withProgress } from '../progress.ts'

interface EmitArguments extends ProgramArguments, CoresArguments {
  readonly all?: boolean
  readonly dialect?: Dialect
  readonly dtype: Dtype
  readonly tuned?: boolean
  readonly aligned?: readonly string[]
  readonly output?: string
  readonly force?: boolean
}

/** Of the benchmark scripts of a package, where no shape is given: the seed's workload. */
const USUAL_SHAPE: Dims = { M: 4096, K: 8192, r: 4096, N: 16384 }

export function register(program: Command): void {
  const command = program
    .command('emit [kernel]')
    .description('write a kernel as NKI Python; with a shape, that of the form for this shape')
    .option('--all', 'every kernel and every form, as a Python package with benchmarks')
    .addOption(
      new Option(
        '--dialect <dialect>',
        'legacy: neuronxcc.nki, SDK 2.20 to 2.29; current: nki; both with --all',
      ).choices(DIALECTS),
    )
    .addOption(shapeOption())
    .addOption(scheduleOption())
    .option('--tuned', 'with the schedule that is best for the shape on the target, as modelled')
    .addOption(dtypeOption())
    .addOption(activationOption())
    .addOption(new Option('--target <target>', 'the NeuronCore that it is for').choices(TARGETS))
    .addOption(alignedOption())
    .addOption(
      outputOption('-o, --output <path>', 'write to a file instead of stdout; with --all, to a folder'),
    )
    .option('--force', 'replace what neuronmm did not write')
  withCores(command).action(async (name: string | undefined, args: EmitArguments, own: Command) => {
    if ((name === undefined) !== Boolean(args.all))
      throw new ArgumentError('emit: give the name of a kernel, or --all')
    if (args.tuned && own.getOptionValueSource('schedule') !== 'default')
      throw new ArgumentError('emit: --tuned searches for a schedule; leave --schedule out')
    if (args.tuned && (!args.shape || !args.target))
      throw new ArgumentError('emit: --tuned needs the --shape and the --target that it is to be best for')
    if (name === undefined) await emitAll(args)
    else await emitOne(name, args)
  })
}

async function emitOne(name: string, args: EmitArguments): Promise<void> {
  const { dialect, target, aligned, output, force } = args
  if (!dialect) throw new ArgumentError(`emit: give --dialect ${DIALECTS.join(' or --dialect ')}`)
  const tuned = args.tuned ? await tunedFor(...ofOneCore(familyOf(name), args), args) : null
  const choice = tuned?.choice ?? choiceOf(name, args)
  const program = traceChoice(choice, optionsOf(args))
  const cores = coresOf(program, args, args.shape)
  const same = simulatedBy(isOwn(name) ? name : choice.kernel.name, choice, args, cores)
  const text = emitPython(program, {
    dialect,
    aligned: aligned ?? [],
    simulatedBy: same,
    ...(target && { target }),
    ...(tuned && { tunedFor: tuned.tunedFor }),
    ...(cores && { cores }),
  })
  if (output === undefined) process.stdout.write(text)
  else writeEmitted(output, text, force)
  console.error(`Simulated by: ${same}`)
}

/**
 * The command that simulates what is written: the form by name, and every entry of its schedule, so that nothing depends on
 * what is usual for the shape.
 */
function simulatedBy(
  name: string,
  { kernel, schedule }: Choice,
  args: EmitArguments,
  cores: Split | null,
): string {
  const { target, activation, dtype, shape } = args
  const dims = shape ? withinLimits(kernel, shape) : smallShape(kernel)
  const entries = assignments({ ...kernel.schedule, ...schedule }, ',')
  return [
    target ? `npx neuronmm profile ${name} --target ${coreOf(target)}` : `npx neuronmm run ${name}`,
    ...(activation ? [`--activation ${activation}`] : []),
    ...(dtype === 'bfloat16' ? [] : [`--dtype ${dtype}`]),
    ...(cores ? [`--cores ${cores.count} --share ${cores.dim}`] : []),
    `--shape ${assignments(dims, ',')}`,
    ...(entries ? [`--schedule ${entries}`] : []),
  ].join(' ')
}

async function emitAll(args: EmitArguments): Promise<void> {
  const { dialect, target, output, force, shape = {} } = args
  if (output === undefined) throw new ArgumentError('emit: --all writes a package; give its folder with -o')
  const { aligned, activation, cores, share } = args
  for (const [option, value] of Object.entries({ aligned, activation, cores, share }))
    if (value !== undefined) throw new ArgumentError(`emit: --${option} is for one kernel, not for --all`)
  if (args.schedule !== 'default')
    throw new ArgumentError('emit: --schedule is for one kernel, not for --all')
  const dims = { ...USUAL_SHAPE, ...shape }
  const forms = FAMILIES.flatMap((family) => formsOf(family).map((general) => ({ family, general })))
  const kernels: PackagedKernel[] = []
  for (const { family, general } of forms) {
    const own = alone(family, general)
    const tuned = args.tuned ? await tunedFor(own, withinLimits(general, dims), args) : null
    const choice = tuned?.choice ?? choose(own, {}, 'default', undefined, args.dtype)
    kernels.push({
      kernel: general,
      program: traceChoice(choice),
      isBaseline: family.group === 'matmul' || family.name.startsWith('sequential'),
      simulatedBy: simulatedBy(general.name, choice, args, null),
      ...(tuned && { tunedFor: tuned.tunedFor }),
    })
  }
  const dialects = DIALECTS.filter((d) =>
    dialect ? d === dialect : !target || (DIALECT[d].targets as readonly string[]).includes(target),
  )
  const files = emitPackage(kernels, { dialects, dims, ...(target && { target }) })
  writeEmittedFolder(output, files, force)
  console.error(`${output}: ${kernels.length} kernels, ${dialects.join(' and ')}; see README.md there.`)
}

/** What is tuned, and for which shape: where several cores share it, the form for the whole at the shape of a share. */
function ofOneCore(family: Family, args: EmitArguments): [Family, Dims] {
  const dims = checkShape(family, args.shape!)
  const choice = choose(family, dims, 'default', coreOf(args.target), args.dtype)
  const split = coresOf(traceChoice(choice, optionsOf(args)), args, dims)
  if (!split) return [family, dims]
  const share = dimsOfShare(dims, split, sharesOf(dims, split)[0]!)
  return [alone(family, choice.kernel), share]
}

/** The best form and schedule of a family for a shape, and what that was, in words. */
async function tunedFor(
  family: Family,
  dims: Dims,
  { target, dtype, activation }: EmitArguments,
): Promise<{ choice: Choice; tunedFor: string }> {
  const options = optionsOf({ activation })
  const { best } = await withProgress(`tune ${family.name}`, (onProgress, signal) =>
    tune(family, dims, dtype, DEVICES[coreOf(target)], { options, cache: diskCache(), onProgress, signal }),
  )
  const kernel = formsOf(family).find((form) => form.name === best.kernel)!
  return {
    choice: { kernel, scheduleName: 'custom', schedule: best.schedule },
    tunedFor: `${assignments(dims)} in ${dtype} on ${target}, as modelled`,
  }
}
