import { kernel } from '../../nki/index.ts'
import { load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { decode, expandRows, projectRows } from './decode.ts'

export const fusedXtuvDecode = kernel({
  name: 'fused_xtuv_decode',
  summary: 'Y = X·U·V from Xᵀ for at most 128 rows.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...decode,
  reference: lowRank({ x: 'transposed', y: 'plain' }),
  trace(h, { xT, u, v, y }, { M }, s, { activation }) {
    const xuT = projectRows(h, { name: 'xu', u }, M, (kBlock) => load(h, xT.at(kBlock)), s)
    expandRows(h, xuT, v, y, s, activation)
  },
})
