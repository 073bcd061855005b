/**
 * The timeline as Chrome trace events, which Perfetto opens (ui.perfetto.dev): one track per engine and DMA ring, SBUF
 * and PSUM as counters. Events are sorted, and slices of one track never overlap. Times are modelled, in µs.
 */
import { QUEUE_COUNT, QUEUES, type Timeline } from '../profile/index.ts'
import { occupancy } from './occupancy.ts'

export interface TraceEvent {
  readonly name: string
  /** X: a slice; C: a counter; M: a name; I: a mark. */
  readonly ph: 'X' | 'C' | 'M' | 'I'
  readonly pid: number
  readonly tid?: number
  readonly ts: number
  readonly dur?: number
  readonly cat?: string
  readonly s?: 'g'
  readonly args?: Readonly<Record<string, string | number>>
}

export interface TraceFile {
  readonly traceEvents: readonly TraceEvent[]
  readonly displayTimeUnit: 'ns'
  readonly otherData: Readonly<Record<string, string | number>>
}

export interface TraceSummary {
  readonly file: TraceFile
  readonly slices: number
  /** Slices that the cap left out; they are the last ones. */
  readonly dropped: number
}

/** A browser loads this many with ease; the file has about 40 MB then. */
const MAX_SLICES = 200_000
const PID = 1

/** Nanoseconds, written as µs: rounding the ends, not the durations, keeps slices apart. */
const rounded = (time: number): number => Math.round(time * 1000) / 1000

export function traceOf(name: string, timeline: Timeline, maxSlices = MAX_SLICES): TraceSummary {
  const { stream, timing } = timeline
  const begin = timing.begin!
  const order = Uint32Array.from({ length: stream.length }, (_, i) => i).sort((a, b) => begin[a]! - begin[b]!)
  const shown = order.subarray(0, maxSlices)
  const horizon = shown.length < order.length ? begin[order[shown.length]!]! : Number.POSITIVE_INFINITY
  const timed: TraceEvent[] = Array.from(shown, (i) => slice(timeline, i))
  for (const { time, sbuf, psum } of occupancy(timeline)) {
    if (time > horizon) break
    const ts = rounded(time)
    timed.push(
      { name: 'SBUF', ph: 'C', pid: PID, ts, args: { 'KiB per partition': sbuf / 1024 } },
      { name: 'PSUM', ph: 'C', pid: PID, ts, args: { 'KiB per partition': psum / 1024 } },
    )
  }
  const dropped = order.length - shown.length
  if (dropped > 0)
    timed.push({
      name: `trace cut here: ${dropped} later instructions of ${order.length} are not shown`,
      ph: 'I',
      pid: PID,
      ts: rounded(horizon),
      s: 'g',
    })
  timed.sort((a, b) => a.ts - b.ts)
  return {
    file: {
      traceEvents: [...names(name), ...timed],
      displayTimeUnit: 'ns',
      otherData: { kernel: name, source: 'modelled, not measured', instructions: order.length, dropped },
    },
    slices: shown.length,
    dropped,
  }
}

function names(kernel: string): TraceEvent[] {
  const meta = (what: string, args: Record<string, string | number>, tid?: number): TraceEvent => ({
    name: what,
    ph: 'M',
    pid: PID,
    ts: 0,
    ...(tid === undefined ? {} : { tid }),
    args,
  })
  return [
    meta('process_name', { name: `${kernel} on one NeuronCore (modelled)` }),
    ...Array.from({ length: QUEUE_COUNT }, (_, q) => [
      meta('thread_name', { name: TRACK_NAMES[QUEUES[q]!] }, q),
      meta('thread_sort_index', { sort_index: q }, q),
    ]).flat(),
  ]
}

const TRACK_NAMES = {
  tensor: 'Tensor',
  vector: 'Vector',
  scalar: 'Scalar',
  gpsimd: 'GpSimd',
  load: 'DMA ring: loads',
  store: 'DMA ring: stores and spill saves',
  spill_reload: 'DMA ring: spill reloads',
} as const

function slice({ stream, timing }: Timeline, i: number): TraceEvent {
  const { op, tile, site } = stream.origins[stream.origin[i]!]!
  const queue = stream.queue[i]!
  const start = timing.begin![i]!
  const ts = rounded(start)
  // the end of a transfer is when its consumer sees it; its ring is free again before that
  const stop = rounded(queue >= FIRST_DMA ? start + stream.cost[i]! : timing.end[i]!)
  return {
    name: op,
    ph: 'X',
    pid: PID,
    tid: queue,
    ts,
    dur: Math.max(0, rounded(stop - ts)),
    cat: SPILLS.has(op) ? 'spill' : queue >= FIRST_DMA ? 'dma' : 'compute',
    args: {
      op,
      tile,
      // the compiler's own instructions have no piece of the kernel's loops
      ...(!COMPILERS.has(op) && {
        row: stream.position!.row[i]!,
        column: stream.position!.column[i]!,
      }),
      source: site,
    },
  }
}

const FIRST_DMA = QUEUES.indexOf('load')
/** What moves because something does not fit. */
const SPILLS = new Set(['spill_save', 'spill_reload', 'reread'])
const COMPILERS = new Set([...SPILLS, 'memset'])
