import { kernel } from '../../nki/index.ts'
import { load, storeTile } from '../blocks.ts'
import { dense } from '../reference.ts'
import { macs } from './schedules.ts'

/** Idea: PSUM adds up. All products of one tile of Y accumulate in one bank, and nothing is added in SBUF. */
export const matmulTiled = kernel({
  name: 'matmul_tiled',
  summary: 'Y = X·W from Xᵀ, a tile of Y at a time, added up in PSUM.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { mTile: 128, nTile: 512 },
  schedules: { seed: {} },
  space: { mTile: [64, 128], nTile: [256, 512] },
  reference: dense({ x: 'transposed' }),
  macs,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    const { nl, nisa } = h
    for (const m of nl.affineRange(M.tiles(s.mTile)))
      for (const n of nl.affineRange(N.tiles(s.nTile))) {
        const acc = nl.psum('acc', [m, n])
        for (const k of nl.affineRange(K.tiles(128))) {
          const [xTile, wTile] = [load(h, xT.at(k, m)), load(h, w.at(k, n))]
          nisa.ncMatmul({ dst: acc, stationary: xTile, moving: wTile })
        }
        storeTile(h, y.at(m, n), acc)
      }
  },
})
