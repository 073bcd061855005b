/**
 * Execution in time. Engines are in-order queues: an instruction starts when its engine is free and everything that it
 * depends on is done. DMA rings issue in order too, but many transfers may be outstanding; the DMA engines behind all
 * rings serve one request at a time, in the order of arrival.
 *
 * Serving the earliest arrival among the heads of the rings is exact: a head that is still blocked waits for a transfer
 * that has not been served, so it cannot arrive before those that can be. No clock, no event heap.
 */
import type { Machine } from '../../device/index.ts'
import { FIRST_RING, QUEUE_COUNT, QUEUES } from './queues.ts'
import type { Stream } from './stream.ts'
import { TensorClock } from './throttle.ts'

export interface Timing {
  /** µs from the first instruction to the end of the last one. */
  readonly total: number
  /** µs per queue; the time of a ring is that of its transfers. */
  readonly busy: Float64Array
  /** Gaps between instructions, and what is left at the end. */
  readonly idle: Float64Array
  /** The DMA engines as a whole. */
  readonly dmaBusy: number
  readonly dmaIdle: number
  readonly instructions: Int32Array
  /** By instruction. */
  readonly end: Float64Array
  /** By instruction, if asked for: begin of the execution or of the transfer. */
  readonly begin: Float64Array | null
}

/** @throws Error naming the blocked instructions when none can move. */
export function execute(stream: Stream, machine: Machine, withTimeline = false): Timing {
  return new Execution(stream, machine, withTimeline).run()
}

class Execution {
  private readonly order: Int32Array[]
  private readonly head = new Int32Array(QUEUE_COUNT)
  private readonly free = new Float64Array(QUEUE_COUNT)
  private readonly busy = new Float64Array(QUEUE_COUNT)
  private readonly gaps = new Float64Array(QUEUE_COUNT)
  /** When the head of a ring reaches the DMA engines; −1: not known yet. */
  private readonly arrival = new Float64Array(QUEUE_COUNT).fill(-1)
  private readonly end: Float64Array
  private readonly begin: Float64Array | null
  private readonly clock: TensorClock | null
  private served = 0
  private dmaBusy = 0
  private dmaGaps = 0
  private last = 0

  constructor(
    private readonly stream: Stream,
    private readonly machine: Machine,
    withTimeline: boolean,
  ) {
    const { length } = stream
    this.end = new Float64Array(length).fill(-1)
    this.begin = withTimeline ? new Float64Array(length) : null
    this.clock = machine.throttle && new TensorClock(machine.throttle)
    this.order = stream.byQueue()
  }

  run(): Timing {
    let left = this.stream.length
    while (left > 0) {
      let moved = 0
      for (let engine = 0; engine < FIRST_RING; engine++) moved += this.advance(engine)
      if (moved === 0) moved = this.serve()
      if (moved === 0) throw new Error(this.deadlock())
      left -= moved
    }
    const { last: total } = this
    const engines = this.free.map((free, q) => (q < FIRST_RING ? total - free : 0))
    return {
      total,
      busy: this.busy,
      idle: this.gaps.map((gap, q) => (q < FIRST_RING ? gap + engines[q]! : total - this.busy[q]!)),
      dmaBusy: this.dmaBusy,
      dmaIdle: this.dmaGaps + total - this.served,
      instructions: Int32Array.from(this.order, (o) => o.length),
      end: this.end,
      begin: this.begin,
    }
  }

  /** When everything that instruction i waits for is done; −1 while that is not known. */
  private ready(i: number, queue: number): number {
    const { dependency, dependencyStart, queue: queueOf } = this.stream
    let ready = 0
    const stop = dependencyStart[i + 1]!
    for (let k = dependencyStart[i]!; k < stop; k++) {
      const on = dependency[k]!
      let done = this.end[on]!
      if (done < 0) return -1
      const from = queueOf[on]!
      if (from !== queue && from < FIRST_RING) done += this.machine.semaphore
      if (done > ready) ready = done
    }
    return ready
  }

  /** Executes whatever an engine can execute now; how many that were. */
  private advance(engine: number): number {
    const order = this.order[engine]!
    const first = this.head[engine]!
    const clock = engine === 0 ? this.clock : null
    let k = first
    let free = this.free[engine]!
    for (; k < order.length; k++) {
      const i = order[k]!
      const ready = this.ready(i, engine)
      if (ready < 0) break
      const start = Math.max(ready, free)
      const cost = this.stream.cost[i]! * (clock ? clock.slowdown(start) : 1)
      clock?.spend(cost)
      this.gaps[engine]! += start - free
      this.busy[engine]! += cost
      free = start + cost
      this.end[i] = free
      if (this.begin) this.begin[i] = start
    }
    this.free[engine] = free
    this.head[engine] = k
    if (free > this.last) this.last = free
    return k - first
  }

  /** Serves the transfer that arrives first. */
  private serve(): 0 | 1 {
    const { issue, start, end } = this.machine.dma
    let ring = -1
    for (let r = FIRST_RING; r < QUEUE_COUNT; r++) {
      const i = this.order[r]![this.head[r]!]
      if (i === undefined) continue
      if (this.arrival[r]! < 0) {
        const ready = this.ready(i, r)
        if (ready < 0) continue
        this.arrival[r] = Math.max(ready, this.free[r]!) + issue + start
      }
      if (ring < 0 || this.arrival[r]! < this.arrival[ring]!) ring = r
    }
    if (ring < 0) return 0
    const i = this.order[ring]![this.head[ring]!++]!
    const arrival = this.arrival[ring]!
    this.arrival[ring] = -1
    this.free[ring] = arrival - start
    const begin = Math.max(arrival, this.served)
    const cost = this.stream.cost[i]!
    this.dmaGaps += begin - this.served
    this.dmaBusy += cost
    this.busy[ring]! += cost
    this.served = begin + cost
    this.end[i] = this.served + end
    if (this.begin) this.begin[i] = begin
    this.last = Math.max(this.last, this.end[i]!)
    return 1
  }

  private deadlock(): string {
    const blocked = QUEUES.flatMap((name, q) => {
      const i = this.order[q]![this.head[q]!]
      if (i === undefined) return []
      const { op, site, tile } = this.stream.origins[this.stream.origin[i]!]!
      return [`${name}: ${op} of ${tile} (${site})`]
    })
    return `deadlock: every queue waits for another one: ${blocked.join('; ')}`
  }
}
