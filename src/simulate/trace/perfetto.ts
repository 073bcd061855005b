/**
 * The timeline as Chrome trace events, which Perfetto opens (ui.perfetto.dev): one track per engine and DMA ring, SBUF
 * and PSUM as counters. Events are sorted, and slices of one track never overlap. Times are modelled, in µs. Of a run too
 * long for a browser, a few pieces are shown that are spread over all of it, and marks say what lies between them.
 */
import { QUEUE_COUNT, QUEUES, type Timeline } from '../profile/index.ts'
import { type Level, Occupancy } from './occupancy.ts'

export interface TraceEvent {
  readonly name: string
  /** X: a slice; C: a counter; M: a name; I: a mark. */
  readonly ph: 'X' | 'C' | 'M' | 'I'
  readonly pid: number
  readonly tid?: number
  readonly ts: number
  readonly dur?: number
  readonly cat?: string
  readonly s?: 'p'
  readonly args?: Readonly<Record<string, string | number>>
}

export interface TraceFile {
  readonly traceEvents: readonly TraceEvent[]
  readonly otherData: Readonly<Record<string, string | number>>
}

export interface TraceSummary {
  readonly file: TraceFile
  readonly slices: number
  /** Slices that are left out, between pieces that are shown. */
  readonly dropped: number
  readonly pieces: number
}

/** A browser loads this many with ease; the file has about 40 MB then. */
const MAX_SLICES = 200_000
/** So many pieces of a longer run: at the seed's workload each is about one strip of rows. */
const PIECES = 6
/** Between the pieces counters go on, at so many points of the whole run. */
const POINTS = 2000
/** Perfetto takes a thread 0 for a missing one, and so for the main thread: the one with the number of its process. */
const PID = 100
const FIRST_TID = 1

/** Nanoseconds, written as µs: rounding the ends, not the durations, keeps slices apart. */
const rounded = (time: number): number => Math.round(time * 1000) / 1000

export function traceOf(name: string, timeline: Timeline, maxSlices = MAX_SLICES): TraceSummary {
  const { stream, timing } = timeline
  const begin = timing.begin!
  const order = byBegin(stream, begin)
  const startOf = (at: number): number => (at < order.length ? begin[order[at]!]! : Number.POSITIVE_INFINITY)
  const pieces = spread(order.length, maxSlices)
  const timed = pieces.flatMap(([from, to]) =>
    Array.from(order.subarray(from, to), (i) => slice(timeline, i)),
  )
  const slices = timed.length
  const windows = pieces.map(([from, to]) => ({ from: startOf(from), to: startOf(to) }))
  for (const { time, sbuf, psum } of thinned(new Occupancy(timeline), windows, timing.total / POINTS)) {
    const ts = rounded(time)
    timed.push(
      { name: 'SBUF', ph: 'C', pid: PID, ts, args: { 'KiB per partition': sbuf / 1024 } },
      { name: 'PSUM', ph: 'C', pid: PID, ts, args: { 'KiB per partition': psum / 1024 } },
    )
  }
  for (const [i, [, to]] of pieces.slice(0, -1).entries()) {
    const next = pieces[i + 1]![0]
    if (next > to)
      timed.push({
        name: `${next - to} of ${order.length} instructions are not shown, until ${startOf(next).toFixed(3)} µs`,
        ph: 'I',
        pid: PID,
        ts: rounded(startOf(to)),
        s: 'p',
      })
  }
  const dropped = order.length - slices
  timed.sort((a, b) => a.ts - b.ts)
  return {
    file: {
      traceEvents: [...names(name), ...timed],
      otherData: { kernel: name, source: 'modelled, not measured', instructions: order.length, dropped },
    },
    slices,
    dropped,
    pieces: pieces.length,
  }
}

/** All instructions by when they begin, and those that begin together as they are in the stream: each queue is in order. */
function byBegin(stream: Timeline['stream'], begin: Float64Array): Int32Array {
  const queues = stream.byQueue().filter(({ length }) => length > 0)
  const heads = new Int32Array(queues.length)
  const order = new Int32Array(stream.length)
  for (let at = 0; at < order.length; at++) {
    let queue = -1
    let first = -1
    for (let q = 0; q < queues.length; q++) {
      if (heads[q] === queues[q]!.length) continue
      const i = queues[q]![heads[q]!]!
      if (first >= 0 && (begin[i]! > begin[first]! || (begin[i] === begin[first] && i > first))) continue
      queue = q
      first = i
    }
    heads[queue]!++
    order[at] = first
  }
  return order
}

type Piece = readonly [from: number, to: number]

/** All of a number of things, or pieces of equal size that together hold at most so many: the first, the last, some between. */
function spread(total: number, atMost: number): Piece[] {
  if (total <= atMost) return [[0, total]]
  const size = Math.max(1, Math.floor(atMost / PIECES))
  return Array.from({ length: PIECES }, (_, i) => {
    const from = Math.round((i * (total - size)) / (PIECES - 1))
    return [from, from + size]
  })
}

/** All levels in the windows, the one that holds where a window begins, and one every so often between them. */
function thinned(
  occupancy: Occupancy,
  windows: readonly { readonly from: number; readonly to: number }[],
  every: number,
): Level[] {
  const kept: Level[] = []
  let at = 0
  let last = Number.NEGATIVE_INFINITY
  for (let { next } = occupancy; next < Number.POSITIVE_INFINITY; ) {
    while (at < windows.length && next >= windows[at]!.to) at++
    const window = windows[at]
    const inside = window !== undefined && next >= window.from
    if (inside && last < occupancy.time && occupancy.time < window.from)
      kept.push(occupancy.level(window.from))
    occupancy.step()
    next = occupancy.next
    if (!inside && next < Number.POSITIVE_INFINITY && occupancy.time < last + every) continue
    kept.push(occupancy.level())
    last = occupancy.time
  }
  return kept
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
      meta('thread_name', { name: TRACK_NAMES[QUEUES[q]!] }, FIRST_TID + q),
      meta('thread_sort_index', { sort_index: q }, FIRST_TID + q),
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
    tid: FIRST_TID + queue,
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
