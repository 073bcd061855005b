/** `neuronmm bench --on device`: emitted kernels, measured on a Trainium instance, beside what the model says. */
import type { DeviceName } from '../../device/index.ts'
import type { ScheduleRequest } from '../../kernels/index.ts'
import {
  type Compared,
  compareMeasurements,
  findSdk,
  hasDevice,
  type Measurements,
  measureOnDevice,
  pointOf,
  sourceOf,
} from '../../measure/index.ts'
import { ArgumentError, type Dims } from '../../nki/index.ts'
import { SERIES, WORKLOAD } from '../../report/index.ts'
import type { Dtype } from '../../tensor/index.ts'
import { type CoresArguments, coresOf, workloadOf } from '../arguments.ts'
import { EXIT, MissingError } from '../failure.ts'
import { assignments, printJson, signedPercent, table } from '../output.ts'
import { withProgress } from '../progress.ts'
import { checkWritable, writeWhole } from '../whole-files.ts'

/** One row, and enough of them to fill the array. */
const ROWS = [1, 4096]

export interface DeviceArguments extends CoresArguments {
  /** Where it was asked for; otherwise the instance says. */
  readonly target?: DeviceName | undefined
  readonly shape?: Dims
  readonly dtype: Dtype
  readonly kernels?: readonly string[]
  readonly schedule: ScheduleRequest
  readonly warmup: number
  readonly iterations: number
  readonly timeout: number
  readonly save?: string
  readonly json?: boolean
}

/** @throws MissingError without a Neuron SDK, ArgumentError for what no kernel takes. */
export async function benchOnDevice(args: DeviceArguments): Promise<void> {
  const { warmup, iterations, timeout } = args
  if (iterations < 1 || timeout < 1) throw new ArgumentError('--iterations and --timeout are numbers from 1')
  const names = args.kernels ?? [...new Set(SERIES.map(({ kernel }) => kernel))]
  const { dims: layer, rows } = workloadOf(args.shape, { dims: WORKLOAD.dims, rows: ROWS })
  const shapes = rows.map((M) => ({ ...layer, M }))
  const points = names.flatMap((name) =>
    shapes.map((dims) =>
      pointOf(name, dims, args.dtype, args.schedule, (program) => coresOf(program, args, dims)),
    ),
  )
  const sdk = findSdk({ target: args.target })
  if ('missing' in sdk) throw new MissingError(sdk.missing)
  const file = args.save ?? `neuronmm-device-${sdk.target}.json`
  checkWritable(file)
  const { measurements, interrupted } = await withProgress('bench on device', (onProgress, signal) =>
    measureOnDevice(points, sdk, {
      warmup,
      iterations,
      seconds: timeout,
      signal,
      onProgress,
      onPoint: (result) => {
        const problem = 'error' in result ? result.error : result.note
        if (problem) console.error(`${result.kernel} ${assignments(result.dims)}: ${problem}`)
      },
    }),
  )
  if (interrupted && measurements.points.length === 0) throw new DOMException('', 'AbortError')
  writeWhole(file, `${JSON.stringify(measurements, null, 2)}\n`)
  const compared = compareMeasurements(measurements)
  if (args.json) printJson({ ...measurements, compared, file })
  else show(measurements, compared, file)
  if (interrupted) {
    console.error(`neuronmm: interrupted after ${compared.length} of ${points.length} measurements`)
    process.exitCode = EXIT.interrupted
  } else if (measurements.failures.length > 0) {
    if (compared.length === 0 && !hasDevice())
      console.error('neuronmm: there is no /dev/neuron0: this is no Trainium instance, or lacks its driver')
    process.exitCode = EXIT.failed
  }
}

function show(
  { machine, target, dialect, failures }: Measurements,
  compared: readonly Compared[],
  file: string,
): void {
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`)
  console.log(
    `Measured on ${machine.instance ?? 'this machine'} (${target}), ${dialect} dialect: ${packages.join(', ')}`,
  )
  console.log(
    machine.profiler ? `Profiler: ${machine.profiler}\n` : 'No profiler: HBM traffic is not measured.\n',
  )
  if (compared.length > 0)
    console.log(
      table(
        [
          'kernel',
          'shape',
          'p50 ms',
          'p99 ms',
          'by',
          'ms',
          'modelled ms',
          'error',
          'GiB',
          'modelled GiB',
          'error',
        ],
        compared.map((c) => [
          c.point.kernel,
          assignments(c.point.dims),
          (c.point.percentiles[50] / 1e3).toFixed(3),
          (c.point.percentiles[99] / 1e3).toFixed(3),
          sourceOf(c.point),
          c.measured.toFixed(3),
          c.modelled.toFixed(3),
          signedPercent(c.timeError),
          c.measuredGib?.toFixed(3) ?? '-',
          c.modelledGib.toFixed(3),
          c.bytesError === null ? '-' : signedPercent(c.bytesError),
        ]),
      ),
    )
  if (failures.length > 0)
    console.log(`\n${failures.length} not measured; the reasons are above and in the file.`)
  console.log(
    `\nSaved to ${file}; npm run calibrate -- --measured ${file} adds it to the calibration report.`,
  )
}
