import { kernel } from '../../nki/index.ts'
import { store } from '../blocks.ts'
import { loadRows } from '../lowrank/decode.ts'
import { mlpUpTransposed } from '../reference.ts'
import { decodeMlp, hiddenRows } from './decode.ts'
import { upMacs } from './schedules.ts'
import { gateUpInputs } from './swiglu.ts'

/** Hᵀ = (SiLU(X·Ug·Vg) · X·Uu·Vu)ᵀ for at most 128 rows: every weight is read once. */
export const fusedMlpUpTransposedDecode = kernel({
  name: 'fused_mlp_up_transposed_decode',
  summary: 'Hᵀ = (SiLU(X·Ug·Vg) · X·Uu·Vu)ᵀ for at most 128 rows: every weight is read once.',
  inputs: { x: ['M', 'K'], ...gateUpInputs },
  output: ['N', 'M'],
  ...decodeMlp,
  reference: mlpUpTransposed,
  macs: upMacs,
  trace(h, { x, y, ...gateUp }, { M }, s) {
    store(h, y, hiddenRows(h, gateUp, M, loadRows(h, x), s))
  },
})
