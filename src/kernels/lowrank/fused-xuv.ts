import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { activation, blocks, macs, seedSchedules, space, stripFor } from './schedules.ts'
import { expand, project } from './strip.ts'

/** Y = X·U·V, one strip of rows at a time. The strip of (XU)ᵀ never leaves the chip, and is born transposed. */
export const fusedXuv = kernel({
  name: 'fused_xuv',
  summary:
    'Y = X·U·V, one strip of rows at a time. The strip of (XU)ᵀ never leaves the chip, and is born transposed.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  schedule: blocks,
  choices: { accumulate },
  options: { activation },
  schedules: seedSchedules,
  defaultFor: (dims) => stripFor(dims),
  space,
  reference: lowRank({ x: 'plain', y: 'plain' }),
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
      expand(h, xuT!, v, y.at(strip, N), s, activation)
    }
  },
})
