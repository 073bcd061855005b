/**
 * Default schedules: of all that a search found to be best for some shape (tuned/, written by `npm run tune-defaults`), the
 * one that is estimated to take least time at the shape at hand (./estimate.ts), with so much added for every doubling or
 * halving of a dimension between this shape and the nearest one that it was found for. So a table says which schedules are
 * worth a look and is right at its own shapes, and a closed form says which suits in between: M may be a row more than a
 * strip, or the rank so small that sums fit in PSUM, however near other shapes of the table are. Where none of them fits,
 * they are cut shorter until some do. Sized for elements of two bytes; float32 takes twice the room, and may spill.
 */
import { DEVICES, type DeviceName, type Machine, machineOf } from '../device/index.ts'
import { type Dims, type ScheduleValues, TILE_SIZE } from '../nki/index.ts'
import type { Estimate } from './estimate.ts'
import { dense, type Estimated, fused } from './phases.ts'
import { TUNED, type TunedKernel } from './tuned/index.ts'

const { pmax } = TILE_SIZE

const ESTIMATES: Readonly<Record<TunedKernel, Estimated>> = {
  fused_xuv: fused({ x: 'plain', y: 'plain' }),
  fused_xuv_transposed: fused({ x: 'plain', y: 'transposed' }),
  fused_xtuv: fused({ x: 'transposed', y: 'plain' }),
  fused_xtuv_transposed: fused({ x: 'transposed', y: 'transposed' }),
  fused_mlp: fused({ pairs: 2, x: 'plain', y: 'plain', down: true }),
  fused_mlp_up_transposed: fused({ pairs: 2, x: 'plain', y: 'transposed' }),
  matmul_fully_optimized: dense,
}

/**
 * Added to an estimate for each of them, as a share: an estimate is off by several percent, and less is known of a schedule
 * the further away it was found. From 0.04 to 0.1 it makes little difference.
 */
const DOUBT_PER_DOUBLING = 0.06

/**
 * Sums are rounded once, unless that takes so much longer or moves so much more: only where two or three of them share
 * the chip (the MLP's) have the tables schedules that round more often.
 */
const WORTH = { time: 1.1, bytes: 1.5 }

/** A schedule, and the shapes for which it was found. */
interface Found {
  readonly schedule: ScheduleValues
  readonly shapes: readonly Dims[]
}

interface Candidate extends Estimate {
  readonly schedule: ScheduleValues
}

/**
 * The default schedule of a kernel for a shape on a core, where it differs from its `schedule`; cores that have no table of
 * their own take that of trn2.
 */
export const tunedFor =
  <Entries extends ScheduleValues>(kernel: TunedKernel) =>
  (dims: Dims, target: string): Entries => {
    const machine = machineFor(target)
    const found = fitting(tableOf(kernel, target), ESTIMATES[kernel], dims, machine)
    const exact = best(found.filter(({ schedule }) => schedule.accumulate !== 'input'))
    const rounded = best(found.filter(({ schedule }) => schedule.accumulate === 'input'))
    const chosen = !exact || (rounded && worthRounding(exact, rounded)) ? rounded! : exact
    return chosen.schedule as Entries // its own entries, as the search wrote them
  }

/** Whether rounding once costs too much: of what two schedules take, in any unit of time. */
export const worthRounding = (exact: Estimate, rounded: Estimate): boolean =>
  exact.time > WORTH.time * rounded.time || exact.bytes > WORTH.bytes * rounded.bytes

const best = (all: readonly Candidate[]): Candidate | undefined =>
  all.length === 0 ? undefined : all.reduce((first, one) => (one.time < first.time ? one : first))

/** How many doublings and halvings one shape is away from another. */
const distance = (a: Dims, b: Dims): number =>
  Object.keys(a).reduce((sum, dim) => sum + Math.abs(Math.log2(a[dim]! / b[dim]!)), 0)

/** The schedules that fit, or if there are none, those that do with shorter blocks. */
function fitting(
  table: readonly Found[],
  estimated: Estimated,
  dims: Dims,
  machine: Machine,
): readonly Candidate[] {
  const found = table.flatMap(({ schedule, shapes }) => {
    const one = estimated(schedule, dims, machine)
    if (!one) return []
    const doubt = DOUBT_PER_DOUBLING * Math.min(...shapes.map((shape) => distance(shape, dims)))
    return [{ schedule, time: one.time * (1 + doubt), bytes: one.bytes }]
  })
  if (found.length > 0) return found
  const shorter = grouped(table.flatMap(shortened))
  return shorter.length > 0
    ? fitting(shorter, estimated, dims, machine)
    : [{ schedule: table[0]!.schedule, time: 0, bytes: 0 }] // a strip of 128 rows is too large: it spills
}

/** Half as many rows, half as many columns, or half of everything, but no less than a tile. */
function shortened({ schedule, shapes }: Found): readonly Found[] {
  const half = (...names: readonly string[]): ScheduleValues => ({
    ...schedule,
    ...Object.fromEntries(
      names.flatMap((name) => {
        const size = schedule[name]
        return typeof size === 'number' ? [[name, Math.max(pmax, Math.floor(size / 2 / pmax) * pmax)]] : []
      }),
    ),
  })
  const same = JSON.stringify(schedule)
  return [half('mStrip', 'mBlock'), half('nBlock'), half(...Object.keys(schedule))]
    .filter((shorter) => JSON.stringify(shorter) !== same)
    .map((shorter) => ({ schedule: shorter, shapes }))
}

/** Every schedule once, with all its shapes. */
function grouped(rows: readonly Found[]): readonly Found[] {
  const bySchedule = new Map<string, Found>()
  for (const { schedule, shapes } of rows) {
    const key = JSON.stringify(schedule)
    bySchedule.set(key, { schedule, shapes: [...(bySchedule.get(key)?.shapes ?? []), ...shapes] })
  }
  return [...bySchedule.values()]
}

const machines = new Map<DeviceName, Machine>()

function machineFor(target: string): Machine {
  const name = Object.hasOwn(DEVICES, target) ? (target as DeviceName) : 'trn2'
  const machine = machines.get(name) ?? machineOf(DEVICES[name])
  machines.set(name, machine)
  return machine
}

const parsed = new Map<string, readonly Found[]>()

/** `M=256 K=2048 r=1280 N=8192: mStrip=256 …` */
function tableOf(kernel: TunedKernel, target: string): readonly Found[] {
  const key = `${kernel} ${target}`
  const known = parsed.get(key)
  if (known) return known
  const tables: Readonly<Record<string, string>> = TUNED[kernel]
  const rows = (tables[target] ?? TUNED[kernel].trn2)
    .trim()
    .split('\n')
    .map((line): Found => {
      const [shape, schedule] = line.split(':') as [string, string]
      return { schedule: entries(schedule), shapes: [entries(shape) as Dims] }
    })
  const table = grouped(rows)
  parsed.set(key, table)
  return table
}

const entries = (text: string): ScheduleValues =>
  Object.fromEntries(
    text
      .trim()
      .split(/\s+/)
      .map((entry) => {
        const [name, value] = entry.split('=') as [string, string]
        return [name, /^\d+$/.test(value) ? Number(value) : value]
      }),
  )
