/** Blocks in SBUF: how many copies of them rotate, where these lie, and what an instance of one has to wait for. */
import {
  type Interval,
  type Machine,
  placeCopies,
  type Rotating,
  raiseCopies,
  repetition,
  shareMemory,
} from '../../device/index.ts'

/** A loop of a kernel, and where it stands in its text. */
export interface Around {
  readonly trips: number
  readonly interval: Interval
}

const NONE: readonly Instance[] = []

/** What a block holds from one allocation to the next; `First` and `Last`: of its tiles. */
export class Instance {
  /** When it is there, as far as it was executed. */
  thereFirst = 0
  thereLast = 0
  /** When it is no longer needed. */
  freeFirst = 0
  freeLast = 0
  /** What has been recorded and not yet executed: all that makes it, and all that needs its place. */
  writers = 0
  users = 0
  isWritten = false

  constructor(
    /** Whose place it takes; and whose place the tiles do that run ahead. */
    public after: readonly Instance[],
    public before: readonly Instance[],
  ) {}

  made(first: number, last: number): void {
    if (!this.isWritten) this.thereFirst = first
    this.thereLast = Math.max(this.thereLast, last)
    this.isWritten = true
    this.writers--
    this.used(last, last)
  }

  used(first: number, last: number): void {
    this.freeFirst = Math.max(this.freeFirst, first)
    this.freeLast = Math.max(this.freeLast, last)
    // those before it are not needed any more, nor those before these
    if (--this.users === 0) this.after = this.before = NONE
  }
}

/** When the places of instances are free: for the first tile of another one (0), for its last (1), or in between. */
export function vacant(instances: readonly Instance[], share: number): number {
  let [first, last] = [0, 0]
  for (const { freeFirst, freeLast } of instances) {
    first = Math.max(first, freeFirst)
    last = Math.max(last, freeLast)
  }
  return first + (last - first) * share
}

/** Instances of a block that are remembered: more than copies rotate. */
const KEPT = 8

export class Block implements Rotating {
  readonly tileBytes: number
  readonly depth: number
  readonly loop: Interval
  readonly steady: Interval
  readonly mostCopies: number
  degree = 1
  tilesAhead = 0
  private address = 0
  /** Bytes per partition of all its copies, and their tiles. */
  private room = 0
  private ring = 0
  /** Others that use some of its memory at other times. */
  private kin: readonly Block[] = []
  private count = 0
  private readonly instances: Instance[] = []

  /** `around`: loops, the one that allocates it first. */
  constructor(
    readonly bytes: number,
    readonly tiles: number,
    readonly own: Interval,
    around: readonly Around[],
    { maxDegree }: Machine,
  ) {
    const { instances, steady } = repetition(own, around)
    this.tileBytes = bytes / tiles
    this.depth = around.length
    this.loop = around[0]!.interval
    this.steady = steady
    this.mostCopies = Math.min(maxDegree, instances)
  }

  /** Gives every block its copies and its place; they fit, if only once. */
  static settle(blocks: readonly Block[], { sbuf }: Machine): void {
    raiseCopies(blocks, sbuf)
    const placed = placeCopies(blocks, sbuf)!
    for (const one of placed) {
      const { of } = one.block
      of.address = one.address
      of.room = one.block.bytes
      of.ring = of.degree * of.tiles + of.tilesAhead
      of.kin = placed.filter((other) => other !== one && shareMemory(one, other)).map(({ block }) => block.of)
    }
  }

  get current(): Instance {
    return this.instances[(this.count - 1) % KEPT]!
  }

  /** Turns to the next instance. */
  turn(): Instance {
    const number = this.count++
    const others = this.kin.length > 0 ? this.displaced(number) : NONE
    const after = this.with(number - this.degree, others)
    const before = this.tilesAhead > 0 ? this.with(number - this.degree - 1, others) : after
    const instance = new Instance(after, before)
    this.instances[number % KEPT] = instance
    return instance
  }

  private with(number: number, others: readonly Instance[]): readonly Instance[] {
    if (number < 0) return others
    const own = this.instances[number % KEPT]!
    return others.length > 0 ? [own, ...others] : [own]
  }

  /** Of other blocks, the last instances that lie, in part, where one of this does. */
  private displaced(number: number): readonly Instance[] {
    const [from, size] = [this.place(number), this.bytes]
    const found: Instance[] = []
    for (const other of this.kin)
      for (let n = Math.max(0, other.count - other.degree - 1); n < other.count; n++)
        if (this.meets(from, size, other, other.place(n))) found.push(other.instances[n % KEPT]!)
    return found
  }

  /** Where an instance begins. Its last tiles may come first. */
  private place(number: number): number {
    return this.address + ((number * this.tiles) % this.ring) * this.tileBytes
  }

  /** Whether an instance at one address meets one of another block; each may go on at the begin of its own room. */
  private meets(from: number, size: number, other: Block, place: number): boolean {
    const over = from + size - (this.address + this.room)
    const otherOver = place + other.bytes - (other.address + other.room)
    const meet = (a: number, b: number, c: number, d: number): boolean => a < d && c < b
    const [to, otherTo] = [from + size - Math.max(0, over), place + other.bytes - Math.max(0, otherOver)]
    return (
      meet(from, to, place, otherTo) ||
      (over > 0 && meet(this.address, this.address + over, place, otherTo)) ||
      (otherOver > 0 && meet(from, to, other.address, other.address + otherOver)) ||
      (over > 0 &&
        otherOver > 0 &&
        meet(this.address, this.address + over, other.address, other.address + otherOver))
    )
  }
}
