import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { activation, blocks, macs, seedSchedulesTransposed, space, stripFor } from './schedules.ts'
import { expandTransposed, project } from './strip.ts'

/** Yᵀ = (X·U·V)ᵀ. With V stationary in the second product, the result is born transposed as well. */
export const fusedXuvTransposed = kernel({
  name: 'fused_xuv_transposed',
  summary: 'Yᵀ = (X·U·V)ᵀ. With V stationary in the second product, the result is born transposed as well.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  schedule: blocks,
  choices: { accumulate },
  options: { activation },
  schedules: seedSchedulesTransposed,
  defaultFor: (dims) => stripFor(dims),
  space,
  reference: lowRank({ x: 'plain', y: 'transposed' }),
  macs,
  trace(h, { x, u, v, y }, { M, N }, s, { activation }) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const [xuT] = project(
        h,
        [{ name: 'xu_t', u }],
        strip,
        (kBlock) => loadTransposed(h, x.at(strip, kBlock)),
        s,
      )
      expandTransposed(h, xuT!, v, y.at(N, strip), s, activation)
    }
  },
})
