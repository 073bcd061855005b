/** Beyond the measured points: what the model says of other row sizes, dtypes, row counts and devices. */
import { DEVICES, type DeviceName, dmaBandwidth, machineOf } from '../../src/device/index.ts'
import { choose, findFamily, traceChoice } from '../../src/kernels/index.ts'
import { bind, type Dims, type Kernel, type Program, type ScheduleValues } from '../../src/nki/index.ts'
import { type Profile, profile } from '../../src/simulate/index.ts'
import type { Dtype } from '../../src/tensor/index.ts'
import { table } from '../markdown.ts'
import { reading, silu } from './elementwise.ts'
import { blockedMatmul } from './tutorial.ts'

const NAMES = Object.keys(DEVICES) as DeviceName[]
const run = (program: Program, dims: Dims, dtype: Dtype, target: DeviceName): Profile =>
  profile(program, bind(program, dims, dtype), DEVICES[target])
const own = (
  kernel: Kernel,
  schedule: ScheduleValues,
  dims: Dims,
  dtype: Dtype,
  target: DeviceName,
): Profile => run(kernel.trace(schedule), dims, dtype, target)
const seconds = ({ metrics, bounds }: Profile): number => metrics.total_time - bounds.launch

/**
 * Share of the full bandwidth by bytes per row, read off the chart of AWS's DMA bandwidth guide (loads of 128 rows). It
 * names no device; 0.6 µs per DMA and a full rate of 528 GB/s, Trn3's, are what its points lie on.
 */
const CHART: readonly (readonly [bytes: number, share: number])[] = [
  [256, 0.103],
  [512, 0.206],
  [1024, 0.422],
  [2048, 0.813],
  [4096, 0.966],
  [8192, 0.983],
  [16384, 0.99],
]
const TILES = 512

function rows(): string[] {
  const share = (bytes: number, target: DeviceName): number => {
    const N = bytes / 4
    const p = own(reading, {}, { M: 128 * TILES, N, P: 1 }, 'float32', target)
    return p.metrics.hbm_read_bytes / seconds(p) / (dmaBandwidth(machineOf(DEVICES[target])) * 1e6)
  }
  return [
    'Loads of tiles of 128 rows: share of the bandwidth of all DMA engines (272, 368 and 528 GB/s), and the chart of AWS’s DMA bandwidth guide. The chart names no device: its points are those of 0.6 µs per DMA and 528 GB/s, that is Trn3.',
    '',
    ...table(
      ['bytes per row', ...NAMES, 'chart'],
      CHART.map(([bytes, chart]) => [
        `${bytes}`,
        ...NAMES.map((name) => share(bytes, name).toFixed(3)),
        chart.toFixed(3),
      ]),
    ),
  ]
}

function dtypes(): string[] {
  const dims = { M: 4096, K: 4096, N: 4096 }
  const list: readonly Dtype[] = ['bfloat16', 'float32', 'float8_e4m3']
  const cell = (dtype: Dtype, name: DeviceName): string => {
    const p = own(blockedMatmul, {}, dims, dtype, name)
    return `${(seconds(p) * 1e3).toFixed(2)} (${((100 * p.bounds.compute) / seconds(p)).toFixed(0)} %)`
  }
  return [
    'xᵀ·w, 4096³, blocks of 1024 × 1024: ms, and the compute bound as a share of it. float8 runs at the rate of bfloat16: the double rate of Trn2’s perf mode is not modelled.',
    '',
    ...table(
      ['dtype', ...NAMES],
      list.map((dtype) => [dtype, ...NAMES.map((name) => cell(dtype, name))]),
    ),
  ]
}

function sizes(): string[] {
  const layer = { K: 8192, r: 4096, N: 16384 }
  const cell = (M: number, name: DeviceName): string => {
    const dims = { M, ...layer }
    const program = traceChoice(choose(findFamily('fused_xuv'), dims))
    const p = run(program, dims, 'bfloat16', name)
    const bound = Math.max(p.bounds.compute, p.bounds.memory)
    return `${(seconds(p) * 1e3).toFixed(3)} (${(seconds(p) / bound).toFixed(2)}×)`
  }
  return [
    'Fused X·U·V of the seed’s layer with this project’s default schedules: ms without launch, and how many times the larger of the compute and memory bounds.',
    '',
    ...table(
      ['rows', ...NAMES],
      [1, 16, 128, 512, 2048, 16384, 131072].map((M) => [`${M}`, ...NAMES.map((name) => cell(M, name))]),
    ),
  ]
}

function elementwise(): string[] {
  const dims = { M: 4096, N: 7168 }
  const cell = (form: string, name: DeviceName): string => {
    const p = own(silu, { form }, dims, 'float32', name)
    const busy = Math.max(p.metrics.vector_engine_active_time, p.metrics.scalar_engine_active_time)
    return `${(seconds(p) * 1e3).toFixed(3)}, ${busy > p.metrics.dma_active_time ? 'engines' : 'DMA'}`
  }
  return [
    'silu of 4096 × 7168 float32: ms, and what bounds it.',
    '',
    ...table(
      ['form', ...NAMES],
      ['formula', 'activation'].map((form) => [form, ...NAMES.map((name) => cell(form, name))]),
    ),
  ]
}

function launches(): string {
  const list = NAMES.map((name) => `${machineOf(DEVICES[name]).launch} µs on ${name}`).join(', ')
  return `A launch costs ${list}: Trn1’s sources are profiles of the device and show none, Trn2’s was fitted to times taken from the host, and Trn3’s is carried over.`
}

export const extrapolations = (): string[] => [
  '## Beyond the measured points',
  '',
  'Nothing in this section was measured, except where a chart is cited.',
  '',
  ...rows(),
  '',
  ...dtypes(),
  '',
  ...sizes(),
  '',
  ...elementwise(),
  '',
  launches(),
]
