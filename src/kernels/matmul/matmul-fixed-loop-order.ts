import { kernel } from '../../nki/index.ts'
import { addProduct, load, partitions, store, sumDtype } from '../blocks.ts'
import { dense } from '../reference.ts'
import { accumulate, blocks, macs, seedBlocks, space } from './schedules.ts'

/**
 * Idea: a result block that always fits. The contraction is the innermost loop of blocks, so the accumulator is one
 * block of Y instead of a strip for all rows; W is read again for every block of rows.
 */
export const matmulFixedLoopOrder = kernel({
  name: 'matmul_fixed_loop_order',
  summary: 'Y = X·W from Xᵀ, a block of Y at a time: on-chip memory does not grow with M.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { ...blocks, mBlock: 2048 },
  choices: { accumulate },
  schedules: { seed: { ...seedBlocks, mBlock: 2048 } },
  space,
  reference: dense({ x: 'transposed' }),
  macs,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    const { nl } = h
    for (const nBlock of nl.affineRange(N.blocks(s.nBlock)))
      for (const mBlock of nl.affineRange(M.blocks(s.mBlock))) {
        const result = nl.zeros('result', [partitions(mBlock), nBlock], sumDtype(s, y.dtype))
        for (const kBlock of nl.sequentialRange(K.blocks(s.kBlock))) {
          const wBlock = load(h, w.at(kBlock, nBlock))
          addProduct(h, result, load(h, xT.at(kBlock, mBlock)), wBlock)
        }
        store(h, y.at(mBlock, nBlock), result)
      }
  },
})
