/** Trial runs: each kernel of a benchmark executed on random numbers, and held against float64. */
import { findFamily } from '../kernels/index.ts'
import type { Dims } from '../nki/index.ts'
import { check } from '../simulate/index.ts'
import type { Dtype } from '../tensor/index.ts'

/** Small enough to be executed in moments, ragged enough to mean something. */
export const TRIAL = { M: 300, K: 640, r: 320, N: 1100 }

export interface Trial {
  readonly kernel: string
  readonly shape: Dims
  readonly relativeError: number
  readonly maxAbsError: number
  readonly tolerance: number
  readonly ok: boolean
}

export function trial(name: string, dtype: Dtype): Trial {
  const { general } = findFamily(name)
  const shape = Object.fromEntries(general.dims.map((dim) => [dim, TRIAL[dim as keyof typeof TRIAL]]))
  const { relativeError, maxAbsError, tolerance, ok } = check(general, shape, dtype, {
    schedule: general.schedules.seed ?? {},
  })
  return { kernel: name, shape, relativeError, maxAbsError, tolerance, ok }
}
