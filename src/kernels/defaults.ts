/**
 * Default schedules: of all that a search found to be best for some shape (tuned/, written by `npm run tune-defaults`), on
 * any core, the one that is estimated to take least time at the shape at hand (estimate/). So tables say which schedules
 * are worth a look, wherever they were found, and the estimate says which suits: M may be a row more than a strip, or the
 * rank so small that sums fit in PSUM. Where none of them fits, they are cut shorter until some do. Sized for elements of
 * two bytes; float32 takes twice the room, and may spill.
 */
import { DEVICES, type DeviceName, type Machine, machineOf } from '../device/index.ts'
import { type Dims, type ScheduleValues, TILE_SIZE } from '../nki/index.ts'
import { type Estimate, EXPECTED, type Expected, type Outlook } from './estimate/index.ts'
import { TUNED, type TunedKernel } from './tuned/index.ts'

const { pmax } = TILE_SIZE

/** Times as close as this are equal (the model is off by 3 % in the median), and the schedule with less traffic wins. */
export const EQUAL_TIME = 1.01

/**
 * Sums are rounded once, unless that takes so much longer, or moves so much more in about as much time: only where two or
 * three of them share the chip (the MLP's) have the tables schedules that round more often.
 */
const WORTH = { time: 1.1, bytes: 1.5 }

interface Candidate {
  readonly schedule: ScheduleValues
  readonly outlook: Outlook
}

interface Estimated extends Estimate {
  readonly schedule: ScheduleValues
}

/**
 * The default schedule of a kernel for a shape on a core, where it differs from its `schedule`; cores without a device
 * table are taken for trn2.
 */
export const tunedFor =
  <Entries extends ScheduleValues>(kernel: TunedKernel) =>
  (dims: Dims, target: string): Entries => {
    const table = tableOf(kernel)
    const found = fitting(table, EXPECTED[kernel], dims, machineFor(target))
    const exact = fastest(found.filter(({ schedule }) => schedule.accumulate !== 'input'))
    const rounded = fastest(found.filter(({ schedule }) => schedule.accumulate === 'input'))
    const chosen = !exact || (rounded && worthRounding(exact, rounded)) ? rounded : exact
    return (chosen?.schedule ?? table[0]!) as Entries // its own entries, as the search wrote them
  }

/** Whether rounding once costs too much: of what two schedules take, in any unit of time. */
export const worthRounding = (exact: Estimate, rounded: Estimate): boolean =>
  exact.time > WORTH.time * rounded.time ||
  (exact.bytes > WORTH.bytes * rounded.bytes && WORTH.time * exact.time > rounded.time)

/** The one that moves least among the fastest: those first that may be, until no other one can be. */
function fastest(candidates: readonly Candidate[]): Estimated | undefined {
  const all: Estimated[] = []
  let enough = Number.POSITIVE_INFINITY
  for (const { schedule, outlook } of [...candidates].sort((a, b) => a.outlook.least - b.outlook.least)) {
    if (outlook.least > enough) break
    const one = { schedule, ...outlook.estimate() }
    all.push(one)
    enough = Math.min(enough, one.time * EQUAL_TIME)
  }
  const fast = all.filter(({ time }) => time <= enough)
  return fast.sort((a, b) => a.bytes - b.bytes || a.time - b.time)[0]
}

/** The schedules that fit, or if there are none, those that do with shorter blocks; none if a strip of 128 rows spills. */
function fitting(
  table: readonly ScheduleValues[],
  expected: Expected,
  dims: Dims,
  machine: Machine,
): readonly Candidate[] {
  const found = table.flatMap((schedule) => {
    const outlook = expected(schedule, dims, machine)
    return outlook ? [{ schedule, outlook }] : []
  })
  if (found.length > 0) return found
  const shorter = unique(table.flatMap(shortened))
  return shorter.length > 0 ? fitting(shorter, expected, dims, machine) : []
}

/** Half as many rows, half as many columns, or half of everything, but no less than a tile. */
function shortened(schedule: ScheduleValues): readonly ScheduleValues[] {
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
  return [half('mStrip', 'mBlock'), half('nBlock'), half(...Object.keys(schedule))].filter(
    (shorter) => JSON.stringify(shorter) !== same,
  )
}

const unique = (schedules: readonly ScheduleValues[]): readonly ScheduleValues[] => [
  ...new Map(schedules.map((schedule) => [JSON.stringify(schedule), schedule])).values(),
]

const machines = new Map<DeviceName, Machine>()

function machineFor(target: string): Machine {
  const name = Object.hasOwn(DEVICES, target) ? (target as DeviceName) : 'trn2'
  const machine = machines.get(name) ?? machineOf(DEVICES[name])
  machines.set(name, machine)
  return machine
}

const parsed = new Map<TunedKernel, readonly ScheduleValues[]>()

/** Every schedule of a kernel's tables once: lines `M=256 K=2048 r=1280 N=8192: mStrip=256 …`. */
function tableOf(kernel: TunedKernel): readonly ScheduleValues[] {
  const known = parsed.get(kernel)
  if (known) return known
  const lines = Object.values(TUNED[kernel]).flatMap((text) => text.trim().split('\n'))
  const table = unique(lines.map((line) => entries(line.split(':')[1]!)))
  parsed.set(kernel, table)
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
