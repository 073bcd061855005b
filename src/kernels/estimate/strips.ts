/** Kernels whose outermost loop goes over strips, and what all of them do at the end of one. */
import type { Interval, Machine } from '../../device/index.ts'
import { balanced, type Dims, type ScheduleValues, TILE_SIZE } from '../../nki/index.ts'
import type { Around, Block } from './block.ts'
import { cut, elementwise, rowsOf } from './costs.ts'
import type { Line } from './line.ts'
import { type Outlook, outlook, type Strips } from './outlook.ts'

const { pmax } = TILE_SIZE

/** What is to be expected of a schedule of a kernel; null where it does not fit in SBUF. */
export type Expected = (schedule: ScheduleValues, dims: Dims, machine: Machine) => Outlook | null

export type StripsOf = (schedule: ScheduleValues, dims: Dims, machine: Machine, loop: Around) => Strips

/**
 * What is longer is taken to be as long as this: no block fits in SBUF over the whole of it, 128 rows or columns wide, and of
 * schedules that cut it the best one is the same. An estimate goes through a strip block by block, and has to end.
 */
const LONGEST = 2 ** 17

/** Of a kernel whose outermost loop goes over strips of `dim`. */
export function inStrips(dim: string, entry: string, strips: StripsOf): Expected {
  return (schedule, dims, machine) => {
    const whole = dims[dim]!
    const size = balanced(whole, Number(schedule[entry]))
    const trips = Math.ceil(whole / size)
    const within = Object.entries(dims).map(([name, length]) => [name, Math.min(length, LONGEST)])
    const inside: Dims = { ...Object.fromEntries(within), [dim]: size }
    const kernel = () => strips(schedule, inside, machine, { trips, interval: span(0, 100) })
    return outlook(kernel, { times: trips - 1, size, rest: whole - (trips - 1) * size }, machine)
  }
}

export const span = (from: number, to: number): Interval => ({ from, to })
export const around = (trips: number, from: number, to: number): Around => ({
  trips,
  interval: span(from, to),
})

/** A result on its way out, through `out` where it is rounded: a tile of rows at a time. */
export function stored(
  line: Line,
  result: Block,
  out: Block | null,
  rows: number,
  columns: number,
  machine: Machine,
): void {
  for (const tall of cut(rows, pmax).sizes) {
    if (out) line.convert(result, out, elementwise(tall, columns, 1, machine))
    line.store(out ?? result, rowsOf(tall, columns))
  }
}
