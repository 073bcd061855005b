import { kernel } from '../../nki/index.ts'
import { load } from '../blocks.ts'
import { lowRank } from '../reference.ts'
import { inTurn, sequential } from './sequential.ts'

/** The seed's baseline: both products take their operands as AWS's kernel does, so X has to be there transposed. */
export const sequentialXtuv = kernel({
  name: 'sequential_xtuv',
  summary: 'Y = X·U·V from Xᵀ as two matmuls, with XU in HBM between them: the baseline.',
  inputs: { xT: ['K', 'M'], u: ['K', 'r'], v: ['r', 'N'] },
  output: ['M', 'N'],
  ...sequential,
  reference: lowRank({ x: 'transposed', y: 'plain' }),
  trace(h, { xT, ...factors }, _, s) {
    inTurn(h, xT.dtype, (kBlock, mBlock) => load(h, xT.at(kBlock, mBlock)), factors, s)
  },
})
