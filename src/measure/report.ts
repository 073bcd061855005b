/** Measured beside modelled: the rows of a table, and the section of the calibration report for a user's file. */
import { isDeviceTime, type Measurement, type Measurements, typical } from './document.ts'
import { modelPoint } from './points.ts'

export interface Compared {
  readonly point: Measurement
  /** Milliseconds: of the device, or of the host that waits for it. */
  readonly measured: number
  readonly modelled: number
  /** modelled / measured - 1 */
  readonly timeError: number
  /** Read and written, GiB; null where there was no profiler. */
  readonly measuredGib: number | null
  readonly modelledGib: number
  readonly bytesError: number | null
}

const GIB = 2 ** 30

/** @throws ArgumentError for a kernel or schedule that there is not (any more). */
export function compareMeasurements({ target, points }: Measurements): Compared[] {
  return points.map((point) => {
    const model = modelPoint(point, target)
    const measured = typical(point) / 1e3
    const modelled = (model.microseconds + (isDeviceTime(point) ? 0 : model.launchMicroseconds)) / 1e3
    const { profile } = point
    const measuredGib = profile ? (profile.hbm_read_bytes + profile.hbm_write_bytes) / GIB : null
    const modelledGib = (model.hbmReadBytes + model.hbmWriteBytes) / GIB
    return {
      point,
      measured,
      modelled,
      timeError: modelled / measured - 1,
      measuredGib,
      modelledGib,
      bytesError: measuredGib ? modelledGib / measuredGib - 1 : null,
    }
  })
}

/** What its time was taken by. */
export const sourceOf = ({ clock, profile }: Measurement): string =>
  profile ? 'profiler' : clock === 'nc_latency' ? 'nki.benchmark' : 'host clock'

const percent = (x: number): string => `${x >= 0 ? '+' : '−'}${Math.abs(100 * x).toFixed(1)} %`
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The section, as lines of Markdown. `source` is the name of the file. */
export function measuredSection(measurements: Measurements, source: string): string[] {
  const { machine, target, dialect, failures } = measurements
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`)
  const head = [
    'measurement',
    'by',
    'ms modelled',
    'ms measured',
    'error',
    'GiB modelled',
    'GiB measured',
    'error',
  ]
  return [
    `## Measured by a user: ${source}`,
    '',
    `On ${machine.instance ?? 'an unnamed machine'} (${target}), ${dialect} dialect, ${packages.join(', ')}. None of these points was used to calibrate the model.`,
    '',
    line(head),
    line(Array<string>(head.length).fill('---')),
    ...compareMeasurements(measurements).map((c) =>
      line([
        title(c.point),
        sourceOf(c.point),
        c.modelled.toFixed(3),
        c.measured.toFixed(3),
        percent(c.timeError),
        c.modelledGib.toFixed(3),
        c.measuredGib?.toFixed(3) ?? '–',
        c.bytesError === null ? '–' : percent(c.bytesError),
      ]),
    ),
    '',
    ...failures.map((f) => `- ${title(f)} was not measured: ${f.error}`),
    ...(failures.length > 0 ? [''] : []),
  ]
}

type Titled = Pick<Measurement, 'kernel' | 'dims' | 'dtype' | 'schedule' | 'cores'>

function title({ kernel, dims, dtype, schedule, cores }: Titled): string {
  const shape = Object.entries(dims).map(([dim, size]) => `${dim}=${size}`)
  const entries = Object.entries(schedule).map(([name, value]) => `${name}=${value}`)
  return [
    kernel,
    ...shape,
    dtype,
    ...(cores ? [`${cores.count} cores share ${cores.dim}`] : []),
    ...(entries.length > 0 ? [`(${entries.join(' ')})`] : []),
  ].join(' ')
}
