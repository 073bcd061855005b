/** Metrics by hand on one tile, by their definitions on random shapes, and under the names of Neuron Explorer only. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Device, machineOf, trn1, trn2, trn3 } from '../../device/index.ts'
import { choose, findFamily, traceChoice } from '../../kernels/index.ts'
import { bind, type Dims } from '../../nki/index.ts'
import type { Dtype } from '../../tensor/index.ts'
import { profile } from './index.ts'

function modelled(
  name: string,
  dims: Dims,
  schedule = 'default',
  device: Device = trn1,
  dtype: Dtype = 'bfloat16',
) {
  const choice = choose(findFamily(name), dims, schedule)
  const program = traceChoice(choice)
  return profile(program, bind(program, dims, dtype), device, { macs: choice.kernel.macs(dims) })
}

test('bytes on chip, of one tile', () => {
  const { metrics: m } = modelled('matmul_basic', { M: 64, K: 128, N: 512 })
  const [x, w, y] = [128 * 64 * 2, 128 * 512 * 2, 64 * 512]
  expect(m).toMatchObject({
    hbm_read_bytes: x + w,
    hbm_write_bytes: 2 * y,
    // loads; zeros, and their sum with the product, in float32; the result in bfloat16
    sbuf_write_bytes: x + w + 4 * y + 4 * y + 2 * y,
    // operands of the matmul; zeros; the sum; the result
    sbuf_read_bytes: x + w + 4 * y + 4 * y + 2 * y,
    psum_write_bytes: 4 * y,
    psum_read_bytes: 4 * y,
    psum_read_sbuf_write_count: 1,
    psum_read_sbuf_write_bytes: 4 * y,
    inputs_and_weights_size_bytes: x + w,
    inputs_outputs_weights_size_bytes: x + w + 2 * y,
    model_flops: 2 * 64 * 128 * 512,
    hardware_flops: 2 * 64 * 128 * 512,
    matmul_instruction_count: 1,
    dma_transfer_count: 3,
  })
})

const shapes = fc.record({
  M: fc.integer({ min: 1, max: 900 }),
  K: fc.integer({ min: 1, max: 900 }),
  r: fc.integer({ min: 1, max: 600 }),
  N: fc.integer({ min: 1, max: 900 }),
})

test('definitions hold for any shape', () => {
  fc.assert(
    fc.property(shapes, fc.constantFrom(trn1, trn2, trn3), (dims, device) => {
      const { metrics: m, bounds, asWritten } = modelled('fused_xuv', dims, 'default', device)
      const bytes = m.hbm_read_bytes + m.hbm_write_bytes
      expect(m.dma_transfer_total_bytes).toBe(bytes)
      expect(m.dma_transfer_average_bytes * m.dma_transfer_count).toBeCloseTo(bytes, 3)
      expect(m.mm_arithmetic_intensity * bytes).toBeCloseTo(m.hardware_flops - m.transpose_flops, 3)
      expect(m.total_exec_time + bounds.launch).toBeCloseTo(m.total_time, 12)
      expect(m.inputs_outputs_weights_size_bytes).toBe(bounds.compulsoryBytes)
      expect(m.inputs_and_weights_size_bytes).toBeLessThanOrEqual(asWritten.hbm_read_bytes)
      expect(m.mbu_min_read_util_percent).toBeLessThanOrEqual(m.mbu_estimated_percent)
      expect(m.mfu_estimated_percent).toBeLessThanOrEqual(m.hfu_estimated_percent * (1 + 1e-9))
      expect(m.mfu_inst_estimated_percent).toBeLessThanOrEqual(m.hfu_estimated_percent)
      // utilisation is what is achievable, times how well the memory is used
      expect((m.mfu_max_achievable_estimated_percent * m.mbu_estimated_percent) / 100).toBeCloseTo(
        m.mfu_estimated_percent,
        6,
      )
      // every byte from HBM lands on chip, and every byte to HBM is read there
      expect(m.sbuf_write_bytes).toBeGreaterThanOrEqual(m.hbm_read_bytes)
      expect(m.sbuf_read_bytes).toBeGreaterThanOrEqual(m.hbm_write_bytes)
      const { profiler } = machineOf(device).clock
      expect(m.dma_active_cycles).toBe(Math.round(m.dma_active_time * 1e6 * profiler))
      for (const value of Object.values(m)) expect(Number.isFinite(value) && value >= 0).toBe(true)
    }),
    { numRuns: 30 },
  )
})

test('spills pass through SBUF as well', () => {
  const spilling = modelled('matmul_fully_optimized', { M: 16384, K: 2048, N: 2048 }, 'seed').metrics
  const fitting = modelled('matmul_fully_optimized', { M: 4096, K: 2048, N: 2048 }, 'seed').metrics
  expect(fitting.spill_save_bytes).toBe(0)
  // what is computed on grows with the rows; saves come on top
  expect(spilling.sbuf_read_bytes).toBe(4 * fitting.sbuf_read_bytes + spilling.spill_save_bytes)
  expect(spilling.sbuf_write_bytes).toBeGreaterThanOrEqual(spilling.hbm_read_bytes)
})

test.each<[Dtype, Device, number]>([
  ['float32', trn1, 4],
  ['bfloat16', trn1, 1],
  ['float8_e4m3', trn1, 1],
  ['float8_e4m3', trn2, 0.5],
  ['float16', trn3, 1],
])('%s is adjusted to bfloat16 as the schema says', (dtype, device, factor) => {
  const { metrics } = modelled('matmul_tiled', { M: 128, K: 256, N: 512 }, 'default', device, dtype)
  expect(metrics.adjusted_hardware_flops).toBe(factor * metrics.hardware_flops)
})

test('names are those of the schema, and what the model cannot know is absent', () => {
  const { metrics } = modelled('matmul_basic', { M: 64, K: 128, N: 512 })
  const engine =
    /^(tensor|vector|scalar|gpsimd)_engine_(active_time|active_time_percent|instruction_count|instruction_time)$/
  expect(
    Object.keys(metrics)
      .filter((name) => !engine.test(name))
      .sort(),
  ).toMatchSnapshot()
  for (const unknown of [
    'sync_engine_active_time',
    'weight_queue_bytes',
    'dma_queue_count',
    'mfu_hlo_estimated_percent',
  ])
    expect(metrics).not.toHaveProperty(unknown)
})
