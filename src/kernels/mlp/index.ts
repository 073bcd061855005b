/** The SVD-compressed SwiGLU MLP of a Llama-like model: its first half, and the whole of it. */
import type { Family } from '../family.ts'
import { fusedMlp } from './fused-mlp.ts'
import { fusedMlpDecode } from './fused-mlp-decode.ts'
import { fusedMlpUpTransposed } from './fused-mlp-up-transposed.ts'
import { fusedMlpUpTransposedDecode } from './fused-mlp-up-transposed-decode.ts'

export const MLP: readonly Family[] = [
  {
    name: 'fused_mlp_up_transposed',
    group: 'mlp',
    general: fusedMlpUpTransposed,
    special: [fusedMlpUpTransposedDecode],
  },
  { name: 'fused_mlp', group: 'mlp', general: fusedMlp, special: [fusedMlpDecode] },
]
