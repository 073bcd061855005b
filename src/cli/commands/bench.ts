/** `neuronmm bench`: the two figures of the seed, modelled, with the published points and our tuned kernel. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { DEVICES, type DeviceName } from '../../device/index.ts'
import { findFamily } from '../../kernels/index.ts'
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
import { checkShape, dtypeOption, type KernelArguments, shapeOption } from '../arguments.ts'
import { EXIT } from '../failure.ts'
import { printJson } from '../output.ts'
import { targetOption } from '../profiling.ts'
import { showProgress, withProgress } from '../progress.ts'
import { showHeadlines, showPoints, showResiduals, showTraffic, showTrials } from '../tables.ts'
import { benchOnHost } from './bench-host.ts'

/** Its kernel takes every dimension of the workload. */
const REFERENCE = 'fused_xuv'

interface BenchArguments extends Pick<KernelArguments, 'dtype' | 'json'> {
  readonly target: DeviceName | 'host'
  readonly shape?: KernelArguments['shape']
  readonly kernels?: readonly string[]
  readonly output: string
  readonly cache: boolean
}

type Modelled = BenchArguments & { readonly target: DeviceName }

export function register(program: Command): void {
  program
    .command('bench')
    .description('time and traffic of X·U·V fused, sequential and dense X·W (K=8192, r=4096, N=16384)')
    .addOption(shapeOption())
    .addOption(dtypeOption())
    .addOption(targetOption(['host']))
    .addOption(
      new Option('--kernels <names>', 'only these kernels, separated by commas').argParser((text) =>
        text.split(',').map((name) => findFamily(name.trim()).name),
      ),
    )
    .option('--output <folder>', 'where the figures go', 'neuronmm-bench')
    .option('--no-cache', 'search the tuned schedules anew')
    .option('--json', 'print one JSON object, and draw nothing')
    .action(bench)
}

async function bench({ target, ...args }: BenchArguments): Promise<void> {
  if (target === 'host') await benchOnHost(args.shape, args.json)
  else await benchModelled({ target, ...args })
}

async function benchModelled(args: Modelled): Promise<void> {
  const { M, ...given } = args.shape ?? {}
  const dims = { ...WORKLOAD.dims, ...given }
  checkShape(findFamily(REFERENCE), { M: M ?? 1, ...dims })
  const rows = M === undefined ? WORKLOAD.rows : [M]
  const names = args.kernels ?? [...new Set(SERIES.map(({ kernel }) => kernel))]
  const series = SERIES.filter(({ kernel }) => names.includes(kernel))

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
  if (args.json)
    printJson({
      target: args.target,
      workload: { ...dims, dtype: args.dtype },
      points,
      ratios,
      kernels: counted.map((point) => ({ ...point, ratioToFused: ratioToFused(point, counted) })),
      trials,
    })
  else {
    showTraffic(dims, counted)
    if (points.length > 0) showPoints(args.target, points)
    showResiduals(points)
    if (ratios) showHeadlines(ratios)
    showTrials(trials)
    if (rows.length > 1 && points.length > 0) draw(points, args)
  }
  if (trials.some(({ ok }) => !ok)) process.exitCode = EXIT.failed
}

function draw(points: readonly FigurePoint[], { target, dtype, output }: Modelled): void {
  mkdirSync(output, { recursive: true })
  const files = drawFigures(points, `${target}, ${dtype}`).flatMap((figure) => {
    const file = join(output, `${figure.name}-${target}`)
    writeFileSync(`${file}.svg`, figure.svg)
    writeFileSync(`${file}.png`, toPng(figure))
    return [`${file}.svg`, `${file}.png`]
  })
  console.log(`\nFigures: ${files.join(', ')}`)
}
