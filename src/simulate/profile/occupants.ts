/** The instances of a buffer over time: the memory of each is taken from its first instruction to the last of any queue. */
import type { Buffer } from './plan.ts'
import { QUEUE_COUNT } from './queues.ts'
import { enlarged } from './stream.ts'
import type { Timing } from './timing.ts'

/** As arrays, since there may be as many instances as instructions. */
export class Occupants {
  private count = 0
  /** Of instance k: touches[start[k] … start[k + 1]], its first instruction and then the last one of each queue. */
  private start = new Int32Array(1 << 6)
  private touches = new Int32Array(1 << 8)
  private first = -1
  private readonly last = new Int32Array(QUEUE_COUNT).fill(-1)

  constructor(readonly buffer: Buffer) {}

  /** An instruction of a queue touches the instance in use. */
  note(instruction: number, queue: number): void {
    if (this.first < 0) this.first = instruction
    this.last[queue] = instruction
  }

  /** The instance in use is the last one no more. */
  close(): void {
    if (this.first < 0) return
    let at = this.start[this.count]!
    if (at + 1 + QUEUE_COUNT > this.touches.length) this.touches = enlarged(this.touches, Int32Array)
    this.touches[at++] = this.first
    for (const i of this.last) if (i >= 0) this.touches[at++] = i
    if (++this.count === this.start.length) this.start = enlarged(this.start, Int32Array)
    this.start[this.count] = at
    this.first = -1
    this.last.fill(-1)
  }

  /** When instances begin and when instances end, each sorted. */
  changes({ begin, end }: Timing): { begins: Float64Array; ends: Float64Array } {
    const { count, start, touches } = this
    const begins = new Float64Array(count)
    const ends = new Float64Array(count)
    for (let k = 0; k < count; k++) {
      begins[k] = begin![touches[start[k]!]!]!
      for (let t = start[k]! + 1; t < start[k + 1]!; t++) ends[k] = Math.max(ends[k]!, end[touches[t]!]!)
    }
    return { begins: begins.sort(), ends: ends.sort() }
  }
}
