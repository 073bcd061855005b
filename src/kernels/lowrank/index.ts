/** Y = X·U·V in one kernel, X and Y plain or transposed, for many rows and for a few; and the baseline. */
import type { Family } from '../family.ts'
import { fusedXtuv } from './fused-xtuv.ts'
import { fusedXtuvDecode } from './fused-xtuv-decode.ts'
import { fusedXtuvTransposed } from './fused-xtuv-transposed.ts'
import { fusedXtuvTransposedDecode } from './fused-xtuv-transposed-decode.ts'
import { fusedXuv } from './fused-xuv.ts'
import { fusedXuvDecode } from './fused-xuv-decode.ts'
import { fusedXuvTransposed } from './fused-xuv-transposed.ts'
import { fusedXuvTransposedDecode } from './fused-xuv-transposed-decode.ts'
import { sequentialXtuv } from './sequential-xtuv.ts'
import { sequentialXuv } from './sequential-xuv.ts'

const group = 'lowrank'

export const LOWRANK: readonly Family[] = [
  { name: 'sequential_xuv', group, general: sequentialXuv, special: [] },
  { name: 'sequential_xtuv', group, general: sequentialXtuv, special: [] },
  { name: 'fused_xuv', group, general: fusedXuv, special: [fusedXuvDecode] },
  { name: 'fused_xuv_transposed', group, general: fusedXuvTransposed, special: [fusedXuvTransposedDecode] },
  { name: 'fused_xtuv', group, general: fusedXtuv, special: [fusedXtuvDecode] },
  {
    name: 'fused_xtuv_transposed',
    group,
    general: fusedXtuvTransposed,
    special: [fusedXtuvTransposedDecode],
  },
]
