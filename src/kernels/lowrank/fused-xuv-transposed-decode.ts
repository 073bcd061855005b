import { kernel } from '../../nki/index.ts'
import { loadTransposed } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { decode, forExpand, forProject } from './decode.ts'
import { expandTransposed, projectXu } from './strip.ts'

export const fusedXuvTransposedDecode = kernel({
  name: 'fused_xuv_transposed_decode',
  summary: 'Yᵀ = (X·U·V)ᵀ for at most 128 rows: V is stationary, and nothing is transposed on chip.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  ...decode,
  reference: lowRank({ x: 'plain', y: 'transposed' }),
  trace(h, { x, u, v, y }, { M }, s, { activation }) {
    const xuT = projectXu(h, u, M, (kBlock) => loadTransposed(h, x.at(M, kBlock)), forProject(s))
    expandTransposed(h, xuT, v, y, forExpand(s), activation)
  },
})
