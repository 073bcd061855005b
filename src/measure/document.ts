/**
 * Measurements as a file: what `neuronmm bench --on device` saves and `npm run calibrate -- --measured FILE` takes in.
 * Files come from other machines and other versions, so everything in one is checked before it is used.
 */
import { DEVICE_NAMES, type DeviceName } from '../device/index.ts'
import { DIALECTS, type Dialect } from '../emit/index.ts'
import { ArgumentError } from '../nki/index.ts'
import { DTYPES, type Dtype } from '../tensor/index.ts'
import type { Point } from './points.ts'
import { type DeviceSummary, isPositive, isSummary } from './profiler.ts'

/** Percent of the runs that took no longer. */
export const PERCENTILES = [0, 1, 10, 25, 50, 90, 99, 100] as const
export type Percentiles = Readonly<Record<(typeof PERCENTILES)[number], number>>

/** nc_latency: on the NeuronCore, by nki.benchmark. host: a call from torch-neuronx, on the clock of the host. */
export const CLOCKS = ['nc_latency', 'host'] as const
export type Clock = (typeof CLOCKS)[number]

export interface Measurement extends Point {
  readonly clock: Clock
  /** Microseconds. */
  readonly percentiles: Percentiles
  /** One run under the profiler; null where there is none, or it failed. */
  readonly profile: DeviceSummary | null
  /** Why there is no profile although there is a profiler. */
  readonly note: string | null
}

export interface Failure extends Point {
  readonly error: string
}

export interface Measurements {
  readonly format: typeof FORMAT
  readonly target: DeviceName
  readonly dialect: Dialect
  readonly machine: {
    readonly instance: string | null
    readonly python: string
    /** Versions, by module. */
    readonly packages: Readonly<Record<string, string>>
    readonly profiler: string | null
  }
  readonly points: readonly Measurement[]
  readonly failures: readonly Failure[]
}

export const FORMAT = 'neuronmm-measurements-1'

/** The time that is held against the model, in µs: the profiler's, since it is the device's, or else the median. */
export const typical = ({ percentiles, profile }: Pick<Measurement, 'percentiles' | 'profile'>): number =>
  profile ? profile.total_time * 1e6 : percentiles[50]

/** Whether that time is the device's own, without what the host takes to start it. */
export const isDeviceTime = ({ clock, profile }: Pick<Measurement, 'clock' | 'profile'>): boolean =>
  profile !== null || clock === 'nc_latency'

/** Positive, finite, and none above the next. Returns what is wrong. */
export function faultOf(percentiles: unknown): string | null {
  const values = PERCENTILES.map((p) => (percentiles as Record<string, unknown> | null)?.[p])
  for (const [i, value] of values.entries())
    if (!isPositive(value))
      return `percentile ${PERCENTILES[i]} is ${JSON.stringify(value)}, not a time in µs`
  const numbers = values as number[]
  const falls = numbers.findIndex((x, i) => i > 0 && x < numbers[i - 1]!)
  return falls < 0 ? null : `percentile ${PERCENTILES[falls]} is below percentile ${PERCENTILES[falls - 1]}`
}

/** @throws ArgumentError with the first thing that is wrong. */
export function parseMeasurements(text: string, source: string): Measurements {
  const fail = (problem: string): never => {
    throw new ArgumentError(`${source}: ${problem}; make it with neuronmm bench --on device`)
  }
  let document: Partial<Measurements> | null = null
  try {
    document = JSON.parse(text)
  } catch {
    fail('it is not JSON')
  }
  if (document?.format !== FORMAT) return fail(`its format is ${document?.format}, not ${FORMAT}`)
  const { target, dialect, machine, points, failures } = document
  if (!DEVICE_NAMES.includes(target!)) fail(`its target is ${target}, not one of ${DEVICE_NAMES.join(', ')}`)
  if (!DIALECTS.includes(dialect!)) fail(`its dialect is ${dialect}, not one of ${DIALECTS.join(', ')}`)
  if (!machine?.packages || typeof machine.packages !== 'object')
    fail('it does not say which machine it is from')
  if (!Array.isArray(points) || !Array.isArray(failures)) return fail('it has no list of points and failures')
  for (const [i, point] of points.entries()) {
    const problem = faultOfPoint(point)
    if (problem) fail(`point ${i + 1}: ${problem}`)
  }
  return document as Measurements
}

function faultOfPoint(point: Partial<Measurement> | null): string | null {
  if (typeof point !== 'object' || point === null) return 'it is no object'
  const { kernel, dims, dtype, clock, percentiles, profile, schedule, cores } = point
  if (typeof kernel !== 'string') return 'it names no kernel'
  if (!dims || typeof dims !== 'object' || !schedule || typeof schedule !== 'object')
    return 'it has no dims and schedule'
  if (!DTYPES.includes(dtype as Dtype)) return `its dtype is ${dtype}`
  if (!CLOCKS.includes(clock as Clock)) return `its clock is ${clock}`
  if (cores !== null && (typeof cores?.dim !== 'string' || cores.count !== 2)) return 'its cores are no split'
  if (profile !== null && !isSummary(profile)) return 'its profile is no summary'
  return faultOf(percentiles)
}
