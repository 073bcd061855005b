import { kernel } from '../../nki/index.ts'
import { accumulate, loadTransposed } from '../blocks.ts'
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

/** Y = X·U·V for at most 128 rows: X, U and V are each read once. */
export const fusedXuvDecode = kernel({
  name: 'fused_xuv_decode',
  summary: 'Y = X·U·V for at most 128 rows: X, U and V are each read once.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  limits: { M: DECODE_ROWS },
  schedule: decodeBlocks,
  choices: { accumulate, stationary },
  options: { activation },
  defaultFor: (dims) => ({ stationary: fewestCycles(dims) }),
  space: decodeSpace,
  reference: lowRank({ x: 'plain', y: 'plain' }),
  macs,
  trace(h, { x, u, v, y }, { M }, s, { activation }) {
    const [xuT] = project(
      h,
      [{ name: 'xu_t', u }],
      M,
      (kBlock) => loadTransposed(h, x.at(M, kBlock)),
      forProject(s),
    )
    expandDecode(h, xuT!, v, y, s, activation)
  },
})
