/**
 * The tuner: which schedule of a kernel is best for a shape on a device, with the profiler as the cost. It looks at every
 * candidate of the declared space, in two rounds where rows are many: all of them at a few strips of rows, then the best
 * at the full shape. Nothing is random, so the answer depends on its arguments only.
 */
import { setImmediate as breathe } from 'node:timers/promises'
import { type Device, dmaBandwidth, machineOf } from '../device/index.ts'
import type { Family } from '../kernels/index.ts'
import { bind, type Dims, type Kernel, type OptionValues, type ScheduleValues } from '../nki/index.ts'
import { count, profile } from '../simulate/index.ts'
import type { Dtype } from '../tensor/index.ts'
import { type Cache, type Cost, cacheKey } from './cache.ts'
import { candidates } from './space.ts'

export interface Candidate extends Cost {
  /** Name of the form. */
  readonly kernel: string
  readonly schedule: ScheduleValues
}

export interface TuneResult {
  readonly best: Candidate
  /** Candidates of the space; those ruled out by a bound are among them. */
  readonly tried: number
  /** Those profiled at the full shape, best first. */
  readonly ranking: readonly Candidate[]
}

export interface TuneOptions {
  readonly options?: OptionValues
  readonly cache?: Cache | null
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
  /** Entries of the schedule that are not up for choice: `{ accumulate: 'float32' }`. */
  readonly fixed?: ScheduleValues
}

/** Rows of the first round: two of the longest strips. */
const SCREEN_ROWS = 4096
/** Candidates that go on to the second round. */
const FINALISTS = 12
/** Times as close as this are equal, and the candidate with less traffic wins. */
const EQUAL_TIME = 1.005

interface Entry {
  readonly kernel: Kernel
  readonly schedule: ScheduleValues
}

/** @throws AbortError when the signal says so, ArgumentError for a shape that the kernel does not take. */
export async function tune(
  family: Family,
  dims: Dims,
  dtype: Dtype,
  device: Device,
  { options = {}, cache = null, signal, onProgress, fixed = {} }: TuneOptions = {},
): Promise<TuneResult> {
  const all = entriesOf(family, dims, fixed)
  const screened = dims.M !== undefined && dims.M > SCREEN_ROWS
  const total = all.length + (screened ? FINALISTS : 0)
  let done = 0

  const round = async (entries: readonly Entry[], shape: Dims): Promise<[Entry, Cost][]> => {
    const costs: [Entry, Cost][] = []
    let fastest = Number.POSITIVE_INFINITY
    for (const entry of entries) {
      const cost = costOf(entry, shape, fastest)
      if (cost) {
        costs.push([entry, cost])
        fastest = Math.min(fastest, cost.metrics.total_time)
      }
      onProgress?.(++done, total)
      await breathe()
      signal?.throwIfAborted()
    }
    return ranked(costs)
  }

  /** null: the bytes that it moves alone take longer than the fastest candidate so far. */
  const costOf = ({ kernel, schedule }: Entry, shape: Dims, fastest: number): Cost | null => {
    const program = kernel.trace(schedule, options)
    const binding = bind(program, shape, dtype)
    const { hbmReadBytes, hbmWriteBytes } = count(program, binding)
    const least = ((hbmReadBytes + hbmWriteBytes) / dmaBandwidth(machineOf(device))) * 1e-6
    if (least > fastest * EQUAL_TIME) return null
    const key = cache && cacheKey(program, binding, device)
    const known = key && cache.get(key)
    if (known) return known
    const { metrics, asWritten, bounds } = profile(program, binding, device, { macs: kernel.macs(shape) })
    const cost = { metrics, asWritten, bounds }
    if (key) cache.put(key, cost)
    return cost
  }

  let entries = all
  if (screened) {
    const first = await round(all, { ...dims, M: SCREEN_ROWS })
    // what has a name is compared at the full shape in any case
    const named = all.filter((entry) => isNamed(entry, dims))
    entries = [...new Set([...named, ...first.map(([entry]) => entry).slice(0, FINALISTS)])]
  }
  const final = await round(entries, dims)
  const ranking = final.map(([{ kernel, schedule }, cost]) => ({ kernel: kernel.name, schedule, ...cost }))
  return { best: ranking[0]!, tried: all.length, ranking }
}

/** The forms of a family that take the shape, each with its candidates. */
function entriesOf({ special, general }: Family, dims: Dims, fixed: ScheduleValues): Entry[] {
  return [...special, general]
    .filter(({ limits }) => Object.entries(limits).every(([dim, limit]) => (dims[dim] ?? 0) <= limit))
    .flatMap((kernel) =>
      candidates(kernel, dims)
        .filter((schedule) =>
          Object.entries(fixed).every(([name, value]) => !(name in schedule) || schedule[name] === value),
        )
        .map((schedule) => ({ kernel, schedule })),
    )
}

function isNamed({ kernel, schedule }: Entry, dims: Dims): boolean {
  const named = [kernel.defaultFor(dims), ...Object.values(kernel.schedules)]
  return named.some(
    (entries) => JSON.stringify({ ...kernel.schedule, ...entries }) === JSON.stringify(schedule),
  )
}

const traffic = ({ metrics }: Cost): number => metrics.hbm_read_bytes + metrics.hbm_write_bytes

/** By time; among those as fast as the fastest, by traffic. Order of the space breaks ties. */
function ranked(costs: readonly [Entry, Cost][]): [Entry, Cost][] {
  const time = ([, { metrics }]: [Entry, Cost]) => metrics.total_time
  const enough = Math.min(...costs.map(time)) * EQUAL_TIME
  const near = costs.filter((entry) => time(entry) <= enough)
  const far = costs.filter((entry) => time(entry) > enough)
  return [
    ...near.sort((a, b) => traffic(a[1]) - traffic(b[1]) || time(a) - time(b)),
    ...far.sort((a, b) => time(a) - time(b)),
  ]
}
