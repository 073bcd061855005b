/**
 * The seed's workload: one layer of a large model, dense and compressed, at growing numbers of rows; and the series
 * of kernels that its two figures compare, with ours beside them.
 */
import type { Dims } from '../nki/index.ts'
import type { Dtype } from '../tensor/index.ts'

export const WORKLOAD = {
  dims: { K: 8192, r: 4096, N: 16384 } as Dims,
  rows: [1024, 2048, 4096, 8192, 16384, 32768] as readonly number[],
  dtype: 'bfloat16' as Dtype,
}

export interface Series {
  readonly id: 'nki_xw' | 'nki_xuv' | 'neuronmm' | 'tuned'
  readonly label: string
  readonly kernel: string
  /** The schedule that the published figures were made with, or the best that a search finds. */
  readonly schedule: 'seed' | 'tuned'
  /** Outputs of kernels, as dimensions: those that the published experiment moved again outside of them. */
  readonly outside: readonly (readonly [string, string])[]
}

/** Dense, two matmuls, fused: in the order of the figures' legends; then the fused kernel with a searched schedule. */
export const SERIES: readonly Series[] = [
  {
    id: 'nki_xw',
    label: 'NKI XW (dense)',
    kernel: 'matmul_fully_optimized',
    schedule: 'seed',
    outside: [['M', 'N']],
  },
  {
    id: 'nki_xuv',
    label: 'NKI XUV (sequential)',
    // from Xᵀ, as the seed calls it: X is transposed outside of the kernel, and counted there (published.ts)
    kernel: 'sequential_xtuv',
    schedule: 'seed',
    outside: [
      ['M', 'r'],
      ['M', 'N'],
    ],
  },
  { id: 'neuronmm', label: 'NeuronMM (fused)', kernel: 'fused_xuv', schedule: 'seed', outside: [] },
  { id: 'tuned', label: 'fused, tuned', kernel: 'fused_xuv', schedule: 'tuned', outside: [] },
]
