import { kernel } from '../../nki/index.ts'
import { loadTransposed, transposeBy } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { inTurn, sequential } from './sequential.ts'

/** The baseline for X as it lies: what sequential_xtuv does, with X transposed in the kernel. */
export const sequentialXuv = kernel({
  name: 'sequential_xuv',
  summary: 'Y = X·U·V as two matmuls, with XU in HBM between them: the baseline, X as it lies.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...sequential,
  choices: { ...sequential.choices, transposeBy },
  reference: lowRank({ x: 'plain', y: 'plain' }),
  trace(h, { x, ...factors }, _, s) {
    inTurn(h, x.dtype, (k, m) => loadTransposed(h, x.at(m, k), s.transposeBy), factors, s)
  },
})
