/** `neuronmm bench`: the fused low-rank product against its baselines, on the seed's workload. */
import { type Command, Option } from 'commander'
import { findFamily } from '../../kernels/index.ts'
import { SERIES, type TrafficPoint, traffic, WORKLOAD } from '../../report/index.ts'
import { check } from '../../simulate/index.ts'
import { checkShape, dtypeOption, type KernelArguments, shapeOption } from '../arguments.ts'
import { EXIT } from '../failure.ts'
import { printJson, table } from '../output.ts'
import { withProgress } from '../progress.ts'

const GIB = 2 ** 30
const REFERENCE = 'fused_xuv'
/** Small enough to be executed in moments, ragged enough to mean something. */
const TRIAL = { M: 300, K: 640, r: 320, N: 1100 }

interface BenchArguments extends Pick<KernelArguments, 'dtype' | 'json'> {
  readonly shape?: KernelArguments['shape']
  readonly kernels: readonly string[]
}

export function register(program: Command): void {
  program
    .command('bench')
    .description('compare X·U·V fused, sequential and dense X·W on the workload (K=8192, r=4096, N=16384)')
    .addOption(shapeOption())
    .addOption(dtypeOption())
    .addOption(
      new Option('--kernels <names>', 'which kernels, separated by commas')
        .argParser((text) => text.split(',').map((name) => findFamily(name.trim()).name))
        .default(
          SERIES.map(({ kernel }) => kernel),
          SERIES.map(({ kernel }) => kernel).join(','),
        ),
    )
    .option('--json', 'print one JSON object')
    .action(async (args: BenchArguments) => {
      const { M, ...given } = args.shape ?? {}
      const dims = { ...WORKLOAD.dims, ...given }
      checkShape(findFamily(REFERENCE), { M: M ?? 1, ...dims })
      const rows = M === undefined ? WORKLOAD.rows : [M]
      const points = rows.flatMap((m) =>
        args.kernels.map((name) => traffic(name, 'seed', { ...dims, M: m }, args.dtype)),
      )
      const trials = await withProgress('bench', () => args.kernels.map((name) => trial(name, args)))
      if (args.json)
        printJson({
          workload: { ...dims, dtype: args.dtype },
          points: points.map((point) => ({ ...point, ratioToFused: ratio(point, points) })),
          trials,
        })
      else show(dims, points, trials)
      if (trials.some(({ ok }) => !ok)) process.exitCode = EXIT.failed
    })
}

function trial(name: string, { dtype }: Pick<BenchArguments, 'dtype'>) {
  const { general } = findFamily(name)
  const dims = Object.fromEntries(general.dims.map((dim) => [dim, TRIAL[dim as keyof typeof TRIAL]]))
  const { relativeError, maxAbsError, tolerance, ok } = check(general, dims, dtype, {
    schedule: general.schedules.seed ?? {},
  })
  return { kernel: name, shape: dims, relativeError, maxAbsError, tolerance, ok }
}

/** HBM traffic over that of the fused kernel at the same number of rows. */
function ratio(point: TrafficPoint, points: readonly TrafficPoint[]): number | null {
  const fused = points.find(({ kernel, M }) => kernel === REFERENCE && M === point.M)
  return fused ? point.asWrittenBytes / fused.asWrittenBytes : null
}

function show(
  dims: Readonly<Record<string, number>>,
  points: readonly TrafficPoint[],
  trials: readonly ReturnType<typeof trial>[],
): void {
  console.log(
    `As-written HBM traffic, ${Object.entries(dims)
      .map(([dim, n]) => `${dim}=${n}`)
      .join(' ')}, schedules of the seed\n`,
  )
  console.log(
    table(
      ['M', 'kernel', 'TFLOP', 'HBM GiB', 'compulsory GiB', 'FLOP/byte', 'to fused'],
      points.map((point) => [
        point.M,
        point.kernel,
        (point.flops / 1e12).toFixed(3),
        (point.asWrittenBytes / GIB).toFixed(3),
        (point.compulsoryBytes / GIB).toFixed(3),
        point.arithmeticIntensity.toFixed(0),
        ratio(point, points)?.toFixed(2) ?? '–',
      ]),
    ),
  )
  console.log(
    `\nExecuted at ${Object.entries(TRIAL)
      .map(([dim, n]) => `${dim}=${n}`)
      .join(' ')}, against float64\n`,
  )
  console.log(
    table(
      ['kernel', 'relative error', 'allowed', 'result'],
      trials.map(({ kernel, relativeError, tolerance, ok }) => [
        kernel,
        relativeError.toExponential(2),
        tolerance.toExponential(2),
        ok ? 'right' : 'WRONG',
      ]),
    ),
  )
}
