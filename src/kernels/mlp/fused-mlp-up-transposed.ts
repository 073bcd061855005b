import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed, store, transposeBy } from '../blocks.ts'
import { tunedFor } from '../defaults.ts'
import { seedSchedulesTransposed } from '../lowrank/schedules.ts'
import { mlpUpTransposed } from '../reference.ts'
import { blocks, space, upMacs } from './schedules.ts'
import { gateUpInputs, hiddenBlock, projectGateUp } from './swiglu.ts'

/** Hᵀ = (SiLU(X·Ug·Vg) · X·Uu·Vu)ᵀ: gate and up share each block of X, and are multiplied before they are stored. */
export const fusedMlpUpTransposed = kernel({
  name: 'fused_mlp_up_transposed',
  summary: 'Hᵀ = (SiLU(X·Ug·Vg) · X·Uu·Vu)ᵀ: gate and up share each block of X.',
  inputs: { x: ['M', 'K'], ...gateUpInputs },
  output: ['N', 'M'],
  schedule: blocks,
  choices: { accumulate, transposeBy },
  schedules: seedSchedulesTransposed,
  defaultFor: tunedFor('fused_mlp_up_transposed'),
  space,
  reference: mlpUpTransposed,
  macs: upMacs,
  trace(h, { x, y, ...weights }, { M, N }, s) {
    for (const strip of h.nl.affineRange(M.strips(s.mStrip))) {
      const projected = projectGateUp(
        h,
        weights,
        strip,
        (kBlock) => loadTransposed(h, x.at(strip, kBlock), s.transposeBy),
        s,
      )
      for (const nBlock of h.nl.affineRange(N.blocks(s.nBlock)))
        store(h, y.at(nBlock, strip), hiddenBlock(h, projected, weights, nBlock, s))
    }
  },
})
