import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed, store } from '../blocks.ts'
import { DECODE_ROWS, decodeSpace, forExpand, forProject } from '../lowrank/decode.ts'
import { mlpUpTransposed } from '../reference.ts'
import { decodeMlpBlocks, upMacs } from './schedules.ts'
import { gateUpInputs, hiddenBlock, projectGateUp } from './swiglu.ts'

/** Hᵀ = (SiLU(X·Ug·Vg) · X·Uu·Vu)ᵀ for at most 128 rows: every weight is read once. */
export const fusedMlpUpTransposedDecode = kernel({
  name: 'fused_mlp_up_transposed_decode',
  summary: 'Hᵀ = (SiLU(X·Ug·Vg) · X·Uu·Vu)ᵀ for at most 128 rows: every weight is read once.',
  inputs: { x: ['M', 'K'], ...gateUpInputs },
  output: ['N', 'M'],
  limits: { M: DECODE_ROWS },
  schedule: decodeMlpBlocks,
  choices: { accumulate },
  space: decodeSpace,
  reference: mlpUpTransposed,
  macs: upMacs,
  trace(h, { x, y, ...weights }, { M, N }, s) {
    const projected = projectGateUp(
      h,
      weights,
      M,
      (kBlock) => loadTransposed(h, x.at(M, kBlock)),
      forProject(s),
    )
    for (const nBlock of h.nl.affineRange(N.blocks(s.nBlock)))
      store(h, y.at(nBlock, M), hiddenBlock(h, projected, weights, nBlock, forExpand(s)))
  },
})
