/**
 * Default schedules: the best that a search found for some shapes (tuned.ts, written by `npm run tune-defaults`), and the
 * rule for all others. It takes the nearest row of the table, by the logarithms of the dimensions, among those that were
 * found for at least as many rows M. What grows on chip with the rank (with N or M in a dense product) is then shortened
 * in proportion, so that it fits here as it did there. Tuned for elements of two bytes; float32 takes twice the room, and
 * may spill.
 */
import type { Dims, ScheduleValues } from '../nki/index.ts'
import { TUNED, type TunedKernel } from './tuned.ts'

interface Row {
  readonly dims: Dims
  readonly schedule: ScheduleValues
}

interface Rule {
  /** Dimensions of which a row must have at least as much. */
  readonly atLeast: readonly string[]
  /** The dimension with which on-chip memory grows, the entries that make up for it, and blocks that it would lengthen. */
  grows(schedule: ScheduleValues): Growth
  /** The entry that cuts M, if all else is read once per piece of it. */
  readonly strip?: string
}

interface Growth {
  readonly dim: string
  /** Entries, and the dimension that each cuts. */
  readonly shortens: Readonly<Record<string, string>>
  readonly limits: readonly string[]
}

/** One strip of rows, and sums of it over the whole rank. */
const FUSED: Rule = {
  atLeast: ['M'],
  grows: () => ({ dim: 'r', shortens: { mStrip: 'M' }, limits: ['rBlock'] }),
  strip: 'mStrip',
}

/** Here a block of columns of V has the whole rank as well: the hidden activation is summed in PSUM. */
const MLP: Rule = {
  ...FUSED,
  grows: () => ({ dim: 'r', shortens: { mStrip: 'M', nBlock: 'N' }, limits: ['rBlock'] }),
}

const RULES: Readonly<Record<TunedKernel, Rule>> = {
  fused_xuv: FUSED,
  fused_xtuv: FUSED,
  fused_mlp: MLP,
  matmul_fully_optimized: {
    atLeast: ['M', 'N'],
    grows: ({ outermost }) =>
      outermost === 'rows'
        ? { dim: 'N', shortens: { mBlock: 'M' }, limits: [] }
        : { dim: 'M', shortens: { nBlock: 'N' }, limits: [] },
  },
}

/**
 * The default schedule of a kernel for a shape on a core, where it differs from its `schedule`; cores that have no table of
 * their own take that of trn2.
 */
export const tunedFor =
  <Entries extends ScheduleValues>(kernel: TunedKernel) =>
  (dims: Dims, target: string): Entries => {
    const rule = RULES[kernel]
    const rows = rowsOf(kernel, target === 'trn1' ? 'trn1' : 'trn2')
    const largest = (dim: string): number => Math.max(...rows.map((row) => row.dims[dim]!))
    const fitted = rows
      .filter((row) => rule.atLeast.every((dim) => row.dims[dim]! >= Math.min(dims[dim]!, largest(dim))))
      .map((row) => ({ row, schedule: shortened(row, dims, rule) }))
    const far = ({ row, schedule }: (typeof fitted)[number]): number =>
      distance(row.dims, dims) + waste(row, schedule, dims, rule)
    const { schedule } = fitted.reduce((best, one) => (far(one) < far(best) ? one : best))
    return schedule as Entries // its own entries, as the search wrote them
  }

/** The schedule of a row with what grows on chip shortened, where this shape has more of it. */
function shortened(row: Row, dims: Dims, { grows }: Rule): ScheduleValues {
  const { dim, shortens, limits } = grows(row.schedule)
  const excess = dims[dim]! / row.dims[dim]!
  if (excess <= 1) return row.schedule
  const shorter = Object.entries(shortens).map(([name, cut]) => {
    const size = Math.min(Number(row.schedule[name]), row.dims[cut]!)
    return [name, Math.max(1, Math.floor(size / excess / 128)) * 128]
  })
  const whole = Math.ceil(row.dims[dim]! / 128) * 128
  const limited = limits.map((name) => [name, Math.min(Number(row.schedule[name]), whole)])
  return { ...row.schedule, ...Object.fromEntries([...shorter, ...limited]) }
}

const WASTE = 4

/** How many doublings and halvings one shape is away from another. */
const distance = (a: Dims, b: Dims): number =>
  Object.keys(a).reduce((sum, dim) => sum + Math.abs(Math.log2(a[dim]! / b[dim]!)), 0)

/**
 * Doublings of the strips per row that the schedule makes here, over those that it made there. For each strip all weights
 * are read again, so one of them weighs more than a dimension that is not the same.
 */
function waste(row: Row, schedule: ScheduleValues, dims: Dims, { strip }: Rule): number {
  if (strip === undefined) return 0
  const density = (M: number, values: ScheduleValues): number => Math.ceil(M / Number(values[strip])) / M
  return WASTE * Math.max(0, Math.log2(density(dims.M!, schedule) / density(row.dims.M!, row.schedule)))
}

const parsed = new Map<string, readonly Row[]>()

/** `M=256 K=2048 r=1280 N=8192: mStrip=256 …` */
function rowsOf(kernel: TunedKernel, target: 'trn1' | 'trn2'): readonly Row[] {
  const key = `${kernel} ${target}`
  const known = parsed.get(key)
  if (known) return known
  const rows = TUNED[kernel][target]
    .trim()
    .split('\n')
    .map((line): Row => {
      const [shape, schedule] = line.split(':') as [string, string]
      return { dims: entries(shape) as Dims, schedule: entries(schedule) }
    })
  parsed.set(key, rows)
  return rows
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
