import { kernel } from '../../nki/index.ts'
import { load } from '../blocks.ts'
import { tunedFor } from '../defaults.ts'
import { dense } from '../reference.ts'
import { outermost, product } from './product.ts'
import { accumulate, blocks, macs, seedBlocks, space } from './schedules.ts'

/**
 * Idea: block the contraction too, so that no operand need fit as a whole. Each block of W is read once; a strip of
 * results for all rows stays on chip while the contraction goes by.
 */
export const matmulFullyOptimized = kernel({
  name: 'matmul_fully_optimized',
  summary: 'Y = X·W from Xᵀ, all dimensions in blocks; each block of W is read once.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: blocks,
  choices: { accumulate, outermost },
  schedules: { seed: { ...seedBlocks, mBlock: 1024 } },
  defaultFor: tunedFor('matmul_fully_optimized'),
  space,
  reference: dense({ x: 'transposed' }),
  macs,
  trace(h, { xT, w, y }, _, s) {
    product(h, y, xT, (kBlock, nBlock) => load(h, w.at(kBlock, nBlock)), s)
  },
})
