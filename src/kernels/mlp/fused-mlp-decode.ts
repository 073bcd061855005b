import { kernel } from '../../nki/index.ts'
import { partitions } from '../blocks.ts'
import { expandRows, loadRows, projectRows } from '../lowrank/decode.ts'
import { mlp } from '../reference.ts'
import { decodeMlp, hiddenRows } from './decode.ts'
import { mlpMacs } from './schedules.ts'
import { downInputs, gateUpInputs } from './swiglu.ts'

/** The whole compressed SwiGLU MLP for at most 128 rows: every weight is read once, nothing else but X and Y moves. */
export const fusedMlpDecode = kernel({
  name: 'fused_mlp_decode',
  summary: 'Y = (SiLU(X·Ug·Vg) · X·Uu·Vu)·Ud·Vd for at most 128 rows: every weight is read once.',
  inputs: { x: ['M', 'K'], ...gateUpInputs, ...downInputs },
  output: ['M', 'K'],
  ...decodeMlp,
  reference: mlp,
  macs: mlpMacs,
  trace(h, { x, downU, downV, y, ...gateUp }, { M, N }, s) {
    const hiddenT = h.nl.sbuf('hidden_t', [partitions(N), M], gateUp.gateV.dtype)
    hiddenRows(h, gateUp, M, loadRows(h, x), s, (nBlock) => hiddenT.at(nBlock))
    const downT = projectRows(h, { name: 'down', u: downU }, M, (nBlock) => hiddenT.at(nBlock), s)
    expandRows(h, downT, downV, y, s)
  },
})
