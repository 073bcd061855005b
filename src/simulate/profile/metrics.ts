/**
 * Metrics under the names of Neuron Explorer, and as its profile schema 7.4 defines them (table Summary). Bytes, seconds,
 * percent; all modelled, none measured. What the model cannot know is not here rather than zero: what depends on the
 * framework around the kernel (queues of inputs and weights, HLO statistics), the sync engine, and how DMAs are generated.
 */
import { type Machine, peakMacs } from '../../device/index.ts'
import type { Traffic } from './lower.ts'
import { QUEUE } from './queues.ts'
import type { Timing } from './timing.ts'

export interface Metrics {
  /** Seconds, the launch included. */
  readonly total_time: number
  /** Seconds from the first instruction to the end of the last one, without the launch. */
  readonly total_exec_time: number
  readonly neuroncore_cycle_count: number
  readonly hbm_read_bytes: number
  readonly hbm_write_bytes: number
  /** Of those: accumulators and other computed data that did not fit. */
  readonly spill_save_bytes: number
  readonly spill_reload_bytes: number
  /** By DMAs and by instructions of the engines. */
  readonly sbuf_read_bytes: number
  readonly sbuf_write_bytes: number
  /** By instructions of the engines; adding to a sum is a write. */
  readonly psum_read_bytes: number
  readonly psum_write_bytes: number
  readonly psum_read_sbuf_write_count: number
  readonly psum_read_sbuf_write_bytes: number
  readonly tensor_engine_active_time: number
  readonly tensor_engine_active_time_percent: number
  readonly tensor_engine_instruction_count: number
  readonly tensor_engine_instruction_time: number
  readonly vector_engine_active_time: number
  readonly vector_engine_active_time_percent: number
  readonly vector_engine_instruction_count: number
  readonly vector_engine_instruction_time: number
  readonly scalar_engine_active_time: number
  readonly scalar_engine_active_time_percent: number
  readonly scalar_engine_instruction_count: number
  readonly scalar_engine_instruction_time: number
  readonly gpsimd_engine_active_time: number
  readonly gpsimd_engine_active_time_percent: number
  readonly gpsimd_engine_instruction_count: number
  readonly gpsimd_engine_instruction_time: number
  readonly dma_active_time: number
  readonly dma_active_time_percent: number
  readonly dma_active_cycles: number
  /** One per DMA instruction, spills and re-reads included. */
  readonly dma_transfer_count: number
  readonly dma_transfer_average_bytes: number
  readonly dma_transfer_total_bytes: number
  /** Inputs (weights are among them), and inputs with the output: once each, what of them the kernel touches. */
  readonly inputs_and_weights_size_bytes: number
  readonly inputs_outputs_weights_size_bytes: number
  readonly matmul_instruction_count: number
  /** FLOPs that the result needs, and those that the tensor engine executes. */
  readonly model_flops: number
  readonly hardware_flops: number
  readonly transpose_flops: number
  /** As bfloat16 would do them in the same time: float32 × 4, float8 × 0.5 but on Trn1. */
  readonly adjusted_hardware_flops: number
  readonly adjusted_transpose_flops: number
  /** FLOPs without transposes, per byte between HBM and the core. */
  readonly mm_arithmetic_intensity: number
  /** FLOPs per byte at which the nominal peak and the HBM bandwidth balance. */
  readonly peak_flops_bandwidth_ratio: number
  /** Of the nominal peak of the tensor engine: all FLOPs, and those that the result needs. */
  readonly hfu_estimated_percent: number
  readonly mfu_estimated_percent: number
  /** All FLOPs but those of transposes. */
  readonly mfu_inst_estimated_percent: number
  /** What they could be at the arithmetic intensity of the traffic at hand; 100 and more: not bound by memory. */
  readonly mfu_max_achievable_estimated_percent: number
  readonly mfu_inst_max_achievable_estimated_percent: number
  /** Of the bandwidth of one HBM stack. */
  readonly mbu_estimated_percent: number
  /** If every input were read once, and nothing else. */
  readonly mbu_min_read_util_percent: number
}

type EngineMetric =
  `${'tensor' | 'vector' | 'scalar' | 'gpsimd'}_engine_${'active_time' | 'active_time_percent' | 'instruction_count' | 'instruction_time'}`

export interface Work {
  readonly matmuls: number
  /** FLOPs that the result needs. */
  readonly usefulFlops: number
  /** Bytes, once each. */
  readonly compulsory: { readonly inputs: number; readonly output: number }
}

export function metricsOf(timing: Timing, traffic: Traffic, work: Work, machine: Machine): Metrics {
  const total = timing.total + machine.launch
  const { usefulFlops, compulsory } = work
  const { flops, transposeFlops, onChip, transfers } = traffic
  const percent = (part: number, whole: number): number => (whole > 0 ? (100 * part) / whole : 0)
  const engines = Object.fromEntries(
    (['tensor', 'vector', 'scalar', 'gpsimd'] as const).flatMap((engine) => {
      const busy = timing.busy[QUEUE[engine]]!
      return [
        [`${engine}_engine_active_time`, busy * 1e-6],
        [`${engine}_engine_active_time_percent`, percent(busy, total)],
        [`${engine}_engine_instruction_count`, timing.instructions[QUEUE[engine]]!],
        // in order: no two instructions of an engine overlap
        [`${engine}_engine_instruction_time`, busy * 1e-6],
      ]
    }),
  ) as Record<EngineMetric, number>
  const bytes = traffic.readBytes + traffic.writeBytes
  const peak = 2 * peakMacs(machine, machine.nominalTensorClock)
  const bandwidth = machine.hbmStackBandwidth
  const achievable = (of: number): number => percent(of * bandwidth, bytes * peak)
  return {
    total_time: total * 1e-6,
    total_exec_time: timing.total * 1e-6,
    neuroncore_cycle_count: Math.round(total * machine.clock.profiler),
    hbm_read_bytes: traffic.readBytes,
    hbm_write_bytes: traffic.writeBytes,
    spill_save_bytes: traffic.spillSaveBytes,
    spill_reload_bytes: traffic.spillReloadBytes,
    sbuf_read_bytes: onChip.sbufReadBytes,
    sbuf_write_bytes: onChip.sbufWriteBytes,
    psum_read_bytes: onChip.psumReadBytes,
    psum_write_bytes: onChip.psumWriteBytes,
    psum_read_sbuf_write_count: onChip.psumToSbufCount,
    psum_read_sbuf_write_bytes: onChip.psumToSbufBytes,
    ...engines,
    dma_active_time: timing.dmaBusy * 1e-6,
    dma_active_time_percent: percent(timing.dmaBusy, total),
    dma_active_cycles: Math.round(timing.dmaBusy * machine.clock.profiler),
    dma_transfer_count: transfers,
    dma_transfer_average_bytes: transfers > 0 ? bytes / transfers : 0,
    dma_transfer_total_bytes: bytes,
    inputs_and_weights_size_bytes: compulsory.inputs,
    inputs_outputs_weights_size_bytes: compulsory.inputs + compulsory.output,
    matmul_instruction_count: work.matmuls,
    model_flops: usefulFlops,
    hardware_flops: flops,
    transpose_flops: transposeFlops,
    adjusted_hardware_flops: traffic.adjustedFlops,
    adjusted_transpose_flops: traffic.adjustedTransposeFlops,
    mm_arithmetic_intensity: bytes > 0 ? (flops - transposeFlops) / bytes : 0,
    peak_flops_bandwidth_ratio: peak / machine.hbmBandwidth,
    hfu_estimated_percent: percent(flops, peak * total),
    mfu_estimated_percent: percent(usefulFlops, peak * total),
    mfu_inst_estimated_percent: percent(flops - transposeFlops, peak * total),
    mfu_max_achievable_estimated_percent: achievable(usefulFlops),
    mfu_inst_max_achievable_estimated_percent: achievable(flops - transposeFlops),
    mbu_estimated_percent: percent(bytes, bandwidth * total),
    mbu_min_read_util_percent: percent(compulsory.inputs, bandwidth * total),
  }
}
