/**
 * Shapes that no table holds, for docs/tuning.md: how far default schedules are from the best that a search finds with sums
 * that are as exact. They are drawn from a fixed seed: rows from 129 to 40000, as likely between 1000 and 2000 as between
 * 10000 and 20000; hidden sizes of language models and multiples of 100; ranks of any size, most of them multiples of 64.
 */
import { assignments } from '../src/cli/output.ts'
import { DEVICES, type DeviceName } from '../src/device/index.ts'
import { alone, choose, EXACT_SUMS, findFamily, TUNED_KERNELS, traceChoice } from '../src/kernels/index.ts'
import { bind, type Dims, type ScheduleValues } from '../src/nki/index.ts'
import { profile } from '../src/simulate/index.ts'
import { diskCache, searched, tune } from '../src/tune/index.ts'

export interface HeldOut {
  readonly name: string
  readonly target: DeviceName
  readonly dims: Dims
}

export interface Distance extends HeldOut {
  readonly seconds: number
  /** Time of the default over that of the best. */
  readonly ratio: number
  /** Of the default, and the best found. */
  readonly schedules: readonly [string, string]
}

const HIDDEN = [576, 768, 960, 1024, 1536, 2048, 2560, 2880, 3072, 3584, 4096, 5120, 5376, 6144, 7168, 8192]
const WIDE = [1536, 2560, 4096, 4864, 5632, 6912, 8960, 11008, 13824, 14336, 17920, 18944, 24576, 28672]
const CORES = ['trn1', 'trn2', 'trn3'] as const

/** Numbers from 0 to 1, the same ones each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** So many shapes for each kernel that has a table. */
export function heldOut(each: number, seed: number): readonly HeldOut[] {
  const random = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const rounded = (size: number, by: number): number => Math.max(by, Math.round(size / by) * by)
  const one = (name: string): HeldOut => {
    const by = random() < 0.25 ? 100 : 1
    const [a, b] = [rounded(pick(HIDDEN), by), rounded(pick(random() < 0.4 ? HIDDEN : WIDE), by)]
    const [K, N] = random() < 0.5 ? [a, b] : [b, a]
    // from 15 to 85 % of the rank at which the factors are as large as the matrix
    const rank = ((K * N) / (K + N)) * (0.15 + 0.7 * random())
    const all: Dims = {
      M: Math.round(129 * (40000 / 129) ** random()),
      K,
      r: rounded(rank, random() < 0.7 ? 64 : 1),
      N,
    }
    const dims = Object.fromEntries(findFamily(name).general.dims.map((dim) => [dim, all[dim]!]))
    return { name, target: pick(CORES), dims }
  }
  return Array.from({ length: each }, () => TUNED_KERNELS.map(one)).flat()
}

/** How far the default of one is from the best. */
export async function distanceOf(one: HeldOut): Promise<Distance> {
  const { name, target, dims } = one
  const family = alone(findFamily(name), findFamily(name).general)
  const device = DEVICES[target]
  const choice = choose(family, dims, 'default', target)
  const program = traceChoice(choice)
  const { metrics, bounds } = profile(program, bind(program, dims, 'bfloat16'), device)
  const sums = choice.schedule.accumulate === 'input' ? 'input' : EXACT_SUMS
  const fixed = { accumulate: sums }
  const { best } = await tune(family, dims, 'bfloat16', device, { fixed, cache: diskCache() })
  const seconds = metrics.total_time - bounds.launch
  const text = (schedule: ScheduleValues): string => assignments(searched(family.general, schedule))
  return {
    ...one,
    seconds,
    ratio: seconds / (best.metrics.total_time - best.bounds.launch),
    schedules: [text(choice.schedule), text(best.schedule)],
  }
}
