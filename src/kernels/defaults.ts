/**
 * Default schedules: the best that a search found for some shapes (tuned/, written by `npm run tune-defaults`), and the
 * rule for all others. In each row of the table that was found for at least as many rows M, what grows on chip with the
 * rank (with N or M in a dense product) is shortened in proportion, so that it fits here as it did there (or the row is
 * passed over, where that cuts too deep). The nearest of them is taken, by the logarithms of the dimensions and of the
 * strips that it makes of M. Tuned for elements of two bytes; float32 takes twice the room, and may spill.
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
  /** Whether a row's schedule, shortened for this shape, is still one for it. */
  suits?(row: Row, schedule: ScheduleValues, dims: Dims): boolean
  /**
   * The entry that cuts M into strips, if all weights are read again for each; and how much twice as many strips weigh,
   * where a dimension of twice the size weighs 1.
   */
  readonly strips?: { readonly by: string; readonly weight: number }
}

interface Growth {
  readonly dim: string
  /** Entries, and the dimension that each cuts. */
  readonly shortens: Readonly<Record<string, string>>
  readonly limits: readonly string[]
}

/** Shorter blocks than any that a search looks at are slow, whatever stays in PSUM. */
const SHORTEST = 256

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
  suits: ({ dims: there }, { accumulate, rBlock, nBlock }, { K, r, N }) =>
    accumulate !== 'psum' ||
    (K! <= 2 * there.K! &&
      r! <= 2 * there.r! &&
      Number(rBlock) >= Math.min(SHORTEST, r!) &&
      Number(nBlock) >= Math.min(SHORTEST, N!)),
  strips: { by: 'mStrip', weight: 1 },
}

/** Two pairs of factors or more are read for each strip. */
const GATE_UP: Rule = { ...FUSED, strips: { by: 'mStrip', weight: 2 } }

/** Here a block of columns of V has the whole rank as well: the hidden activation is summed in PSUM. */
const MLP: Rule = {
  ...GATE_UP,
  grows: () => [{ dim: 'r', shortens: { mStrip: 'M', nBlock: 'N' }, limits: ['rBlock'] }],
}

const RULES: Readonly<Record<TunedKernel, Rule>> = {
  fused_xuv: FUSED,
  fused_xuv_transposed: FUSED,
  fused_xtuv: FUSED,
  fused_mlp: MLP,
  fused_mlp_up_transposed: GATE_UP,
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
      .map((row) => ({ row, schedule: shortened(row, dims, rule) }))
      .filter(({ row, schedule }) => rule.suits?.(row, schedule, dims) ?? true)
    const far = ({ row, schedule }: (typeof fitted)[number]): number =>
      distance(row.dims, dims) + doublings(schedule, dims, rule)
    const { schedule } = fitted.reduce((best, one) => (far(one) < far(best) ? one : best))
    return schedule as Entries // its own entries, as the search wrote them
  }

/**
 * The schedule of a row with what grows on chip shortened, where this shape has more of it. Sizes are rounded down to
 * multiples of 128, but for a dimension that fits as a whole: it is not cut.
 */
function shortened(row: Row, dims: Dims, { grows }: Rule): ScheduleValues {
  const { schedule } = row
  const limited: Record<string, number> = {}
  const sizes: Record<string, { readonly cut: string; readonly size: number }> = {}
  for (const { dim, shortens, limits } of grows(schedule)) {
    const excess = dims[dim]! / row.dims[dim]!
    if (excess <= 1) continue
    for (const [name, cut] of Object.entries(shortens)) {
      const before = sizes[name]?.size ?? Math.min(Number(schedule[name]), row.dims[cut]!)
      sizes[name] = { cut, size: before / excess }
    }
    for (const name of limits) limited[name] = Math.min(Number(schedule[name]), up(row.dims[dim]!))
  }
  const shorter = Object.entries(sizes).map(([name, { cut, size }]) => [
    name,
    dims[cut]! <= size ? up(dims[cut]!) : Math.max(1, Math.floor(size / 128)) * 128,
  ])
  return { ...schedule, ...limited, ...Object.fromEntries(shorter) }
}

/** The next multiple of 128. */
const up = (size: number): number => Math.ceil(size / 128) * 128

/** How many doublings and halvings one shape is away from another. */
const distance = (a: Dims, b: Dims): number =>
  Object.keys(a).reduce((sum, dim) => sum + Math.abs(Math.log2(a[dim]! / b[dim]!)), 0)

/** The doublings of the strips that a schedule makes here, by their weight. */
const doublings = (schedule: ScheduleValues, { M }: Dims, { strips }: Rule): number =>
  strips ? strips.weight * Math.log2(Math.ceil(M! / Number(schedule[strips.by]))) : 0

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
