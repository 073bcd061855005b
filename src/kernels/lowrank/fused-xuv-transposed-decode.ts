import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { DECODE_ROWS, decodeBlocks, decodeSpace, forExpand, forProject } from './decode.ts'
import { activation, macs } from './schedules.ts'
import { expandTransposed, project } from './strip.ts'

/** Yᵀ = (X·U·V)ᵀ for at most 128 rows: V is stationary, and nothing is transposed on chip. */
export const fusedXuvTransposedDecode = kernel({
  name: 'fused_xuv_transposed_decode',
  summary: 'Yᵀ = (X·U·V)ᵀ for at most 128 rows: V is stationary, and nothing is transposed on chip.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  limits: { M: DECODE_ROWS },
  schedule: decodeBlocks,
  choices: { accumulate },
  options: { activation },
  space: decodeSpace,
  reference: lowRank({ x: 'plain', y: 'transposed' }),
  macs,
  trace(h, { x, u, v, y }, { M }, s, { activation }) {
    const [xuT] = project(
      h,
      [{ name: 'xu_t', u }],
      M,
      (kBlock) => loadTransposed(h, x.at(M, kBlock)),
      forProject(s),
    )
    expandTransposed(h, xuT!, v, y, forExpand(s), activation)
  },
})
