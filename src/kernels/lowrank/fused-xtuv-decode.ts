import { kernel } from '../../nki/index.ts'
import { accumulate, load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import {
  DECODE_ROWS,
  decodeBlocks,
  decodeSpace,
  expandDecode,
  fewestCycles,
  forProject,
  stationary,
} from './decode.ts'
import { activation, macs } from './schedules.ts'
import { project } from './strip.ts'

/** Y = X·U·V from Xᵀ for at most 128 rows. */
export const fusedXtuvDecode = kernel({
  name: 'fused_xtuv_decode',
  summary: 'Y = X·U·V from Xᵀ for at most 128 rows.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  limits: { M: DECODE_ROWS },
  schedule: decodeBlocks,
  choices: { accumulate, stationary },
  options: { activation },
  defaultFor: (dims) => ({ stationary: fewestCycles(dims) }),
  space: decodeSpace,
  reference: lowRank({ x: 'transposed', y: 'plain' }),
  macs,
  trace(h, { xT, u, v, y }, { M }, s, { activation }) {
    const [xuT] = project(h, [{ name: 'xu_t', u }], M, (kBlock) => load(h, xT.at(kBlock, M)), forProject(s))
    expandDecode(h, xuT!, v, y, s, activation)
  },
})
