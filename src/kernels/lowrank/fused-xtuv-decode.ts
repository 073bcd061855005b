import { kernel } from '../../nki/index.ts'
import { load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { decodePlain, expandDecode, forProject } from './decode.ts'
import { projectXu } from './strip.ts'

export const fusedXtuvDecode = kernel({
  name: 'fused_xtuv_decode',
  summary: 'Y = X·U·V from Xᵀ for at most 128 rows.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...decodePlain,
  reference: lowRank({ x: 'transposed', y: 'plain' }),
  trace(h, { xT, u, v, y }, { M }, s, { activation }) {
    const xuT = projectXu(h, u, M, (kBlock) => load(h, xT.at(kBlock, M)), forProject(s))
    expandDecode(h, xuT, v, y, s, activation)
  },
})
