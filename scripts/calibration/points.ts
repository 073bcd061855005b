/**
 * Published measurements, and how each is modelled. `calibrates` names the numbers of the device tables that were set by
 * looking at the point; a point without any was predicted.
 */
import type { Calibrated, DeviceName } from '../../src/device/index.ts'
import { OUTSIDE, published } from '../../src/report/published.ts'
import type { Dtype } from '../../src/tensor/index.ts'
import { rungs, scoreboards } from './autotune-points.ts'
import { adamw, rope, silu, vectorAdd } from './elementwise.ts'
import { batchedMatmul, normedMatmul, transposingMatmul } from './nkibench.ts'
import { library, own, type Point, square } from './point.ts'
import { blockedMatmul, tileLoads } from './tutorial.ts'

const GIB = 2 ** 30

// --- the seed's two figures -------------------------------------------------------------------------------------------

const layer = { K: 8192, r: 4096, N: 16384 }
const BF16 = 2
const FIGURES = {
  nki_xw: {
    label: 'XW',
    kernel: 'matmul_fully_optimized',
    outside: (m: number) => OUTSIDE.passesOverX * m * layer.K + OUTSIDE.passesOverOutputs * m * layer.N,
  },
  nki_xuv: {
    label: 'XUV, two kernels',
    kernel: 'sequential_xtuv',
    outside: (m: number) =>
      OUTSIDE.passesOverX * m * layer.K + OUTSIDE.passesOverOutputs * m * (layer.r + layer.N),
  },
  neuronmm: { label: 'XUV, fused', kernel: 'fused_xuv', outside: () => 0 },
}
const CALIBRATING: Readonly<Record<string, readonly (keyof Calibrated)[]>> = {
  'XW, M = 32768': ['passingTiles'],
  'XUV, two kernels, M = 32768': ['passingTiles'],
  'XUV, fused, M = 32768': ['tensorClock'],
}
const SPILL = 'beyond 8192 rows the strip of sums spills, and no one law fits both series: the signs disagree'
const SPILL_RULES = 'what is spilled'
const SHAPING: Readonly<Record<string, string>> = {
  'XW, M = 16384': SPILL_RULES,
  'XUV, two kernels, M = 16384': SPILL_RULES,
}
const REMARKS: Readonly<Record<string, string>> = {
  'XW, M = 16384': SPILL,
  'XW, M = 32768': SPILL,
  'XUV, two kernels, M = 1024': 'traffic within one reading of the plot (±0.058 GiB)',
  'XUV, two kernels, M = 4096': 'slower in the figure than anything known about it; unexplained',
  'XUV, fused, M = 1024':
    'traffic within the reading of the plot (±0.058 GiB); the loop count is exact elsewhere',
}
const figures = Object.entries(FIGURES).flatMap(([series, { label, kernel, outside }]): Point[] =>
  [1024, 4096, 16384, 32768].map((M) => {
    const { seconds, hbmGiB } = published(series, M)!
    const name = `${label}, M = ${M}`
    const dims = kernel === 'matmul_fully_optimized' ? { M, K: layer.K, N: layer.N } : { M, ...layer }
    return {
      name,
      source: 'seed, figures',
      target: 'trn1',
      dtype: 'bfloat16',
      ...library(kernel, dims, 'seed'),
      ms: seconds * 1e3,
      bytes: hbmGiB * GIB,
      outsideBytes: outside(M) * BF16,
      ...(CALIBRATING[name] && { calibrates: CALIBRATING[name] }),
      ...(SHAPING[name] && { shaped: SHAPING[name] }),
      ...(REMARKS[name] && { remark: REMARKS[name] }),
    }
  }),
)

// --- AWS's matmul tutorial, [4096, 8192] · [8192, 8192] ---------------------------------------------------------------

const tutorialDims = { M: 4096, K: 8192, N: 8192 }
/** Blocks of 16 × 128 rows, 2 × 512 columns, 8 × 128 of the contraction; sums in the dtype of the inputs. */
const tutorialBlocks = { mBlock: 2048, nBlock: 1024, kBlock: 1024, accumulate: 'input' }
const tutorial = (
  target: DeviceName,
  dtype: Dtype,
  point: Omit<Point, 'source' | 'target' | 'dtype'>,
): Point => ({
  ...point,
  source: 'AWS matmul tutorial',
  target,
  dtype,
})
const tutorials: Point[] = [
  tutorial('trn1', 'bfloat16', {
    name: 'tiled',
    ...library('matmul_tiled', tutorialDims),
    ms: 51.8,
    calibrates: ['dmaRowTime', 'bufferingDegree'],
  }),
  tutorial('trn1', 'bfloat16', {
    name: 'fully optimised',
    ...library('matmul_fully_optimized', tutorialDims, tutorialBlocks),
    ms: 6.97,
    calibrates: ['tensorClock'],
  }),
  tutorial('trn2', 'float32', {
    name: 'tiled',
    ...library('matmul_tiled', tutorialDims),
    ms: 39.89,
    bytes: 10.87e9,
    active: { tensor: 34.82, dma: 39.87 },
    calibrates: ['bufferingDegree'],
  }),
  tutorial('trn2', 'float32', {
    name: 'hoisted loads',
    ...library('matmul_hoist_load', tutorialDims),
    ms: 28.2,
    bytes: 8.86e9,
    active: { tensor: 28.16, dma: 28.12 },
    calibrates: ['matmulOverhead'],
  }),
  tutorial('trn2', 'float32', {
    name: 'blocks of rows and columns',
    ...library('matmul_block_free', tutorialDims),
    ms: 28.41,
    bytes: 8.66e9,
    active: { tensor: 28.28, dma: 27.19 },
    shaped: 'blocks that are loaded again',
  }),
  tutorial('trn2', 'float32', {
    name: 'all in blocks',
    ...library('matmul_fully_optimized', tutorialDims, tutorialBlocks),
    ms: 28.3,
    bytes: 1.82e9,
    active: { tensor: 28.16, dma: 6.1, vector: 2.99 },
    shaped: SPILL_RULES,
    remark:
      'the strip of sums does not fit by 8 %: loads beside it are modelled with one copy, and so without overlap',
  }),
]

// --- NKIBench on Trn1, float32 ----------------------------------------------------------------------------------------

const NO_SCHEDULING =
  'bound by the order of its elementwise instructions: engines run in program order here, a compiler reorders them'
const REMOVED =
  'the compiler removed loads that the source repeats; which ones it removes is not specified, so what is written is modelled. Every input once would be 0.070 and 0.109 GiB'
const nkibench = (point: Omit<Point, 'source' | 'target' | 'dtype'>): Point => ({
  ...point,
  source: 'NKIBench',
  target: 'trn1',
  dtype: 'float32',
})
const benchmarks: Point[] = [
  nkibench({
    name: 'transpose_matmul 4096×2048×10944',
    ...own(blockedMatmul, { M: 4096, K: 2048, N: 10944 }, { copy: 'scalar' }),
    ms: 9.61,
    bytes: 392_167_424 + 179_306_496,
    active: { scalar: 0.365 },
    shaped: 'copies in part',
  }),
  nkibench({
    name: 'matmul 4096×5120×12288',
    ...own(transposingMatmul, { M: 4096, K: 5120, N: 12288 }),
    ms: 35.2,
    bytes: 9_059_762_176 + 201_326_592,
    active: { scalar: 2.395 },
    shaped: 'rows of a DMA; blocks that are loaded again',
  }),
  nkibench({
    name: 'bmm 16×4096×64×4096, best',
    ...own(batchedMatmul, { M: 16 * 4096, K: 64, N: 4096 }),
    ms: 4.333,
    bytes: 33_620_000 + 1_073_741_824,
    calibrates: ['dmaRowTime'],
  }),
  nkibench({
    name: 'silu 4096×7168, best',
    ...own(silu, { M: 4096, N: 7168 }, { form: 'activation' }),
    ms: 0.798,
    bytes: 2 * 117_440_512,
    remark: 'measured at 294 GB/s, above the 272 GB/s that the DMA guide calls practical',
  }),
  nkibench({
    name: 'silu 4096×7168, as given',
    ...own(silu, { M: 4096, N: 7168 }, { form: 'formula' }),
    ms: 1.333,
    bytes: 2 * 117_440_512,
    active: { vector: 0.985, scalar: 0.42 },
    calibrates: ['reciprocalCycles'],
    outOfReach:
      'Vector is idle for a quarter of the time in the measurement, for no reason that its source shows',
  }),
  nkibench({
    name: 'rope 64×4096×128, as given',
    ...own(rope, { D: 64, S: 64 * 4096 }),
    ms: 4.333,
    bytes: 268_435_456 + 134_217_728,
    active: { vector: 3.104, scalar: 0.611 },
    outOfReach: 'as silu: Vector’s own time is right, the gaps between its instructions are not explained',
  }),
  nkibench({
    name: 'adamw 10944×2048, as given',
    ...own(adamw, { M: 10944, N: 2048 }),
    ms: 2.0,
    bytes: 358_612_992 + 89_653_248,
    active: { vector: 1.8, scalar: 1.232 },
    outOfReach: NO_SCHEDULING,
  }),
  nkibench({
    name: 'add_rmsnorm_matmul 4096×1024×2048, as given',
    ...own(normedMatmul, { M: 4096, K: 1024, N: 2048 }, { norm: 'first' }),
    ms: 1.222,
    bytes: 42_012_672 + 33_554_432,
    outOfReach: REMOVED,
  }),
  nkibench({
    name: 'matmul_add_rmsnorm 4096×2048×2048, as given',
    ...own(normedMatmul, { M: 4096, K: 2048, N: 2048 }, { norm: 'last' }),
    ms: 2.667,
    bytes: 98_115_584 + 33_554_432,
    outOfReach: REMOVED,
  }),
]

// --- the worked example, 4096³ in bfloat16 on Trn2 --------------------------------------------------------------------

const MIB4096 = 2 * 4096 * 4096
const example = (name: string, point: Omit<Point, 'name' | 'source' | 'target' | 'dtype'>): Point => ({
  ...point,
  name,
  source: 'AWS worked example, 4096³',
  target: 'trn2',
  dtype: 'bfloat16',
})
const examples: Point[] = [
  example('V0: tiled', {
    ...library('matmul_tiled', square(4096)),
    ms: 8.602,
    bytes: 1_207_697_408,
    active: { tensor: 4.806, vector: 0.176, dma: 7.906 },
    remark:
      'the compiler loaded xᵀ 3 times instead of the 8 times written; which redundant loads it removes is not predictable',
  }),
  example('V1: blocks, loads of tiles', {
    ...own(tileLoads, square(4096)),
    ms: 2.451,
    bytes: 6 * MIB4096,
    active: { tensor: 2.163, vector: 0.174, dma: 1.325 },
  }),
  example('V2: blocks, loads of rows', {
    ...own(blockedMatmul, square(4096)),
    ms: 1.801,
    bytes: 6 * MIB4096,
    active: { tensor: 1.781, vector: 0.172, dma: 0.819 },
    calibrates: ['matmulOverhead'],
  }),
]

// --- additions of vectors, a course's figures -------------------------------------------------------------------------

const FIXED =
  'microseconds: fixed costs of the run (11 µs for a single tile) and of three small DMAs per tile, which share what issues them'
const addition = (name: string, N: number, width: number, ms: number): Point => ({
  name,
  source: 'CS149 assignment 4',
  target: 'trn2',
  dtype: 'float32',
  ...own(vectorAdd, { M: 128, N }, { width }),
  ms,
  outOfReach: FIXED,
})
const additions = [
  addition('vector add, 200 tiles of 128 × 1', 200, 1, 0.378),
  addition('vector add, 100 tiles of 128 × 2', 200, 2, 0.186),
  addition('vector add, 1 tile of 128 × 2000', 2000, 2048, 0.028),
]

export const POINTS: readonly Point[] = [
  ...tutorials,
  ...figures,
  ...benchmarks,
  ...examples,
  ...rungs,
  ...scoreboards,
  ...additions,
]
