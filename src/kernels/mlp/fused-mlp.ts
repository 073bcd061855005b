import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed, transposeBy } from '../blocks.ts'
import { tunedFor } from '../defaults.ts'
import { expand } from '../lowrank/strip.ts'
import { mlp } from '../reference.ts'
import { blocks, mlpMacs, space } from './schedules.ts'
import { downInputs, gateUpInputs, projectGateUp, projectHidden } from './swiglu.ts'

/** The whole compressed SwiGLU MLP, a strip of rows at a time. The hidden activation exists one block at a time. */
export const fusedMlp = kernel({
  name: 'fused_mlp',
  summary:
    'Y = (SiLU(X·Ug·Vg) · X·Uu·Vu)·Ud·Vd: the whole compressed SwiGLU MLP; the hidden activation never leaves the chip.',
  inputs: { x: ['M', 'K'], ...gateUpInputs, ...downInputs },
  output: ['M', 'K'],
  schedule: blocks,
  choices: { accumulate, transposeBy },
  defaultFor: tunedFor('fused_mlp'),
  space,
  reference: mlp,
  macs: mlpMacs,
  trace(h, { x, downU, downV, y, ...gateUp }, { M, K }, s) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const projected = projectGateUp(
        h,
        gateUp,
        strip,
        (kBlock) => loadTransposed(h, x.at(strip, kBlock), s.transposeBy),
        s,
      )
      const downT = projectHidden(h, gateUp, projected, downU, s)
      expand(h, downT, downV, y.at(strip, K), s)
    }
  },
})
