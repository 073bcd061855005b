/**
 * A kernel in time, a block at a time: the queue network of the profiler (simulate/profile), with a load of a whole block,
 * or a product of two, for one instruction, and engines that pass tiles of it on to each other. What the compiler makes of
 * SBUF decides how far loads run ahead (device/copies.ts). A kernel is recorded in the order of its text, and then executed.
 */
import { dmaTime, type Machine } from '../../device/index.ts'
import { type Block, type Instance, vacant } from './block.ts'
import type { Line, Moves, Part, Work } from './line.ts'

const NONE: readonly Instance[] = []

/** What has to be there, or to have gone, before something is executed. */
interface Step {
  readonly reads: readonly Instance[]
  readonly after: readonly Instance[]
}
interface Compute extends Step {
  run(): void
}
/** DMAs of a block, one after the other. */
interface Transfer extends Step {
  readonly count: number
  /** µs that the engines serve one of them. */
  readonly time: number
  /** When the first can be issued; and the last, but for the time of a share of it. */
  first(): number
  last(): number
  /** When the first and the last of them are done. */
  done(first: number, last: number): void
}

class Load implements Transfer {
  readonly reads = NONE

  constructor(
    private readonly to: Instance,
    readonly count: number,
    readonly time: number,
    readonly after: readonly Instance[],
    private readonly semaphore: number,
  ) {}

  first(): number {
    return vacant(this.after, 0) + this.semaphore
  }

  last(): number {
    return vacant(this.after, 1) + this.semaphore
  }

  done(first: number, last: number): void {
    this.to.made(first, last)
  }
}

class Store implements Transfer {
  readonly after = NONE

  constructor(
    readonly reads: readonly [Instance],
    readonly count: number,
    readonly time: number,
  ) {}

  first(): number {
    return this.reads[0].thereLast
  }

  last(): number {
    return this.reads[0].thereLast
  }

  done(_: number, last: number): void {
    this.reads[0].used(last, last)
  }
}

/** In order: a queue issues one DMA after the other. */
class Ring {
  private readonly transfers: Transfer[] = []
  private next = 0
  private free = 0
  /** Of the transfer at its head: how many have been served, when they can be issued, and when the first was done. */
  private nth = 0
  private first = 0
  private last = 0
  private firstDone = 0
  /** When the last of those that have been served was done. */
  done = 0
  /** When the DMA at its head reaches the engines; not known yet: infinity. */
  arrival = Number.POSITIVE_INFINITY

  constructor(private readonly dma: Machine['dma']) {}

  add(transfer: Transfer): void {
    this.transfers.push(transfer)
  }

  get isDone(): boolean {
    return this.next === this.transfers.length
  }

  /** Finds out when its head arrives, if that is known by now. */
  look(): void {
    const head = this.transfers[this.next]
    if (Number.isFinite(this.arrival) || !head || !isReady(head)) return
    this.first = head.first()
    this.last = head.last()
    this.issue(head.count)
  }

  private issue(count: number): void {
    const possible = this.first + ((this.last - this.first) * this.nth) / count
    this.free = Math.max(this.free, possible) + this.dma.issue
    this.arrival = this.free + this.dma.start
  }

  /** Serves its head up to an arrival elsewhere, by engines that are free from some time on; when they are free again. */
  serve(from: number, until: number): number {
    const head = this.transfers[this.next]!
    let served = from
    do {
      served = Math.max(served, this.arrival) + head.time
      if (this.nth === 0) this.firstDone = served + this.dma.end
      if (++this.nth < head.count) this.issue(head.count)
      else {
        this.done = served + this.dma.end
        head.done(this.firstDone, this.done)
        this.nth = 0
        this.next++
        this.arrival = Number.POSITIVE_INFINITY
      }
    } while (this.nth > 0 && this.arrival <= until)
    return served
  }
}

function isReady({ reads, after }: Step): boolean {
  for (const { writers } of reads) if (writers > 0) return false
  for (const { users } of after) if (users > 0) return false
  return true
}

export class Timeline implements Line {
  /** Until when engines are busy. */
  private tensor = 0
  private vector = 0
  private scalar = 0
  private gpsimd = 0
  private readonly computing: Compute[] = []
  private readonly loads: Ring
  private readonly stores: Ring

  constructor(private readonly machine: Machine) {
    this.loads = new Ring(machine.dma)
    this.stores = new Ring(machine.dma)
  }

  turn(block: Block): void {
    block.turn()
  }

  load(block: Block, { count, rows, rowBytes }: Moves): void {
    const time = dmaTime(this.machine, rows, rowBytes)
    const to = block.turn()
    const ahead = Math.round((count * block.tilesAhead) / block.tiles)
    if (ahead > 0) this.loadTiles(to, ahead, time, to.before)
    if (ahead < count) this.loadTiles(to, count - ahead, time, to.after)
  }

  private loadTiles(to: Instance, count: number, time: number, after: readonly Instance[]): void {
    to.writers++
    to.users++
    this.loads.add(new Load(to, count, time, after, this.machine.semaphore))
  }

  zero(block: Block, time: number, pieces: number): void {
    const to = block.turn()
    const { semaphore } = this.machine
    this.compute(NONE, to, () => {
      const start = Math.max(this.gpsimd, vacant(to.after, 0) + semaphore)
      this.gpsimd = Math.max(start + time, vacant(to.after, 1) + semaphore + time / pieces)
      to.made(start + time / pieces + semaphore, this.gpsimd + semaphore)
    })
  }

  /** Something is computed in the order of the text. */
  private compute(reads: readonly Instance[], into: Instance, run: () => void): void {
    for (const one of reads) one.users++
    into.writers++
    into.users++
    this.computing.push({ reads, after: into.after, run })
  }

  product(work: Work, operands: readonly Part[], block: Block, share = 0): void {
    const { semaphore, throttle, psumBanks } = this.machine
    const { scalar = 0, vector, pieces } = work
    const into = block.current
    const reads = operands.map(({ of }) => of.current)
    this.compute(reads, into, () => {
      let [there, whole] = [0, 0]
      for (const [i, { from = 0, to = 1 }] of operands.entries()) {
        const { thereFirst, thereLast } = reads[i]!
        there = Math.max(there, thereFirst + (thereLast - thereFirst) * from)
        whole = Math.max(whole, thereFirst + (thereLast - thereFirst) * to)
      }
      const start = work.tensor ? Math.max(this.tensor, there) : there
      const stalled = throttle && start - this.tensor > throttle.window * throttle.utilisation
      const tensor = (work.tensor ?? 0) + (stalled ? Math.min(work.tensor ?? 0, throttle.window / 2) : 0)
      const fed = Math.max(start + tensor / pieces, whole)
      const multiplied = fed + tensor * (1 - 1 / pieces)
      let [first, last] = [fed + semaphore, multiplied + semaphore]
      if (scalar > 0) {
        first = Math.max(first, this.scalar) + scalar / pieces
        this.scalar = Math.max(first + scalar * (1 - 1 / pieces), last + scalar / pieces)
        last = this.scalar + semaphore
        first += semaphore
      }
      const place = into.isWritten && share === 0 ? into.thereFirst : vacant(into.after, share) + semaphore
      const begin = Math.max(this.vector, first, place)
      this.vector = Math.max(begin + vector, last + vector / pieces)
      // it runs ahead by what PSUM holds
      const end = Math.max(multiplied, this.vector - (Math.min(pieces, psumBanks) * vector) / pieces)
      const piece = (end - start) / pieces
      if (work.tensor) this.tensor = end
      for (const one of reads) one.used(end - piece, end)
      into.made(begin + vector / pieces + semaphore, this.vector + semaphore)
    })
  }

  convert(block: Block, to: Block, time: number): void {
    const [from, into] = [block.current, to.turn()]
    const { semaphore } = this.machine
    this.compute([from], into, () => {
      const start = Math.max(this.vector, from.thereFirst, vacant(into.after, 0) + semaphore)
      this.vector = Math.max(start + time, from.thereLast, vacant(into.after, 1) + semaphore)
      const first = start + time / to.tiles
      from.used(first, this.vector)
      into.made(first + semaphore, this.vector + semaphore)
    })
  }

  store(block: Block, { count, rows, rowBytes }: Moves): void {
    const stored = block.current
    stored.users++
    this.stores.add(new Store([stored], count, dmaTime(this.machine, rows, rowBytes)))
  }

  /** Tells how far the tensor engine is when all that has been recorded so far is executed. */
  mark(mark: (tensor: number) => void): void {
    this.computing.push({ reads: NONE, after: NONE, run: () => mark(this.tensor) })
  }

  /** Executes what was recorded; how long it takes. */
  execute(): number {
    const { computing, loads, stores } = this
    let served = 0
    let computed = 0
    for (;;) {
      for (; computed < computing.length && isReady(computing[computed]!); computed++)
        computing[computed]!.run()
      loads.look()
      stores.look()
      const [first, second] = loads.arrival <= stores.arrival ? [loads, stores] : [stores, loads]
      if (!Number.isFinite(first.arrival)) break
      served = first.serve(served, second.arrival)
    }
    if (computed < computing.length || !loads.isDone || !stores.isDone)
      throw new Error('deadlock: blocks wait for each other')
    return Math.max(this.tensor, this.vector, stores.done)
  }
}
