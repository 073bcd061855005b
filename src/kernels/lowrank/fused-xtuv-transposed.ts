import { kernel } from '../../nki/index.ts'
import { accumulate, load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { activation, blocks, macs, seedSchedulesTransposed, space, stripFor } from './schedules.ts'
import { expandTransposed, project } from './strip.ts'

/** Yᵀ = (X·U·V)ᵀ from Xᵀ: the form between two layers that both keep their activations transposed. */
export const fusedXtuvTransposed = kernel({
  name: 'fused_xtuv_transposed',
  summary: 'Yᵀ = (X·U·V)ᵀ from Xᵀ: the form between two layers that both keep their activations transposed.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  schedule: blocks,
  choices: { accumulate },
  options: { activation },
  schedules: seedSchedulesTransposed,
  defaultFor: (dims) => stripFor(dims),
  space,
  reference: lowRank({ x: 'transposed', y: 'transposed' }),
  macs,
  trace(h, { xT, u, v, y }, { M, N }, s, { activation }) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const [xuT] = project(h, [{ name: 'xu_t', u }], strip, (kBlock) => load(h, xT.at(kBlock, strip)), s)
      expandTransposed(h, xuT!, v, y.at(N, strip), s, activation)
    }
  },
})
