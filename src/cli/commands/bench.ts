/** `neuronmm bench`: the two figures of the seed, modelled, with the published points and our tuned kernel. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { DEVICES, type DeviceName } from '../../device/index.ts'
import { ArgumentError } from '../../nki/index.ts'
import {
  drawFigures,
  type FigurePoint,
  figurePoints,
  ratiosOf,
  ratioToFused,
  SERIES,
  toPng,
  traffic,
  trial,
  WORKLOAD,
} from '../../report/index.ts'
import { diskCache, memoryCache } from '../../tune/index.ts'
import {
  dtypeOption,
  familyOf,
  type KernelArguments,
  outputOption,
  parseWhole,
  scheduleOption,
  shapeOption,
  withCores,
  workloadOf,
} from '../arguments.ts'
import { EXIT } from '../failure.ts'
import { printJson } from '../output.ts'
import { targetOption } from '../profiling.ts'
import { showProgress, withProgress } from '../progress.ts'
import { showHeadlines, showPoints, showResiduals, showTraffic, showTrials } from '../tables.ts'
import { checkFolder, writeWhole } from '../whole-files.ts'
import { benchOnDevice, type DeviceArguments } from './bench-device.ts'
import { benchOnHost } from './bench-host.ts'

interface BenchArguments extends Omit<DeviceArguments, 'target' | 'shape'> {
  readonly on?: 'device'
  readonly target: DeviceName | 'host'
  readonly shape?: KernelArguments['shape']
  readonly kernels?: readonly string[]
  readonly output: string
  readonly cache: boolean
  readonly details?: boolean
}

type Modelled = BenchArguments & { readonly target: DeviceName }

/** What only `--on device` takes. */
const ON_DEVICE = ['schedule', 'cores', 'share', 'warmup', 'iterations', 'timeout', 'save']

const whole = (flags: string, description: string): Option =>
  new Option(flags, `on the device: ${description}`).argParser((text) =>
    parseWhole(flags.split(' ')[0]!, text),
  )

export function register(program: Command): void {
  const command = program
    .command('bench')
    .description('time and traffic of X·U·V fused, sequential and dense X·W (K=8192, r=4096, N=16384)')
    .addOption(shapeOption())
    .addOption(dtypeOption())
    .addOption(targetOption(['host']))
    .addOption(
      new Option('--kernels <names>', 'only these kernels, separated by commas').argParser((text) =>
        text.split(',').map((name) => familyOf(name.trim()).name),
      ),
    )
    .addOption(outputOption('--output <folder>', 'where the figures go').default('neuronmm-bench'))
    .option('--no-cache', 'search the tuned schedules anew')
    .option('--json', 'print one JSON object, and draw nothing')
    .option(
      '--details',
      'with --json: also what is outside the kernels, counters as written, and the trial runs',
    )
    .addOption(
      new Option('--on <where>', 'measure the emitted kernels on the NeuronCore of this machine').choices([
        'device',
      ]),
    )
    .addOption(scheduleOption())
    .addOption(whole('--warmup <n>', 'runs before those that count').default(10))
    .addOption(whole('--iterations <n>', 'runs that count').default(100))
    .addOption(whole('--timeout <s>', 'seconds for a kernel, compilation included').default(1800))
    .addOption(
      outputOption('--save <file>', 'on the device: where the measurements go (neuronmm-device-TARGET.json)'),
    )
    .action(bench)
  withCores(command)
}

async function bench({ target, ...args }: BenchArguments, command: Command): Promise<void> {
  const given = (option: string): boolean => command.getOptionValueSource(option) === 'cli'
  if (args.on === 'device') {
    if (target === 'host')
      throw new ArgumentError('--target host is this CPU; leave it out, or name trn1, trn2 or trn3')
    await benchOnDevice({ ...args, target: given('target') ? target : undefined })
    return
  }
  const stray = ON_DEVICE.find(given)
  if (stray) throw new ArgumentError(`--${stray} is for measurements on a device; add --on device`)
  if (target === 'host') await benchOnHost(args.shape, args.json)
  else await benchModelled({ target, ...args })
}

async function benchModelled(args: Modelled): Promise<void> {
  const { dims, rows } = workloadOf(args.shape, WORKLOAD)
  const names = args.kernels ?? [...new Set(SERIES.map(({ kernel }) => kernel))]
  const series = SERIES.filter(({ kernel }) => names.includes(kernel))
  const draws = !args.json && rows.length > 1 && series.length > 0
  if (draws) checkFolder(args.output)

  const counted = rows.flatMap((m) =>
    names.map((name) => traffic(name, 'seed', { ...dims, M: m }, args.dtype)),
  )
  const points = await withProgress('bench', (onProgress, signal) =>
    figurePoints(series, dims, rows, args.dtype, DEVICES[args.target], {
      cache: args.cache ? diskCache() : memoryCache(),
      onProgress,
      signal,
    }),
  )
  const trials = showProgress('trial runs', () => names.map((name) => trial(name, args.dtype)))
  const ratios = ratiosOf(points)
  const { unvalidated } = DEVICES[args.target]
  if (unvalidated) console.error(unvalidated)
  if (args.json)
    printJson({
      target: args.target,
      workload: { ...dims, dtype: args.dtype },
      points: args.details ? points : points.map(essential),
      ratios,
      ...(args.details && {
        kernels: counted.map((point) => ({ ...point, ratioToFused: ratioToFused(point, counted) })),
        trials,
      }),
    })
  else {
    showTraffic(dims, counted)
    if (points.length > 0) showPoints(args.target, points)
    showResiduals(points)
    if (ratios) showHeadlines(ratios, points)
    showTrials(trials)
    if (draws) draw(points, args)
  }
  if (trials.some(({ ok }) => !ok)) process.exitCode = EXIT.failed
}

const essential = ({ series, M, seconds, hbmGiB, asWrittenGiB, published }: FigurePoint) => ({
  series,
  M,
  seconds,
  hbmGiB,
  asWrittenGiB,
  ...(published && { published }),
})

function draw(points: readonly FigurePoint[], { target, dtype, output }: Modelled): void {
  mkdirSync(output, { recursive: true })
  const files = drawFigures(points, `${target}, ${dtype}`).flatMap(({ name, svg }) => {
    const file = join(output, `${name}-${target}`)
    writeWhole(`${file}.svg`, svg)
    writeWhole(`${file}.png`, toPng(svg))
    return [`${file}.svg`, `${file}.png`]
  })
  console.log(`\nFigures: ${files.join(', ')}`)
}
