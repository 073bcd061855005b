import { kernel, type Span } from '../../nki/index.ts'
import { partitions, store } from '../blocks.ts'
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
    const block = (nBlock: Span<'N'>) => h.nl.sbuf('hidden_t', [partitions(nBlock), M], gateUp.gateV.dtype)
    hiddenRows(h, gateUp, M, loadRows(h, x), s, block, (nBlock, hiddenT) => store(h, y.at(nBlock), hiddenT))
  },
})
