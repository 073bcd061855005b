import { kernel } from '../../nki/index.ts'
import { accumulate, load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { activation, blocks, macs, seedSchedules, space, stripFor } from './schedules.ts'
import { expand, project } from './strip.ts'

/** Y = X·U·V from Xᵀ, which is loaded as it lies: neither operand is ever transposed. */
export const fusedXtuv = kernel({
  name: 'fused_xtuv',
  summary: 'Y = X·U·V from Xᵀ, which is loaded as it lies: neither operand is ever transposed.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  schedule: blocks,
  choices: { accumulate },
  options: { activation },
  schedules: seedSchedules,
  defaultFor: (dims) => stripFor(dims),
  space,
  reference: lowRank({ x: 'transposed', y: 'plain' }),
  macs,
  trace(h, { xT, u, v, y }, { M, N }, s, { activation }) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const [xuT] = project(h, [{ name: 'xu_t', u }], strip, (kBlock) => load(h, xT.at(kBlock, strip)), s)
      expand(h, xuT!, v, y.at(strip, N), s, activation)
    }
  },
})
