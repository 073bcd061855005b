import { kernel } from '../../nki/index.ts'
import { load } from '../blocks.ts'
import { tunedFor } from '../defaults.ts'
import { lowRank } from '../reference.ts'
import { seedSchedulesTransposed, strips } from './schedules.ts'
import { expandTransposed, projectXu } from './strip.ts'

export const fusedXtuvTransposed = kernel({
  name: 'fused_xtuv_transposed',
  summary: 'Yᵀ = (X·U·V)ᵀ from Xᵀ: the form between two layers that both keep their activations transposed.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  ...strips,
  defaultFor: tunedFor('fused_xtuv_transposed'),
  schedules: seedSchedulesTransposed,
  reference: lowRank({ x: 'transposed', y: 'transposed' }),
  trace(h, { xT, u, v, y }, { M, N }, s, { activation }) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const xuT = projectXu(h, u, strip, (kBlock) => load(h, xT.at(kBlock, strip)), s)
      expandTransposed(h, xuT, v, y.at(N, strip), s, activation)
    }
  },
})
