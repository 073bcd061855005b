import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed } from '../blocks.ts'
import {
  DECODE_ROWS,
  decodeSpace,
  expandDecode,
  fewestCycles,
  forExpand,
  forProject,
  stationary,
} from '../lowrank/decode.ts'
import { mlp } from '../reference.ts'
import { decodeMlpBlocks, mlpMacs } from './schedules.ts'
import { downInputs, gateUpInputs, projectGateUp, projectHidden } from './swiglu.ts'

/** The whole compressed SwiGLU MLP for at most 128 rows: every weight is read once, nothing else but X and Y moves. */
export const fusedMlpDecode = kernel({
  name: 'fused_mlp_decode',
  summary: 'Y = (SiLU(X·Ug·Vg) · X·Uu·Vu)·Ud·Vd for at most 128 rows: every weight is read once.',
  inputs: { x: ['M', 'K'], ...gateUpInputs, ...downInputs },
  output: ['M', 'K'],
  limits: { M: DECODE_ROWS },
  schedule: decodeMlpBlocks,
  choices: { accumulate, stationary },
  defaultFor: ({ M, K, r }) => ({ stationary: fewestCycles({ M, r, N: K }) }),
  space: decodeSpace,
  reference: mlp,
  macs: mlpMacs,
  trace(h, { x, downU, downV, y, ...gateUp }, { M }, s) {
    const projected = projectGateUp(
      h,
      gateUp,
      M,
      (kBlock) => loadTransposed(h, x.at(M, kBlock)),
      forProject(s),
    )
    const downT = projectHidden(h, gateUp, projected, downU, s, forExpand(s))
    expandDecode(h, downT, downV, y, s)
  },
})
