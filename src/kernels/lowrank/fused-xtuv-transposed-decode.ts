import { kernel } from '../../nki/index.ts'
import { load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { decode, expandRowsTransposed, projectRows } from './decode.ts'

export const fusedXtuvTransposedDecode = kernel({
  name: 'fused_xtuv_transposed_decode',
  summary: 'Yᵀ = (X·U·V)ᵀ from Xᵀ for at most 128 rows.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  ...decode,
  reference: lowRank({ x: 'transposed', y: 'transposed' }),
  trace(h, { xT, u, v, y }, { M }, s, { activation }) {
    const xuT = projectRows(h, { name: 'xu', u }, M, (kBlock) => load(h, xT.at(kBlock)), s)
    expandRowsTransposed(h, xuT, v, y, s, activation)
  },
})
