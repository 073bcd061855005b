/** Metrics under the names of Neuron Explorer (its profile schema). Bytes, seconds, percent; all modelled, none measured. */
import { type Machine, peakMacs } from '../../device/index.ts'
import type { Traffic } from './lower.ts'
import { QUEUE } from './queues.ts'
import type { Timing } from './timing.ts'

export interface Metrics {
  /** Seconds, the launch included. */
  readonly total_time: number
  readonly neuroncore_cycle_count: number
  readonly hbm_read_bytes: number
  readonly hbm_write_bytes: number
  /** Of those: accumulators and other computed data that did not fit. */
  readonly spill_save_bytes: number
  readonly spill_reload_bytes: number
  readonly tensor_engine_active_time: number
  readonly tensor_engine_active_time_percent: number
  readonly tensor_engine_instruction_count: number
  readonly vector_engine_active_time: number
  readonly vector_engine_active_time_percent: number
  readonly vector_engine_instruction_count: number
  readonly scalar_engine_active_time: number
  readonly scalar_engine_active_time_percent: number
  readonly scalar_engine_instruction_count: number
  readonly gpsimd_engine_active_time: number
  readonly gpsimd_engine_active_time_percent: number
  readonly gpsimd_engine_instruction_count: number
  readonly dma_active_time: number
  readonly dma_active_time_percent: number
  /** One per DMA instruction, spills and re-reads included. */
  readonly dma_transfer_count: number
  readonly dma_transfer_average_bytes: number
  readonly matmul_instruction_count: number
  readonly hardware_flops: number
  readonly transpose_flops: number
  /** FLOPs without transposes, per byte between HBM and the core. */
  readonly mm_arithmetic_intensity: number
  /** FLOPs per byte at which the nominal peak and the HBM bandwidth balance. */
  readonly peak_flops_bandwidth_ratio: number
  /** Of the nominal peak of the tensor engine: all FLOPs, and those that the result needs. */
  readonly hfu_estimated_percent: number
  readonly mfu_estimated_percent: number
  /** Of the bandwidth of one HBM stack. */
  readonly mbu_estimated_percent: number
}

type EngineMetric =
  `${'tensor' | 'vector' | 'scalar' | 'gpsimd'}_engine_${'active_time' | 'active_time_percent' | 'instruction_count'}`

export interface Work {
  readonly matmuls: number
  /** FLOPs that the result needs. */
  readonly usefulFlops: number
}

export function metricsOf(timing: Timing, traffic: Traffic, work: Work, machine: Machine): Metrics {
  const total = timing.total + machine.launch
  const share = (time: number): number => (total > 0 ? (100 * time) / total : 0)
  const engines = Object.fromEntries(
    (['tensor', 'vector', 'scalar', 'gpsimd'] as const).flatMap((engine) => {
      const busy = timing.busy[QUEUE[engine]]!
      return [
        [`${engine}_engine_active_time`, busy * 1e-6],
        [`${engine}_engine_active_time_percent`, share(busy)],
        [`${engine}_engine_instruction_count`, timing.instructions[QUEUE[engine]]!],
      ]
    }),
  ) as Record<EngineMetric, number>
  const bytes = traffic.readBytes + traffic.writeBytes
  const peak = 2 * peakMacs(machine, machine.nominalTensorClock)
  return {
    total_time: total * 1e-6,
    neuroncore_cycle_count: Math.round(total * machine.clock.profiler),
    hbm_read_bytes: traffic.readBytes,
    hbm_write_bytes: traffic.writeBytes,
    spill_save_bytes: traffic.spillSaveBytes,
    spill_reload_bytes: traffic.spillReloadBytes,
    ...engines,
    dma_active_time: timing.dmaBusy * 1e-6,
    dma_active_time_percent: share(timing.dmaBusy),
    dma_transfer_count: traffic.transfers,
    dma_transfer_average_bytes: traffic.transfers > 0 ? bytes / traffic.transfers : 0,
    matmul_instruction_count: work.matmuls,
    hardware_flops: traffic.flops,
    transpose_flops: traffic.transposeFlops,
    mm_arithmetic_intensity: bytes > 0 ? (traffic.flops - traffic.transposeFlops) / bytes : 0,
    peak_flops_bandwidth_ratio: peak / machine.hbmBandwidth,
    hfu_estimated_percent: total > 0 ? (100 * traffic.flops) / (peak * total) : 0,
    mfu_estimated_percent: total > 0 ? (100 * work.usefulFlops) / (peak * total) : 0,
    mbu_estimated_percent: total > 0 ? (100 * bytes) / (machine.hbmStackBandwidth * total) : 0,
  }
}
