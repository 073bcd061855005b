import { kernel } from '../../nki/index.ts'
import { load, multiply, storeTile, tilesOf } from '../blocks.ts'
import { dense } from '../reference.ts'
import { macs } from './schedules.ts'

/** Idea: block the free dimensions. Several tiles of rows and columns are loaded together, and each meets each. */
export const matmulBlockFree = kernel({
  name: 'matmul_block_free',
  summary: 'Y = X·W from Xᵀ, with rows and columns in blocks that stay on chip for the whole contraction.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { mBlock: 256, nBlock: 1024 },
  space: { mBlock: [128, 256, 512, 1024], nBlock: [512, 1024, 2048] },
  reference: dense({ x: 'transposed' }),
  macs,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    const { nl } = h
    for (const mBlock of nl.affineRange(M.blocks(s.mBlock))) {
      const xBlock = load(h, xT.at(K, mBlock))
      for (const nBlock of nl.affineRange(N.blocks(s.nBlock))) {
        const wBlock = load(h, w.at(K, nBlock))
        for (const m of tilesOf(h, mBlock))
          for (const n of tilesOf(h, nBlock, 512))
            storeTile(h, y.at(m, n), multiply(h, [m, n], xBlock, wBlock))
      }
    }
  },
})
