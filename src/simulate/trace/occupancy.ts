/**
 * How much of SBUF and PSUM is taken over time. An instance of a buffer is there from its first instruction to its last;
 * a buffer takes what its instances need, at most what it has. Buffers that share addresses hand them over tile by tile:
 * what both hold counts once.
 */
import { type Timeline, takenBytes } from '../profile/index.ts'

export interface Level {
  readonly time: number
  /** Bytes per partition. */
  readonly sbuf: number
  readonly psum: number
}

/** Walked from change to change; a level is worked out only where it is asked for. */
export class Occupancy {
  /** Of the last change. */
  time = Number.NEGATIVE_INFINITY
  private readonly buffers
  /** By buffer: when instances begin, and when instances end. */
  private readonly changes: Float64Array[]
  /** How many of those changes have been. */
  private readonly past: Int32Array

  constructor({ occupants, timing }: Timeline) {
    const placed = [...occupants].sort((a, b) => a.buffer.address - b.buffer.address)
    this.buffers = placed.map(({ buffer }) => {
      const taken = takenBytes(buffer)
      return { ...buffer, taken, one: buffer.residence === 'resident' ? buffer.bytes : taken }
    })
    this.changes = placed.flatMap((one) => {
      const { begins, ends } = one.changes(timing)
      return [begins, ends]
    })
    this.past = new Int32Array(this.changes.length)
  }

  /** The time of the next change; infinite after the last one. */
  get next(): number {
    let next = Number.POSITIVE_INFINITY
    for (let c = 0; c < this.changes.length; c++) {
      const times = this.changes[c]!
      const at = this.past[c]!
      if (at < times.length && times[at]! < next) next = times[at]!
    }
    return next
  }

  /** Goes to the next change, and all others at its time. */
  step(): void {
    this.time = this.next
    for (let c = 0; c < this.changes.length; c++) {
      const times = this.changes[c]!
      while (this.past[c]! < times.length && times[this.past[c]!] === this.time) this.past[c]!++
    }
  }

  /** What is taken since the last change, as of a time from then on. */
  level(time = this.time): Level {
    const level = { time, sbuf: 0, psum: 0 }
    let covered = 0
    for (const [b, { alloc, address, one, taken }] of this.buffers.entries()) {
      const bytes = Math.min((this.past[2 * b]! - this.past[2 * b + 1]!) * one, taken)
      if (address < 0) level[alloc.memory as 'sbuf' | 'psum'] += bytes
      else {
        level.sbuf += Math.max(0, address + bytes - Math.max(address, covered))
        covered = Math.max(covered, address + bytes)
      }
    }
    return level
  }
}
