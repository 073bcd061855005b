import { kernel } from '../../nki/index.ts'
import { accumulate, load, loadTransposed, transposeBy } from '../blocks.ts'
import { outermost, product } from '../matmul/product.ts'
import { lowRank } from '../reference.ts'
import { macs, sequentialBlocks, sequentialSeed, sequentialSpace } from './schedules.ts'

/** The baseline for X as it lies: what sequential_xtuv does, with X transposed in the kernel. */
export const sequentialXuv = kernel({
  name: 'sequential_xuv',
  summary: 'Y = X·U·V as two matmuls, with XU in HBM between them: the baseline, X as it lies.',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  schedule: sequentialBlocks,
  choices: { accumulate, outermost, transposeBy },
  schedules: { seed: sequentialSeed },
  space: sequentialSpace,
  reference: lowRank({ x: 'plain', y: 'plain' }),
  macs,
  trace(h, { x, u, v, y }, { M, r }, s) {
    const xuT = h.nl.hbm('xu_t', [r, M], x.dtype)
    h.nl.comment('(XU)ᵀ = Uᵀ·Xᵀ, to HBM')
    product(h, xuT, u, (k, m) => loadTransposed(h, x.at(m, k), s.transposeBy), s)
    h.nl.comment('Y = (XU)·V, (XU)ᵀ from HBM')
    product(h, y, xuT, (rBlock, n) => load(h, v.at(rBlock, n)), s)
  },
})
