/**
 * The tuner: which schedule of a kernel is best for a shape on a device, with the profiler as the cost. Best is the least
 * HBM traffic among the schedules that are as fast as the fastest, within one percent.
 *
 * Most candidates are never profiled. Those whose instructions do not take elements of the dtype are left out, those that do
 * not fit on chip (but for schedules with a name; if one of them wins, all are looked at), and those that cannot win, since
 * their busiest engine alone takes longer than the best so far. At shapes of many instructions times are foreseen from
 * shorter shapes first, and only the most promising are profiled. Nothing is random, so the answer depends on the arguments
 * only; what was profiled is in the cache, so a search that was stopped goes on where it was.
 */
import { setImmediate as breathe } from 'node:timers/promises'
import type { Device } from '../device/index.ts'
import { EQUAL_TIME, type Family, formsFor } from '../kernels/index.ts'
import { AUTO, BUFFERS, bind, type Dims, type OptionValues, type ScheduleValues } from '../nki/index.ts'
import { profile } from '../simulate/index.ts'
import type { Dtype } from '../tensor/index.ts'
import { type Cache, type Cost, cacheKey } from './cache.ts'
import { type Prospect, prospectOf, shorten } from './prospect.ts'
import { candidates, type Fixed, namedOf } from './space.ts'

export interface Candidate extends Cost {
  /** Name of the form. */
  readonly kernel: string
  readonly schedule: ScheduleValues
}

/**
 * capacity: does not fit on chip, while others do. bound: its busiest engine takes longer than the best, or it is no
 * faster and moves more. foreseen: slower than the best, extrapolated from shorter shapes. profiled: in full.
 */
export type Outcome = 'capacity' | 'bound' | 'foreseen' | 'profiled'

export interface Trial {
  readonly kernel: string
  readonly schedule: ScheduleValues
  readonly outcome: Outcome
  /** total_time, as profiled or foreseen; otherwise that of its busiest engine, which is less. */
  readonly seconds: number
  readonly cost: Cost | null
}

export interface TuneResult {
  readonly best: Candidate
  /** Candidates of the space. */
  readonly tried: number
  /** All of them: those profiled best first, then the others in the order of the space. */
  readonly trials: readonly Trial[]
  /** Of those, the best schedule with the copies of what it loads given as a number, from one on. */
  readonly degrees: readonly Trial[]
}

export interface TuneOptions {
  readonly options?: OptionValues
  readonly cache?: Cache | null
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
  /** Entries of the schedule that are not up for choice: `{ accumulate: 'float32' }`, or what is left of them. */
  readonly fixed?: Fixed
}

/** What is foreseen may be off by so much: slower ones are not profiled, nor more than so many. */
const FORESIGHT = 1.02
const FINALISTS = 16
/** No time that was only foreseen rules out another candidate, unless its bound is that much longer. */
const DOUBTFUL = 1.1

interface Foreseen {
  readonly prospect: Prospect
  readonly seconds: number
}

/** @throws AbortError when the signal says so, ArgumentError for a shape that the kernel does not take. */
export function tune(
  family: Family,
  dims: Dims,
  dtype: Dtype,
  device: Device,
  options: TuneOptions = {},
): Promise<TuneResult> {
  return new Search(family, dims, dtype, device, options).run()
}

class Search {
  private done = 0
  private total = 0
  /** Seconds that no candidate can beat. */
  private floor = 0
  private fastest = Number.POSITIVE_INFINITY
  /** The least traffic of one that is among the fastest whatever the others may be. */
  private settled = Number.POSITIVE_INFINITY
  private readonly outcomes = new Map<Prospect, { outcome: Outcome; seconds: number }>()
  private readonly costs = new Map<Prospect, Cost>()

  constructor(
    private readonly family: Family,
    private readonly dims: Dims,
    private readonly dtype: Dtype,
    private readonly device: Device,
    private readonly options: TuneOptions,
  ) {}

  async run(): Promise<TuneResult> {
    const prospects = await this.prospects()
    this.floor = Math.min(...prospects.map(({ least }) => least))
    const named = prospects.filter((p) => p.named)
    const others = (fit: boolean) => prospects.filter((p) => p.fits === fit && !p.named)
    await this.profileAll(named)
    await this.search(others(true))
    let profiled = ranked([...this.costs])
    // what has a name need not fit; if such a one is the best so far, others that do not fit may be better still
    if (!profiled[0]![0].fits) {
      await this.search(others(false))
      profiled = ranked([...this.costs])
    }
    const degrees = await this.degrees(profiled[0]![0])
    profiled = ranked([...this.costs])
    const trial = (prospect: Prospect): Trial => {
      const { kernel, schedule, least } = prospect
      const { outcome, seconds } = this.outcomes.get(prospect) ?? { outcome: 'capacity', seconds: least }
      return { kernel: kernel.name, schedule, outcome, seconds, cost: this.costs.get(prospect) ?? null }
    }
    const [[{ kernel, schedule }, cost]] = profiled as [[Prospect, Cost]]
    const rest = prospects.filter((prospect) => !this.costs.has(prospect))
    return {
      best: { kernel: kernel.name, schedule, ...cost },
      tried: prospects.length + degrees.length,
      trials: [...profiled.map(([prospect]) => prospect), ...rest].map(trial),
      degrees: degrees.map(trial),
    }
  }

  /** The forms of the family that take the shape, each with its candidates. */
  private async prospects(): Promise<Prospect[]> {
    const { family, dims, options, device } = this
    const { fixed = {} } = options
    const entries = formsFor(family, dims).flatMap((kernel) => {
      const isNamed = namedOf(kernel, dims, device.name)
      return candidates(kernel, dims, fixed, device.name).map((schedule) => ({
        kernel,
        schedule,
        named: isNamed(schedule),
      }))
    })
    this.total = entries.length + FINALISTS
    const prospects: Prospect[] = []
    for (const [i, entry] of entries.entries()) {
      const prospect = prospectOf(entry, options.options ?? {}, dims, this.dtype, device)
      if (prospect) prospects.push(prospect)
      if (i % 16 === 15) await this.pause()
    }
    // where none of them takes the dtype, binding one says why
    if (prospects.length === 0) bind(entries[0]!.kernel.trace(entries[0]!.schedule), dims, this.dtype)
    return prospects
  }

  /**
   * The best schedule at every degree of multi-buffering. The others keep to `auto`, with which the profiler takes as many
   * copies as there is room for; fewer of them win now and then.
   */
  private async degrees({ kernel, schedule }: Prospect): Promise<Prospect[]> {
    const { options = {}, fixed = {} } = this.options
    if (schedule[BUFFERS] !== AUTO || BUFFERS in fixed) return []
    const all = kernel.degrees.flatMap((degree) => {
      const entry = { kernel, schedule: { ...schedule, [BUFFERS]: degree }, named: false }
      return prospectOf(entry, options, this.dims, this.dtype, this.device) ?? []
    })
    for (const prospect of all) {
      const cost = this.costOf(prospect)
      this.costs.set(prospect, cost)
      this.outcomes.set(prospect, { outcome: 'profiled', seconds: cost.metrics.total_time })
      await this.pause()
    }
    return all
  }

  /** Profiles those that are short, and of the others those that promise most. */
  private async search(pool: readonly Prospect[]): Promise<void> {
    const foreseen = await this.foresee(pool)
    await this.profileAll(pool.filter((prospect) => !shorten(prospect)))
    const first = Math.min(...foreseen.map(({ seconds }) => seconds))
    // in steps of what is equal, so that of those the ones with less traffic come first
    const step = ({ seconds }: Foreseen): number =>
      Math.floor(Math.log(seconds / first) / Math.log(EQUAL_TIME))
    const promising = foreseen.sort((a, b) => step(a) - step(b) || a.prospect.bytes - b.prospect.bytes)
    for (const { prospect, seconds } of promising.slice(0, FINALISTS))
      if (seconds <= this.fastest * FORESIGHT) await this.profileAll([prospect])
  }

  /** The times of those that are long and may be the best, from shorter shapes. */
  private async foresee(pool: readonly Prospect[]): Promise<Foreseen[]> {
    const foreseen: Foreseen[] = []
    let fastest = this.fastest * FORESIGHT
    for (const prospect of this.byPromise(pool)) {
      const { kernel, program, least } = prospect
      const shorter = shorten(prospect)
      if (!shorter) continue
      this.done++
      this.outcomes.set(prospect, { outcome: 'bound', seconds: least })
      if (least > fastest) continue
      const time = (dims: Dims): number =>
        this.costOf({ kernel, program, binding: bind(program, dims, this.dtype) }).metrics.total_time
      const [one, two] = [time(shorter.one), time(shorter.two)]
      // never less than its busiest engine takes
      const seconds = Math.max(least, one + (shorter.trips - 1) * (two - one))
      this.outcomes.set(prospect, { outcome: 'foreseen', seconds })
      fastest = Math.min(fastest, seconds * DOUBTFUL)
      foreseen.push({ prospect, seconds })
      await this.pause()
    }
    return foreseen
  }

  /** Profiles every one that may be the best. */
  private async profileAll(pool: readonly Prospect[]): Promise<void> {
    for (const prospect of this.byPromise(pool)) {
      const { least, bytes } = prospect
      this.done++
      if (least > this.fastest * EQUAL_TIME || bytes >= this.settled) {
        if (!this.outcomes.has(prospect)) this.outcomes.set(prospect, { outcome: 'bound', seconds: least })
        continue
      }
      const cost = this.costOf(prospect)
      const seconds = cost.metrics.total_time
      this.costs.set(prospect, cost)
      this.outcomes.set(prospect, { outcome: 'profiled', seconds })
      this.fastest = Math.min(this.fastest, seconds)
      if (seconds <= this.floor * EQUAL_TIME) this.settled = Math.min(this.settled, traffic(cost))
      await this.pause()
    }
  }

  /** Those first that may be among the fastest, least traffic before more; then by the time of the busiest engine. */
  private byPromise(prospects: readonly Prospect[]): Prospect[] {
    const key = ({ least }: Prospect): number => Math.max(least, this.floor * EQUAL_TIME)
    return [...prospects].sort((a, b) => key(a) - key(b) || a.bytes - b.bytes)
  }

  private costOf({ kernel, program, binding }: Pick<Prospect, 'kernel' | 'program' | 'binding'>): Cost {
    const { cache = null } = this.options
    const macs = kernel.macs(binding.dims)
    const key = cache && cacheKey(program, binding, this.device, macs)
    const known = key && cache.get(key)
    if (known) return known
    const { metrics, asWritten, bounds } = profile(program, binding, this.device, { macs })
    const cost = { metrics, asWritten, bounds }
    if (key) cache.put(key, cost)
    return cost
  }

  private async pause(): Promise<void> {
    this.options.onProgress?.(Math.min(this.done, this.total), this.total)
    await breathe()
    this.options.signal?.throwIfAborted()
  }
}

const traffic = ({ metrics }: Cost): number => metrics.hbm_read_bytes + metrics.hbm_write_bytes

/** By time; among those as fast as the fastest, by traffic. Order of the space breaks ties. */
function ranked(costs: readonly [Prospect, Cost][]): [Prospect, Cost][] {
  const time = ([, { metrics }]: [Prospect, Cost]) => metrics.total_time
  const enough = Math.min(...costs.map(time)) * EQUAL_TIME
  const near = costs.filter((entry) => time(entry) <= enough)
  const far = costs.filter((entry) => time(entry) > enough)
  return [
    ...near.sort((a, b) => traffic(a[1]) - traffic(b[1]) || time(a) - time(b)),
    ...far.sort((a, b) => time(a) - time(b)),
  ]
}
