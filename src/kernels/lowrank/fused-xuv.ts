import { kernel } from '../../nki/index.ts'
import { loadTransposed } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { seedSchedules, stripsFromX } from './schedules.ts'
import { expand, projectXu } from './strip.ts'

export const fusedXuv = kernel({
  name: 'fused_xuv',
  summary:
    'Y = X·U·V, one strip of rows at a time. The strip of (XU)ᵀ never leaves the chip, and is born transposed.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...stripsFromX,
  schedules: seedSchedules,
  reference: lowRank({ x: 'plain', y: 'plain' }),
  trace(h, { x, u, v, y }, { M, N }, s, { activation }) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const xuT = projectXu(h, u, strip, (kBlock) => loadTransposed(h, x.at(strip, kBlock), s.transposeBy), s)
      expand(h, xuT, v, y.at(strip, N), s, activation)
    }
  },
})
