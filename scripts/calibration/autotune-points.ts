/** nki-autotune: its scoreboard, timed from the host, and its ladder of 2048³ kernels; bfloat16 on Trn2. */
import type { Kernel } from '../../src/nki/index.ts'
import { autotuned, autotunedTransposing, POSITIONS } from './autotuned.ts'
import { own, type Point, square } from './point.ts'
import { blockedMatmul, ladder } from './tutorial.ts'

type Entry = readonly [n: number, outer: 'rows' | 'columns', k: number, m: number, n: number, ms: number]
const PLAIN: readonly Entry[] = [
  [512, 'columns', 4, 1, 1, 0.054],
  [1024, 'columns', 4, 2, 1, 0.076],
  [1536, 'columns', 12, 1, 1, 0.141],
  [2048, 'rows', 2, 4, 2, 0.269],
  [2560, 'rows', 4, 5, 1, 0.483],
  [3072, 'columns', 12, 2, 2, 0.795],
  [3584, 'rows', 14, 7, 1, 1.247],
  [4096, 'rows', 4, 4, 2, 1.823],
  [4608, 'rows', 12, 4, 3, 2.573],
  [5120, 'columns', 20, 5, 2, 3.504],
]
const TRANSPOSING: readonly Entry[] = [
  [512, 'columns', 2, 4, 1, 0.056],
  [1024, 'columns', 8, 4, 2, 0.079],
  [1536, 'columns', 12, 1, 3, 0.149],
  [2048, 'columns', 2, 2, 1, 0.288],
  [2560, 'rows', 1, 4, 1, 0.509],
  [3072, 'rows', 12, 4, 2, 0.827],
  [3584, 'rows', 14, 4, 1, 1.291],
  [4096, 'rows', 4, 4, 2, 1.886],
  [4608, 'rows', 12, 3, 3, 2.653],
  [5120, 'rows', 10, 5, 2, 3.603],
]
const TILE = 128
const scoreboard = (
  kernel: Kernel,
  label: string,
  entries: readonly Entry[],
  { shaped, remark }: Pick<Point, 'shaped' | 'remark'> = {},
): Point[] =>
  entries.map(([size, outer, k, m, n, ms]) => ({
    name: `${label}, ${size}³`,
    source: 'nki-autotune scoreboard',
    target: 'trn2',
    dtype: 'bfloat16',
    dims: square(size),
    kernel,
    schedules: POSITIONS.flatMap((xLoad) =>
      POSITIONS.map((wLoad) => ({
        outer,
        kBlock: k * TILE,
        mBlock: m * TILE,
        nBlock: n * 4 * TILE,
        xLoad,
        wLoad,
      })),
    ),
    ms,
    launched: true,
    ...(kernel === autotuned && size <= 1024 && { calibrates: ['launch' as const] }),
    ...(shaped && { shaped }),
    ...(remark && { remark }),
  }))

const rung = (
  name: string,
  ms: number,
  point: Omit<Point, 'name' | 'source' | 'target' | 'dtype' | 'ms'>,
): Point => ({
  ...point,
  name,
  ms,
  source: 'nki-autotune ladder, 2048³',
  target: 'trn2',
  dtype: 'bfloat16',
})
export const rungs: readonly Point[] = [
  rung('loads in the loop over the contraction', 1.366, {
    ...own(ladder, square(2048), { loads: 'serial' }),
    remark: 'how many loads ran ahead is not published',
  }),
  rung('operands resident, one PSUM bank', 0.366, {
    ...own(ladder, square(2048)),
    machine: { psumBanks: 1 },
    // the source zeroes each of its 64 tiles in PSUM on GpSimd; with one bank nothing else goes on meanwhile
    serial: (m) => 64 * ((512 + m.accessCycles) / m.clock.gpsimd + m.semaphore),
    calibrates: ['semaphore'],
  }),
  rung('operands resident, two PSUM banks', 0.264, {
    ...own(ladder, square(2048)),
    machine: { psumBanks: 2 },
    calibrates: ['semaphore'],
  }),
  rung('streamed, double-buffered', 0.244, {
    ...own(blockedMatmul, square(2048), { mBlock: 512, nBlock: 512 }),
  }),
]

export const scoreboards: readonly Point[] = [
  ...scoreboard(autotuned, 'xᵀ·w', PLAIN),
  ...scoreboard(autotunedTransposing, 'x·w, transposing', TRANSPOSING, {
    shaped: 'the engine of the copies',
    remark: 'transposes are not interleaved with the matmuls of the block before, as a compiler does',
  }),
]
