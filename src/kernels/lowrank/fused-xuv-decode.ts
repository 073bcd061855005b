import { kernel } from '../../nki/index.ts'
import { lowRank } from '../reference.ts'
import { decode, expandRows, loadRows, projectRows } from './decode.ts'

export const fusedXuvDecode = kernel({
  name: 'fused_xuv_decode',
  summary: 'Y = X·U·V for at most 128 rows: X, U and V are each read once.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...decode,
  reference: lowRank({ x: 'plain', y: 'plain' }),
  trace(h, { x, u, v, y }, { M }, s, { activation }) {
    const xuT = projectRows(h, { name: 'xu', u }, M, loadRows(h, x), s)
    expandRows(h, xuT, v, y, s, activation)
  },
})
