/**
 * Default schedules: the best that a search found for some shapes (tuned/, written by `npm run tune-defaults`), and the
 * rule for all others. It takes the nearest row of the table, by the logarithms of the dimensions, among those that were
 * found for at least as many rows M. What grows on chip with the rank (with N or M in a dense product) is then shortened
 * in proportion, so that it fits here as it did there (or passed over, where that cuts too deep). Tuned for elements of two bytes; float32 takes twice the room, and
 * may spill.
 */
import type { Dims, ScheduleValues } from '../nki/index.ts'
import { TUNED, type TunedKernel } from './tuned/index.ts'

interface Row {
  readonly dims: Dims
  readonly schedule: ScheduleValues
}

interface Rule {
  /** Dimensions of which a row must have at least as much. */
  readonly atLeast: readonly string[]
  /** The dimensions with which on-chip memory grows, the entries that make up for it, and blocks that it would lengthen. */
  grows(schedule: ScheduleValues): readonly Growth[]
  /** Whether shortening a row's schedule is enough for this shape. */
  suits?(row: Row, dims: Dims): boolean
  /** The entry that cuts M, if all else is read once per piece of it. */
  readonly strip?: string
}

interface Growth {
  readonly dim: string
  /** Entries, and the dimension that each cuts. */
  readonly shortens: Readonly<Record<string, string>>
  readonly limits: readonly string[]
}

/** A strip of rows of (XU)ᵀ over the whole rank; where sums stay in PSUM also of X, and blocks of whole contractions. */
const FUSED: Rule = {
  atLeast: ['M'],
  grows: ({ accumulate }) =>
    accumulate === 'psum'
      ? [
          { dim: 'K', shortens: { mStrip: 'M', rBlock: 'r' }, limits: [] },
          { dim: 'r', shortens: { mStrip: 'M', nBlock: 'N' }, limits: [] },
        ]
      : [{ dim: 'r', shortens: { mStrip: 'M' }, limits: ['rBlock'] }],
  suits: ({ dims: there, schedule }, { K, r }) =>
    schedule.accumulate !== 'psum' || (K! <= 2 * there.K! && r! <= 2 * there.r!),
  strip: 'mStrip',
}

/** Here a block of columns of V has the whole rank as well: the hidden activation is summed in PSUM. */
const MLP: Rule = {
  ...FUSED,
  grows: () => [{ dim: 'r', shortens: { mStrip: 'M', nBlock: 'N' }, limits: ['rBlock'] }],
}

const RULES: Readonly<Record<TunedKernel, Rule>> = {
  fused_xuv: FUSED,
  fused_xtuv: FUSED,
  fused_mlp: MLP,
  matmul_fully_optimized: {
    atLeast: ['M', 'N'],
    grows: ({ outermost }) =>
      outermost === 'rows'
        ? [{ dim: 'N', shortens: { mBlock: 'M' }, limits: [] }]
        : [{ dim: 'M', shortens: { nBlock: 'N' }, limits: [] }],
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
    const rows = rowsOf(kernel, target)
    const largest = (dim: string): number => Math.max(...rows.map((row) => row.dims[dim]!))
    const fitted = rows
      .filter((row) => rule.atLeast.every((dim) => row.dims[dim]! >= Math.min(dims[dim]!, largest(dim))))
      .filter((row) => rule.suits?.(row, dims) ?? true)
      .map((row) => ({ row, schedule: shortened(row, dims, rule) }))
    const far = ({ row, schedule }: (typeof fitted)[number]): number =>
      distance(row.dims, dims) + waste(row, schedule, dims, rule)
    const { schedule } = fitted.reduce((best, one) => (far(one) < far(best) ? one : best))
    return schedule as Entries // its own entries, as the search wrote them
  }

/** The schedule of a row with what grows on chip shortened, where this shape has more of it. */
function shortened(row: Row, dims: Dims, { grows }: Rule): ScheduleValues {
  let { schedule } = row
  for (const { dim, shortens, limits } of grows(row.schedule)) {
    const excess = dims[dim]! / row.dims[dim]!
    if (excess <= 1) continue
    const shorter = Object.entries(shortens).map(([name, cut]) => {
      const size = Math.min(Number(schedule[name]), row.dims[cut]!)
      return [name, Math.max(1, Math.floor(size / excess / 128)) * 128]
    })
    const whole = Math.ceil(row.dims[dim]! / 128) * 128
    const limited = limits.map((name) => [name, Math.min(Number(schedule[name]), whole)])
    schedule = { ...schedule, ...Object.fromEntries([...shorter, ...limited]) }
  }
  return schedule
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
function rowsOf(kernel: TunedKernel, target: string): readonly Row[] {
  const key = `${kernel} ${target}`
  const known = parsed.get(key)
  if (known) return known
  const tables: Readonly<Record<string, string>> = TUNED[kernel]
  const rows = (tables[target] ?? TUNED[kernel].trn2)
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
