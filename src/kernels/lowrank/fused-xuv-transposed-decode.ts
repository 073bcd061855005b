import { kernel } from '../../nki/index.ts'
import { lowRank } from '../reference.ts'
import { decode, expandRowsTransposed, loadRows, projectRows } from './decode.ts'

export const fusedXuvTransposedDecode = kernel({
  name: 'fused_xuv_transposed_decode',
  summary: 'Yᵀ = (X·U·V)ᵀ for at most 128 rows: V is stationary, and nothing is transposed on chip.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  ...decode,
  reference: lowRank({ x: 'plain', y: 'transposed' }),
  trace(h, { x, u, v, y }, { M }, s, { activation }) {
    const xuT = projectRows(h, { name: 'xu', u }, M, loadRows(h, x), s)
    expandRowsTransposed(h, xuT, v, y, s, activation)
  },
})
