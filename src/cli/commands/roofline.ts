/** `neuronmm roofline [NAME…]`: kernels under the roofs of a NeuronCore, as a figure and in the terminal. */
import { extname } from 'node:path'
import { type Command, Option } from 'commander'
import { ArgumentError, type Dims } from '../../nki/index.ts'
import {
  drawRoofline,
  pointsOf,
  type RooflinePoint,
  rooflineText,
  roofsOf,
  toPng,
  WORKLOAD,
} from '../../report/index.ts'
import {
  activationOption,
  dtypeOption,
  outputOption,
  parseShape,
  scheduleOption,
  withCores,
} from '../arguments.ts'
import { assignments, printJson, table } from '../output.ts'
import { type ProfileArguments, profiled, targetOption } from '../profiling.ts'
import { showProgress } from '../progress.ts'
import { argumentsOf, parseSpec, type Spec } from '../specs.ts'
import { checkWritable, writeWhole } from '../whole-files.ts'

type RooflineArguments = Omit<ProfileArguments, 'shape'> & {
  readonly shape?: readonly Dims[]
  readonly output?: string
}

/** Without names: the benchmark's kernels, prefill and decode. */
const USUAL = ['matmul_fully_optimized:seed', 'sequential_xuv:seed', 'fused_xuv:seed', 'fused_xuv']
const USUAL_ROWS = [64, 4096]

export function register(program: Command): void {
  withCores(
    program
      .command('roofline [kernels...]')
      .description('kernels under the roofs of a NeuronCore: FLOP/s over FLOP/byte'),
  )
    .addOption(
      new Option('--shape <dims>', 'dimensions; several times for several shapes').argParser(
        (text, previous: readonly Dims[] = []) => [...previous, parseShape(text)],
      ),
    )
    .addOption(dtypeOption())
    .addOption(scheduleOption())
    .addOption(activationOption())
    .addOption(targetOption())
    .addOption(outputOption('-o, --output <file>', 'write the figure as .svg or .png'))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Kernels are KERNEL[:SCHEDULE][@SHAPE][@TARGET]; what such a one does not say comes from the options:

  neuronmm roofline -o roofline.svg
  neuronmm roofline fused_xuv:seed fused_xuv fused_xuv@M=64 --shape M=4096,K=8192,r=4096,N=16384
  neuronmm roofline fused_xuv@trn1 fused_xuv@trn2 --shape M=1,K=2048,r=1280,N=8192 --shape M=64,K=2048,r=1280,N=8192`,
    )
    .action(roofline)
}

function roofline(names: readonly string[], args: RooflineArguments): void {
  const format = args.output === undefined ? null : formatOf(args.output)
  if (args.output !== undefined) checkWritable(args.output)
  const work = requests(names, args)
  const kernels = showProgress('roofline', (onProgress) =>
    work.map(({ spec, args: own }, i) => {
      const { kernel, scheduleName, device, profile } = profiled(spec.kernel, own)
      onProgress(i + 1, work.length)
      return { kernel: kernel.name, scheduleName, device, shape: own.shape, dtype: own.dtype, profile }
    }),
  )
  const points = pointsOf(kernels)
  const devices = [...new Set(kernels.map(({ device }) => device))]
  const roofs = devices.map(roofsOf)
  if (args.output !== undefined) {
    const svg = drawRoofline(roofs, points)
    writeWhole(args.output, format === 'png' ? toPng(svg) : svg)
  }
  const unvalidated = devices.flatMap((device) => device.unvalidated ?? [])
  if (args.json) printJson({ roofs, points, ...(unvalidated.length > 0 && { unvalidated }) })
  else {
    for (const text of unvalidated) console.log(`${text}\n`)
    console.log(rooflineText(roofs, points))
    console.log(`\n${tableOf(points)}`)
    if ((args.cores ?? 1) > 1)
      console.log(
        `\n${args.cores} cores share each kernel: a point is the slowest of them, under the roofs of one.`,
      )
  }
  if (args.output !== undefined) console.error(`Figure: ${args.output}`)
}

function formatOf(path: string): 'svg' | 'png' {
  const format = extname(path).toLowerCase().slice(1)
  if (format === 'svg' || format === 'png') return format
  throw new ArgumentError(`${path}: a figure is written as .svg or .png`)
}

interface Request {
  readonly spec: Spec
  readonly args: ProfileArguments
}

/** Every kernel at every shape; one with a whole shape of its own, once. */
function requests(names: readonly string[], { shape, ...defaults }: RooflineArguments): Request[] {
  const specs = (names.length > 0 ? names : USUAL).map(parseSpec)
  const shapes = shape ?? (names.length > 0 ? [{}] : USUAL_ROWS.map((M): Dims => ({ M, ...WORKLOAD.dims })))
  const all = shapes.flatMap((dims) =>
    argumentsOf(specs, { ...defaults, shape: dims }).map((args, i) => ({ spec: specs[i]!, args })),
  )
  const seen = new Set<string>()
  return all.filter(({ spec, args }) => {
    const key = JSON.stringify([spec.text, args.shape])
    return !seen.has(key) && seen.add(key)
  })
}

const tableOf = (points: readonly RooflinePoint[]): string =>
  table(
    [
      '',
      'kernel',
      'schedule',
      'target',
      'shape',
      'as written',
      'modelled',
      'TFLOP/s',
      'allowed',
      'of it',
      'bound by',
    ],
    points.map((p) => [
      p.letter,
      p.kernel,
      p.scheduleName,
      p.target,
      assignments(p.shape),
      p.intensity.asWritten.toFixed(1),
      p.intensity.modelled.toFixed(1),
      (p.achieved / 1e12).toFixed(2),
      (p.attainable / 1e12).toFixed(2),
      `${((100 * p.achieved) / p.attainable).toFixed(0)} %`,
      p.boundBy,
    ]),
  )
