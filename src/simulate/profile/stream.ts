/**
 * The instructions of one execution, as arrays: 20 to 30 bytes each and no object, so that a million of them are
 * lowered and timed in well under a second. An instruction depends on earlier ones, by index.
 */
import { FIRST_RING, QUEUE_COUNT } from './queues.ts'

/** Where an instruction comes from: an op of the program, or the compiler. */
export interface Origin {
  /** `nc_matmul`, `dma_copy`, …; `spill_save`, `spill_reload`, `reread`. */
  readonly op: string
  /** Line of the kernel's source. */
  readonly site: string
  /** `acc[m_tile, n_tile]`: what is written. */
  readonly tile: string
}

export class Stream {
  length = 0
  queue = new Uint8Array(1 << 12)
  /** µs on its engine, or of the DMA engines. */
  cost = new Float32Array(1 << 12)
  /** dependencies of i: dependency[dependencyStart[i] … dependencyStart[i + 1]] */
  dependencyStart = new Int32Array((1 << 12) + 1)
  dependency = new Int32Array(1 << 13)
  dependencies = 0
  readonly origins: Origin[] = []
  origin = new Uint16Array(1 << 12)
  /** Only where a timeline is wanted: first row and column of what is written. */
  readonly position: { row: Int32Array; column: Int32Array } | null

  constructor(withPositions = false) {
    this.position = withPositions ? { row: new Int32Array(1 << 12), column: new Int32Array(1 << 12) } : null
  }

  newOrigin(origin: Origin): number {
    return this.origins.push(origin) - 1
  }

  add(queue: number, cost: number, origin: number): number {
    const i = this.length++
    if (i === this.queue.length) this.grow()
    this.queue[i] = queue
    this.cost[i] = cost
    this.origin[i] = origin
    this.dependencyStart[i + 1] = this.dependencies
    return i
  }

  /** The instruction that was added last must wait for `on`; engines keep their own order by themselves. */
  waitFor(on: number): void {
    if (on < 0) return
    const i = this.length - 1
    const queue = this.queue[i]!
    if (queue < FIRST_RING && this.queue[on] === queue) return
    if (this.dependencies === this.dependency.length) this.dependency = enlarged(this.dependency, Int32Array)
    this.dependency[this.dependencies++] = on
    this.dependencyStart[i + 1] = this.dependencies
  }

  /** The instructions of each queue, in its order. */
  byQueue(): Int32Array[] {
    const { length, queue } = this
    const counts = new Int32Array(QUEUE_COUNT)
    for (let i = 0; i < length; i++) counts[queue[i]!]!++
    const order = Array.from(counts, (n) => new Int32Array(n))
    counts.fill(0)
    for (let i = 0; i < length; i++) order[queue[i]!]![counts[queue[i]!]!++] = i
    return order
  }

  private grow(): void {
    this.queue = enlarged(this.queue, Uint8Array)
    this.cost = enlarged(this.cost, Float32Array)
    this.origin = enlarged(this.origin, Uint16Array)
    const starts = new Int32Array(this.queue.length + 1)
    starts.set(this.dependencyStart)
    this.dependencyStart = starts
    if (!this.position) return
    this.position.row = enlarged(this.position.row, Int32Array)
    this.position.column = enlarged(this.position.column, Int32Array)
  }
}

/** Twice as long, with the same beginning. */
export function enlarged<T extends { length: number; set(from: T): void }>(
  array: T,
  type: new (n: number) => T,
): T {
  const larger = new type(array.length * 2)
  larger.set(array)
  return larger
}

/**
 * The state of on-chip tiles that order instructions: who wrote a tile last, and who has read it since, per queue. In an
 * in-order queue the last reader stands for all of its readers.
 */
export class Tiles {
  private readonly writer: Int32Array
  private readonly reader: Int32Array
  /** Bit q: queue q has a reader since the last write. */
  private readonly readers: Uint8Array

  constructor(count: number) {
    this.writer = new Int32Array(count).fill(-1)
    this.reader = new Int32Array(count * QUEUE_COUNT).fill(-1)
    this.readers = new Uint8Array(count)
  }

  /** Instruction i, added last, waits until the tile has been written. */
  awaitWritten(stream: Stream, tile: number): void {
    stream.waitFor(this.writer[tile]!)
  }

  /** It waits until nobody reads or writes the tile any more. */
  awaitFree(stream: Stream, tile: number): void {
    const writer = this.writer[tile]!
    const queue = stream.queue[stream.length - 1]!
    if (writer >= 0 && stream.queue[writer] !== queue) stream.waitFor(writer)
    let readers = this.readers[tile]!
    for (let q = 0; readers !== 0; q++, readers >>= 1)
      if (readers & 1 && q !== queue) stream.waitFor(this.reader[tile * QUEUE_COUNT + q]!)
  }

  read(stream: Stream, tile: number): void {
    const i = stream.length - 1
    const queue = stream.queue[i]!
    this.reader[tile * QUEUE_COUNT + queue] = i
    this.readers[tile]! |= 1 << queue
  }

  write(stream: Stream, tile: number): void {
    this.writer[tile] = stream.length - 1
    this.readers[tile] = 0
  }

  /** Whoever takes this tile next must also wait for these instructions, the last of each queue: they share memory. */
  inherit(tile: number, last: Int32Array): void {
    for (let queue = 0; queue < QUEUE_COUNT; queue++) this.waitAlso(tile, queue, last[queue]!)
  }

  /** The same, for whoever reads and writes another tile. */
  inheritFrom(stream: Stream, tile: number, other: number): void {
    const writer = this.writer[other]!
    if (writer >= 0) this.waitAlso(tile, stream.queue[writer]!, writer)
    for (let queue = 0; queue < QUEUE_COUNT; queue++)
      if (this.readers[other]! & (1 << queue))
        this.waitAlso(tile, queue, this.reader[other * QUEUE_COUNT + queue]!)
  }

  private waitAlso(tile: number, queue: number, instruction: number): void {
    if (instruction < 0) return
    const at = tile * QUEUE_COUNT + queue
    const known = this.readers[tile]! & (1 << queue) ? this.reader[at]! : -1
    this.reader[at] = Math.max(known, instruction)
    this.readers[tile]! |= 1 << queue
  }
}
