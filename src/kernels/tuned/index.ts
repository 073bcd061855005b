/** The tables of tuned schedules, one a kernel, by core: lines `SHAPE: SCHEDULE`. */
import { FUSED_MLP } from './fused-mlp.ts'
import { FUSED_MLP_UP_TRANSPOSED } from './fused-mlp-up-transposed.ts'
import { FUSED_XTUV } from './fused-xtuv.ts'
import { FUSED_XTUV_TRANSPOSED } from './fused-xtuv-transposed.ts'
import { FUSED_XUV } from './fused-xuv.ts'
import { FUSED_XUV_TRANSPOSED } from './fused-xuv-transposed.ts'
import { MATMUL_FULLY_OPTIMIZED } from './matmul-fully-optimized.ts'

/** Where none was written for trn3, those of the others are what it chooses from. */
interface Tables {
  readonly trn1: string
  readonly trn2: string
  readonly trn3?: string
}

export const TUNED = {
  fused_xuv: FUSED_XUV,
  fused_xtuv: FUSED_XTUV,
  fused_xuv_transposed: FUSED_XUV_TRANSPOSED,
  fused_xtuv_transposed: FUSED_XTUV_TRANSPOSED,
  fused_mlp: FUSED_MLP,
  fused_mlp_up_transposed: FUSED_MLP_UP_TRANSPOSED,
  matmul_fully_optimized: MATMUL_FULLY_OPTIMIZED,
} satisfies Readonly<Record<string, Tables>>

export type TunedKernel = keyof typeof TUNED
export const TUNED_KERNELS = Object.keys(TUNED) as TunedKernel[]
