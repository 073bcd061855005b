/**
 * An estimate of what a schedule takes, by which ../defaults.ts chooses among the schedules of the tables: a few strips and
 * the last one on a timeline of blocks (./timeline.ts), and all others taken to be like the last of the few.
 */
import { fits, type Machine } from '../../device/index.ts'
import { Block } from './block.ts'
import { type Line, Meter } from './line.ts'
import { Timeline } from './timeline.ts'

/** A kernel, whose outermost loop goes over strips. */
export interface Strips {
  readonly blocks: readonly Block[]
  /** What it does with one of so many rows or columns. */
  strip(line: Line, size: number): void
}

/** So many strips of a size, and a last, shorter one. */
export interface Sizes {
  readonly times: number
  readonly size: number
  readonly rest: number
}

export interface Estimate {
  /** µs. */
  readonly time: number
  /** To and from HBM. */
  readonly bytes: number
}

/** What is known of a schedule before it is executed. */
export interface Outlook {
  /** µs: whatever is busiest is busy for so long. */
  readonly least: number
  estimate(): Estimate
}

/** null where blocks do not fit in SBUF, if only once. `kernel`: its strips, in a fresh state. */
export function outlook(kernel: () => Strips, sizes: Sizes, machine: Machine): Outlook | null {
  const { blocks, strip } = kernel()
  if (!fits(inOrder(blocks), machine.sbuf)) return null
  const [each, last] = [sizes.size, sizes.rest].map((size) => {
    const meter = new Meter(machine)
    strip(meter, size)
    return meter
  }) as [Meter, Meter]
  const { times } = sizes
  const queues = Object.keys(each.busy) as (keyof Meter['busy'])[]
  const moving = Math.max(each.busy.loads, each.busy.stores, each.busy.transfers)
  return {
    least: Math.max(...queues.map((queue) => times * each.busy[queue] + last.busy[queue])),
    estimate: () => ({
      time: timeOf(kernel(), sizes, moving, machine),
      bytes: times * each.bytes + last.bytes,
    }),
  }
}

/** As the compiler goes through them: those of inner loops first. */
const inOrder = (blocks: readonly Block[]): readonly Block[] =>
  [...blocks].sort((a, b) => Math.min(b.depth, 2) - Math.min(a.depth, 2))

/** µs. `moving`: for how many of them DMA is busy with each strip. */
function timeOf(
  { blocks, strip }: Strips,
  { times, size, rest }: Sizes,
  moving: number,
  machine: Machine,
): number {
  Block.settle(inOrder(blocks), machine)
  // copies of what lives as long as a strip are filled first; then strips are alike, but for the last one and that before
  const copies = blocks
    .filter(({ depth }) => depth === 1)
    .map(({ degree, tilesAhead }) => degree + Math.min(tilesAhead, 1))
  const whole = Math.min(times, Math.max(...copies) + 2)
  const line = new Timeline(machine)
  const ends = [0]
  for (let i = 0; i < whole; i++) {
    strip(line, size)
    line.mark((time) => ends.push(time))
  }
  strip(line, rest)
  const time = line.execute()
  if (whole === times) return time
  // of what DMA is behind with, the tensor engine may not have noticed yet
  return time + (times - whole) * Math.max(ends.at(-2)! - ends.at(-3)!, moving)
}
