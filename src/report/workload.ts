/**
 * The seed's workload: one layer of a large model, dense and compressed, at growing numbers of rows; and the kernels
 * that its two figures compare.
 */
import type { Dims } from '../nki/index.ts'
import type { Dtype } from '../tensor/index.ts'

export const WORKLOAD = {
  dims: { K: 8192, r: 4096, N: 16384 } as Dims,
  rows: [1024, 2048, 4096, 8192, 16384, 32768] as readonly number[],
  dtype: 'bfloat16' as Dtype,
}

export interface Series {
  readonly id: 'nki_xw' | 'nki_xuv' | 'neuronmm'
  readonly label: string
  readonly kernel: string
  /** The schedule that the published figures were made with. */
  readonly schedule: string
}

/** Dense, two matmuls, fused: in the order of the figures' legends. */
export const SERIES: readonly Series[] = [
  { id: 'nki_xw', label: 'X·W dense', kernel: 'matmul_fully_optimized', schedule: 'seed' },
  { id: 'nki_xuv', label: 'X·U·V sequential', kernel: 'sequential_xuv', schedule: 'seed' },
  { id: 'neuronmm', label: 'X·U·V fused', kernel: 'fused_xuv', schedule: 'seed' },
]
