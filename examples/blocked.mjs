/** The same product, with rows loaded by the block: what the profile of product.mjs advises (docs/kernels.md). */
import { kernel } from 'neuronmm'
import { load, multiply, storeTile } from 'neuronmm/kernels/blocks'

export const blocked = kernel({
  name: 'blocked',
  summary: 'Y = X·W from Xᵀ; rows are loaded by the block, and cut into tiles on chip.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { mBlock: 512, nBlock: 512 },
  space: { mBlock: [256, 512, 1024, 2048], nBlock: [128, 256, 512] },
  reference: (a, { xT, w }) => a.matmul(a.transpose(xT), w),
  macs: ({ M, K, N }) => M * K * N,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    for (const n of h.nl.affineRange(N.tiles(s.nBlock))) {
      const columns = load(h, w.at(K, n))
      for (const mBlock of h.nl.affineRange(M.blocks(s.mBlock))) {
        const rows = load(h, xT.at(K, mBlock))
        for (const m of h.nl.affineRange(mBlock.tiles(128)))
          storeTile(h, y.at(m, n), multiply(h, [m, n], rows, columns))
      }
    }
  },
})
