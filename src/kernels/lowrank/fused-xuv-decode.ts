import { kernel } from '../../nki/index.ts'
import { loadTransposed } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { decodePlain, expandDecode, forProject } from './decode.ts'
import { projectXu } from './strip.ts'

export const fusedXuvDecode = kernel({
  name: 'fused_xuv_decode',
  summary: 'Y = X·U·V for at most 128 rows: X, U and V are each read once.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...decodePlain,
  reference: lowRank({ x: 'plain', y: 'plain' }),
  trace(h, { x, u, v, y }, { M }, s, { activation }) {
    const xuT = projectXu(h, u, M, (kBlock) => loadTransposed(h, x.at(M, kBlock)), forProject(s))
    expandDecode(h, xuT, v, y, s, activation)
  },
})
