import { kernel } from '../../nki/index.ts'
import { load, storeTile } from '../blocks.ts'
import { dense } from '../reference.ts'
import { macs } from './schedules.ts'

/** Idea: X as it lies in HBM, [M, K]. Each tile of it is transposed on the tensor engine, at the price of a matmul. */
export const matmulTiledNaturalLhs = kernel({
  name: 'matmul_tiled_natural_lhs',
  summary: 'Y = X·W from X as it lies, each tile of it transposed on the tensor engine.',
  inputs: { x: ['M', 'K'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { nTile: 512 },
  schedules: { seed: {} },
  space: { nTile: [256, 512] },
  reference: dense({ x: 'plain' }),
  macs,
  trace(h, { x, w, y }, { M, K, N }, s) {
    const { nl, nisa } = h
    for (const m of nl.affineRange(M.tiles(128)))
      for (const n of nl.affineRange(N.tiles(s.nTile))) {
        const acc = nl.psum('acc', [m, n])
        for (const k of nl.affineRange(K.tiles(128))) {
          const [xTile, wTile] = [load(h, x.at(m, k)), load(h, w.at(k, n))]
          const transposed = nl.psum('transposed', [k, m], x.dtype)
          const xT = nl.sbuf('x_t', [k, m], x.dtype)
          nisa.ncTranspose({ dst: transposed, data: xTile })
          nisa.tensorCopy({ dst: xT, src: transposed })
          nisa.ncMatmul({ dst: acc, stationary: xT, moving: wTile })
        }
        storeTile(h, y.at(m, n), acc)
      }
  },
})
