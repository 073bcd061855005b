import { kernel } from '../../nki/index.ts'
import { load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { seedSchedules, strips } from './schedules.ts'
import { expand, projectXu } from './strip.ts'

export const fusedXtuv = kernel({
  name: 'fused_xtuv',
  summary: 'Y = X·U·V from Xᵀ, which is loaded as it lies: neither operand is ever transposed.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...strips,
  schedules: seedSchedules,
  reference: lowRank({ x: 'transposed', y: 'plain' }),
  trace(h, { xT, u, v, y }, { M, N }, s, { activation }) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const xuT = projectXu(h, u, strip, (kBlock) => load(h, xT.at(kBlock, strip)), s)
      expand(h, xuT, v, y.at(strip, N), s, activation)
    }
  },
})
