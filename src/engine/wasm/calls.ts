/**
 * Calls of layers, one strip of rows after the other. A synchronous call works along on its own thread. Asynchronous ones
 * wait in a line and are run by the workers alone: the JavaScript thread only copies rows in and out of the linear memory.
 * Where there are no workers they take turns with the event loop.
 */
import type { LayerDtype, Rows } from '../types.ts'
import { workersAlways } from './host.ts'
import type { Machine } from './machine.ts'
import { type Job, type LayerProgram, macsOf, plan } from './plan.ts'

/** Rows of X and Y and everything between, at most; a wide layer takes shorter strips. */
const SCRATCH_BYTES = 48 * 2 ** 20
/** XU of 192 rows stays in an L2 of 1 MiB up to rank 1024; longer strips gain nothing. */
const MAX_STRIP = 192

/**
 * Multiply-adds below which a call is the calling thread's alone: 3 to 4 µs of work (25 to 30 a nanosecond, measured), the
 * least from which two threads that are awake finish sooner. To wake them costs the caller 10 µs more, but it waits for
 * nobody: tasks that a sleeper does not take are its own. So longer calls call the workers, awake or not.
 */
const SHORT_MACS = 100_000

/** Plans kept for each layer. */
const MAX_PLANS = 8

export interface Call {
  readonly program: LayerProgram
  readonly x: Rows
  readonly y: Rows
  readonly rows: number
}

interface Waiting extends Call {
  row: number
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

interface Strip {
  readonly job: Job
  readonly rows: number
}

export class Calls {
  readonly #machine: () => Machine
  readonly #line: Waiting[] = []
  #running: Strip | undefined
  #scratch = { at: 0, bytes: 0 }
  /** Plans of layers for the numbers of rows seen last: a decode step asks for the same again and again. */
  #plans = new WeakMap<LayerProgram, Map<string, Job>>()

  constructor(machine: () => Machine) {
    this.#machine = machine
  }

  /** Makes room for the longest strip of a layer, so that no call has to. */
  reserve(program: LayerProgram): void {
    this.#settle()
    const needed = (['float32', 'bfloat16'] as const).map((io) => {
      const rows = this.#stripRows(program, io, Number.POSITIVE_INFINITY)
      return this.#plan(program, io, rows).end - this.#scratch.at
    })
    const bytes = Math.max(...needed)
    if (bytes > this.#scratch.bytes) this.#growScratch(bytes)
    this.#next()
  }

  #growScratch(bytes: number): void {
    const { heap } = this.#machine()
    const before = this.#scratch.bytes
    if (before > 0) heap.free(this.#scratch.at)
    this.#plans = new WeakMap()
    try {
      this.#scratch = { at: heap.allocate(bytes), bytes }
    } catch (error) {
      this.#scratch = { at: heap.allocate(before), bytes: before }
      throw error
    }
  }

  run(call: Call): void {
    this.#settle()
    for (let row = 0; row < call.rows; ) {
      const strip = this.#stage(call, row)
      this.#machine().start(strip.job, isShort(call) ? 'caller' : 'all')
      this.#machine().join()
      this.#copyOut(call, row, strip)
      row += strip.rows
    }
    this.#next()
  }

  enqueue(call: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#line.push({ ...call, row: 0, resolve, reject })
      if (this.#machine().hasWorkers) this.#next()
      else if (this.#line.length === 1) setTimeout(() => this.#nextHere())
    })
  }

  /** A worker says that a job is done; it may be one that a synchronous call has finished already. */
  readonly onFinished = (): void => {
    if (!this.#running || !this.#machine().isDone) return
    this.#finishStrip(this.#running)
    this.#next()
  }

  cancel(reason: unknown): void {
    const begun = this.#line.filter((call) => call.row > 0 || (this.#running && call === this.#line[0]))
    const rest = this.#line.filter((call) => !begun.includes(call))
    this.#line.splice(0, this.#line.length, ...begun)
    for (const call of rest) call.reject(reason)
  }

  /** Lets the strip under way finish and keeps its rows; the rest of the line goes on at the next `#next`. */
  #settle(): void {
    if (!this.#running) return
    this.#machine().join()
    this.#finishStrip(this.#running)
  }

  #next(): void {
    const call = this.#line[0]
    if (this.#running || !this.#machine().hasWorkers) return
    if (!call) {
      this.#machine().release()
      return
    }
    try {
      this.#running = this.#stage(call, call.row)
      this.#machine().start(this.#running.job, 'workers')
    } catch (error) {
      this.#line.shift()
      call.reject(error)
      this.#next()
    }
  }

  #finishStrip(strip: Strip): void {
    const call = this.#line[0]!
    this.#running = undefined
    try {
      this.#copyOut(call, call.row, strip)
    } catch (error) {
      // y is gone: that is this call's failure, and not of the line or the process
      this.#line.shift()
      call.reject(error)
      return
    }
    call.row += strip.rows
    if (call.row === call.rows) {
      this.#line.shift()
      call.resolve()
    }
  }

  /** One strip on this thread, then the event loop, then the next. */
  #nextHere(): void {
    const call = this.#line[0]
    if (!call) return
    try {
      const strip = this.#stage(call, call.row)
      this.#machine().start(strip.job, 'caller')
      this.#machine().join()
      this.#finishStrip(strip)
    } catch (error) {
      this.#line.shift()
      call.reject(error)
    }
    if (this.#line.length > 0) setTimeout(() => this.#nextHere())
  }

  #stage(call: Call, row: number): Strip {
    const io = ioOf(call.x)
    const rows = Math.min(this.#stripRows(call.program, io, call.rows), call.rows - row)
    const job = this.#plan(call.program, io, rows)
    const columns = call.x.length / call.rows
    const target = view(this.#machine().heap, call.x, job.x.at, rows * job.x.pitch)
    copyRows(call.x.subarray(row * columns, (row + rows) * columns), columns, target, job.x.pitch, columns)
    return { job, rows }
  }

  #copyOut(call: Call, row: number, { job, rows }: Strip): void {
    const columns = call.y.length / call.rows
    const source = view(this.#machine().heap, call.y, job.y.at, rows * job.y.pitch)
    copyRows(source, job.y.pitch, call.y.subarray(row * columns, (row + rows) * columns), columns, columns)
  }

  #plan(program: LayerProgram, io: LayerDtype, rows: number): Job {
    let plans = this.#plans.get(program)
    if (!plans || plans.size === MAX_PLANS) {
      plans = new Map()
      this.#plans.set(program, plans)
    }
    const key = `${io} ${rows}`
    let job = plans.get(key)
    if (!job) {
      const { threads, kernels } = this.#machine()
      job = plan({ program, io, rows, threads, kernels, scratch: this.#scratch.at })
      plans.set(key, job)
    }
    return job
  }

  /** Rows of one strip: as many as fit the scratch memory, whole tiles, strips of nearly equal length. */
  #stripRows(program: LayerProgram, io: LayerDtype, rows: number): number {
    const { maxTileRows } = this.#machine().kernels
    if (rows <= maxTileRows) return rows
    const rowBytes = (this.#plan(program, io, maxTileRows).end - this.#scratch.at) / maxTileRows
    const most = Math.max(maxTileRows, Math.min(MAX_STRIP, Math.floor(SCRATCH_BYTES / rowBytes)))
    const strips = Math.ceil(rows / most)
    const longest = strips === Number.POSITIVE_INFINITY ? most : rows / strips
    return Math.ceil(longest / maxTileRows) * maxTileRows
  }
}

function isShort({ program, rows }: Call): boolean {
  return !workersAlways && rows * macsOf(program) < SHORT_MACS
}

function ioOf(rows: Rows): LayerDtype {
  return rows instanceof Uint16Array ? 'bfloat16' : 'float32'
}

function view(heap: Machine['heap'], like: Rows, at: number, length: number): Rows {
  return like instanceof Uint16Array ? heap.halves(at, length) : heap.floats(at, length)
}

/** Copies rows of `columns` elements between arrays of different row pitch; all at once where the pitch is the same. */
function copyRows(from: Rows, fromPitch: number, to: Rows, toPitch: number, columns: number): void {
  if (fromPitch === toPitch && fromPitch === columns) {
    to.set(from)
    return
  }
  const rows = Math.round(Math.min(from.length / fromPitch, to.length / toPitch))
  for (let i = 0; i < rows; i++) to.set(from.subarray(i * fromPitch, i * fromPitch + columns), i * toPitch)
}
