/** What schedules of the kernels that have tables are expected to take. */
import type { TunedKernel } from '../tuned/index.ts'
import { dense } from './dense.ts'
import { fused } from './fused.ts'
import type { Expected } from './strips.ts'

export type { Estimate, Outlook } from './outlook.ts'
export type { Expected } from './strips.ts'

export const EXPECTED: Readonly<Record<TunedKernel, Expected>> = {
  fused_xuv: fused({ x: 'plain', y: 'plain' }),
  fused_xuv_transposed: fused({ x: 'plain', y: 'transposed' }),
  fused_xtuv: fused({ x: 'transposed', y: 'plain' }),
  fused_xtuv_transposed: fused({ x: 'transposed', y: 'transposed' }),
  fused_mlp: fused({ pairs: 2, x: 'plain', y: 'plain', down: true }),
  fused_mlp_up_transposed: fused({ pairs: 2, x: 'plain', y: 'transposed' }),
  matmul_fully_optimized: dense,
}
