/** Advice: rules with thresholds over a profile, each in one sentence that says what is wrong and what to try. */
import { PARTITIONS } from '../../nki/index.ts'
import type { Bounds } from './bounds.ts'
import type { Metrics } from './metrics.ts'
import type { Buffer, MemoryPlan } from './plan.ts'

export interface Advice {
  readonly rule: string
  readonly text: string
}

/** Below 2 KiB per partition, that is 256 KiB per DMA of 128 rows, a DMA does not reach its bandwidth (DMA guide). */
const SMALL_DMA_BYTES = PARTITIONS * 2048
/** Shares, in percent, from which a thing is worth a remark; of transposes, their share of the whole time. */
const BUSY = 60
const TRANSPOSES = 2
const IDLE_TENSOR = 80
const EXCESS_TRAFFIC = 3

/** Share of SBUF from which sums are worth halving. */
const MUCH_SBUF = 0.25

interface Facts {
  readonly metrics: Metrics
  readonly bounds: Bounds
  readonly plan: MemoryPlan
  readonly rereadBytes: number
  /** Bytes of an element of the output. */
  readonly elementBytes: number
  /** The words of the schedule. */
  readonly choices: Readonly<Record<string, string>>
  /** Said of a device that nobody could check. */
  readonly unvalidated: string | null
}

type Rule = (facts: Facts) => string | null

const RULES: Readonly<Record<string, Rule>> = {
  unvalidated: ({ unvalidated }) => unvalidated,
  'does-not-fit': ({ plan }) =>
    plan.overflows
      ? `A few tiles of every buffer need more than the ${kib(plan.capacity)} per partition that SBUF has: this cannot be compiled. Use smaller blocks.`
      : null,
  spill: ({ metrics: m, plan }) => {
    const spilled = plan.sbuf.filter((b) => b.residence === 'spilled')
    if (spilled.length === 0) return null
    const share = percent(m.spill_save_bytes + m.spill_reload_bytes, m.hbm_read_bytes + m.hbm_write_bytes)
    return `${names(spilled)} ${does(spilled)} not fit in SBUF and ${is(spilled)} spilled: ${share} of the traffic is saves and reloads. Make the strip or its blocks smaller.`
  },
  reread: ({ rereadBytes, metrics: m, plan }) => {
    const streamed = plan.sbuf.filter((b) => b.residence === 'streamed')
    if (streamed.length === 0) return null
    return `${names(streamed)} ${does(streamed)} not fit in SBUF and ${is(streamed)} loaded again at each use: ${percent(rereadBytes, m.hbm_read_bytes)} of what is read. Use smaller blocks.`
  },
  'small-dma': ({ metrics: m }) =>
    m.dma_transfer_average_bytes < SMALL_DMA_BYTES && m.dma_active_time_percent > BUSY
      ? `A DMA moves ${ofRows(m.dma_transfer_average_bytes)} on average, and the DMA engines are ${m.dma_active_time_percent.toFixed(0)} % busy. Below ${ofRows(SMALL_DMA_BYTES)} they do not reach their bandwidth: take wider blocks.`
      : null,
  'memory-bound': ({ metrics: m, bounds }) => {
    const excess = (m.hbm_read_bytes + m.hbm_write_bytes) / bounds.compulsoryBytes
    return m.dma_active_time_percent > m.tensor_engine_active_time_percent && excess > EXCESS_TRAFFIC
      ? `DMA is the bottleneck, and HBM traffic is ${excess.toFixed(1)}× what inputs and output take once. Keep an operand resident, or take larger blocks.`
      : null
  },
  transposes: ({ metrics: m }) =>
    m.hardware_flops > 0 &&
    (m.tensor_engine_active_time_percent * m.transpose_flops) / m.hardware_flops > TRANSPOSES
      ? `${percent(m.transpose_flops, m.hardware_flops)} of the tensor engine's FLOPs are transposes. Swap stationary and moving so that the result is born transposed, or load transposed.`
      : null,
  'single-buffered': ({ plan, metrics: m }) => {
    const single = plan.sbuf.filter(
      (b) =>
        b.instances > 1 && b.degree === 1 && b.tilesAhead === 0 && b.residence === 'resident' && isLoaded(b),
    )
    return single.length > 0 && m.tensor_engine_active_time_percent < IDLE_TENSOR + 10
      ? `There is room for one copy only of ${names(single)}: loads do not overlap with compute. Use smaller blocks.`
      : null
  },
  'exact-sums': ({ metrics: m, bounds, plan, choices, elementBytes }) => {
    const sums = plan.sbuf.filter((b) => b.alloc.zero && b.elementBytes > elementBytes)
    const bytes = Math.max(0, ...sums.map((b) => b.bytes))
    const excess = (m.hbm_read_bytes + m.hbm_write_bytes) / bounds.compulsoryBytes
    return choices.accumulate === 'float32' && bytes > MUCH_SBUF * plan.capacity && excess > EXCESS_TRAFFIC
      ? `Sums in float32 take ${kib(bytes)} of the ${kib(plan.capacity)} per partition, and keep strips short. accumulate=input halves them, for a rounding at each block of the contraction (the seed's choice); neuronmm tune says what that gives here.`
      : null
  },
  'vector-bound': ({ metrics: m }) =>
    m.vector_engine_active_time_percent > BUSY &&
    m.vector_engine_active_time_percent > m.tensor_engine_active_time_percent
      ? `The vector engine is ${m.vector_engine_active_time_percent.toFixed(0)} % busy, more than the tensor engine. Add up longer in PSUM (larger contraction blocks), or copy on the scalar engine.`
      : null,
  'idle-tensor': ({ metrics: m, bounds }) =>
    m.tensor_engine_active_time_percent < IDLE_TENSOR && bounds.compute > bounds.memory
      ? `This shape is compute-bound, but the tensor engine works only ${m.tensor_engine_active_time_percent.toFixed(0)} % of the time.`
      : null,
}

export const adviseOn = (facts: Facts): Advice[] =>
  Object.entries(RULES).flatMap(([rule, check]) => {
    const text = check(facts)
    return text === null ? [] : [{ rule, text }]
  })

const isLoaded = ({ accesses }: Buffer): boolean =>
  accesses.some(({ op, role }) => role === 'dst' && op.engine === 'dma')
const names = (buffers: readonly Buffer[]): string => buffers.map((b) => b.alloc.name).join(' and ')
const does = (list: readonly Buffer[]): string => (list.length > 1 ? 'do' : 'does')
const is = (list: readonly Buffer[]): string => (list.length > 1 ? 'are' : 'is')
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`
/** `40 KiB (128 rows of 320 bytes)` */
const ofRows = (bytes: number): string =>
  `${kib(bytes)} (${PARTITIONS} rows of ${(bytes / PARTITIONS).toFixed(0)} bytes)`
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`
