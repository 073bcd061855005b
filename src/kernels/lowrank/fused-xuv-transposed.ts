import { kernel } from '../../nki/index.ts'
import { loadTransposed } from '../blocks.ts'
import { tunedFor } from '../defaults.ts'
import { lowRank } from '../reference.ts'
import { seedSchedulesTransposed, stripsFromX } from './schedules.ts'
import { expandTransposed, projectXu } from './strip.ts'

export const fusedXuvTransposed = kernel({
  name: 'fused_xuv_transposed',
  summary: 'Yᵀ = (X·U·V)ᵀ. With V stationary in the second product, the result is born transposed as well.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  ...stripsFromX,
  defaultFor: tunedFor('fused_xuv_transposed'),
  schedules: seedSchedulesTransposed,
  reference: lowRank({ x: 'plain', y: 'transposed' }),
  trace(h, { x, u, v, y }, { M, N }, s, { activation }) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const xuT = projectXu(h, u, strip, (kBlock) => loadTransposed(h, x.at(strip, kBlock), s.transposeBy), s)
      expandTransposed(h, xuT, v, y.at(N, strip), s, activation)
    }
  },
})
