/** Y = X·W from Xᵀ, out of the moves that the kernels of the library share. */
import { kernel } from 'neuronmm'
import { load, multiply, storeTile } from 'neuronmm/kernels/blocks'

export const product = kernel({
  name: 'product',
  summary: 'Y = X·W from Xᵀ; the columns of a block of W stay while all rows pass.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { nBlock: 512 },
  space: { nBlock: [256, 512] },
  reference: (a, { xT, w }) => a.matmul(a.transpose(xT), w),
  macs: ({ M, K, N }) => M * K * N,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    for (const n of h.nl.affineRange(N.tiles(s.nBlock))) {
      const columns = load(h, w.at(K, n))
      for (const m of h.nl.affineRange(M.tiles(128)))
        storeTile(h, y.at(m, n), multiply(h, [m, n], load(h, xT.at(K, m)), columns))
    }
  },
})
