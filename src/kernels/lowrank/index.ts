/** Y = X·U·V in one kernel; X and Y plain or transposed. */
import type { Family } from '../family.ts'
import { fusedXtuv } from './fused-xtuv.ts'
import { fusedXtuvTransposed } from './fused-xtuv-transposed.ts'
import { fusedXuv } from './fused-xuv.ts'
import { fusedXuvTransposed } from './fused-xuv-transposed.ts'

export const LOWRANK: readonly Family[] = [fusedXuv, fusedXuvTransposed, fusedXtuv, fusedXtuvTransposed].map(
  (general) => ({
    name: general.name,
    group: 'lowrank',
    general,
    special: [],
  }),
)
