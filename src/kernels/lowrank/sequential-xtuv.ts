import { kernel } from '../../nki/index.ts'
import { accumulate, load } from '../blocks.ts'
import { outermost, product } from '../matmul/product.ts'
import { lowRank } from '../reference.ts'
import { macs, sequentialBlocks, sequentialSeed, sequentialSpace } from './schedules.ts'

/**
 * The seed's baseline: two matmuls with XU in HBM between them. The first is computed transposed, as the second needs it;
 * both take their operands as AWS's kernel does, so X has to be there transposed.
 */
export const sequentialXtuv = kernel({
  name: 'sequential_xtuv',
  summary: 'Y = X·U·V from Xᵀ as two matmuls, with XU in HBM between them: the baseline.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  schedule: sequentialBlocks,
  choices: { accumulate, outermost },
  schedules: { seed: sequentialSeed },
  space: sequentialSpace,
  reference: lowRank({ x: 'transposed', y: 'plain' }),
  macs,
  trace(h, { xT, u, v, y }, { M, r }, s) {
    const xuT = h.nl.hbm('xu_t', [r, M], xT.dtype)
    h.nl.comment('(XU)ᵀ = Uᵀ·Xᵀ, to HBM')
    product(h, xuT, u, (k, m) => load(h, xT.at(k, m)), s)
    h.nl.comment('Y = (XU)·V, (XU)ᵀ from HBM')
    product(h, y, xuT, (rBlock, n) => load(h, v.at(rBlock, n)), s)
  },
})
