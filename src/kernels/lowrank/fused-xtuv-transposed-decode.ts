import { kernel } from '../../nki/index.ts'
import { accumulate, load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { DECODE_ROWS, decodeBlocks, decodeSpace, forExpand, forProject } from './decode.ts'
import { activation, macs } from './schedules.ts'
import { expandTransposed, project } from './strip.ts'

/** Yᵀ = (X·U·V)ᵀ from Xᵀ for at most 128 rows. */
export const fusedXtuvTransposedDecode = kernel({
  name: 'fused_xtuv_transposed_decode',
  summary: 'Yᵀ = (X·U·V)ᵀ from Xᵀ for at most 128 rows.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['N', 'M'],
  limits: { M: DECODE_ROWS },
  schedule: decodeBlocks,
  choices: { accumulate },
  options: { activation },
  space: decodeSpace,
  reference: lowRank({ x: 'transposed', y: 'transposed' }),
  macs,
  trace(h, { xT, u, v, y }, { M }, s, { activation }) {
    const [xuT] = project(h, [{ name: 'xu_t', u }], M, (kBlock) => load(h, xT.at(kBlock, M)), forProject(s))
    expandTransposed(h, xuT!, v, y, forExpand(s), activation)
  },
})
