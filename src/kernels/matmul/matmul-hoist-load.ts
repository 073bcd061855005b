import { kernel } from '../../nki/index.ts'
import { load, multiply, storeTile } from '../blocks.ts'
import { dense } from '../reference.ts'
import { macs } from './schedules.ts'

/** Idea: load once, use often. The tiles of Xᵀ for a tile of rows are loaded before the loop over columns. */
export const matmulHoistLoad = kernel({
  name: 'matmul_hoist_load',
  summary: 'Y = X·W from Xᵀ; the loads of Xᵀ are hoisted out of the loop over columns.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { nTile: 512 },
  space: { nTile: [256, 512] },
  reference: dense({ x: 'transposed' }),
  macs,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    const { nl } = h
    for (const m of nl.affineRange(M.tiles(128))) {
      const xTiles = load(h, xT.at(K, m))
      for (const n of nl.affineRange(N.tiles(s.nTile))) {
        const wTiles = load(h, w.at(K, n))
        storeTile(h, y.at(m, n), multiply(h, [m, n], xTiles, wTiles))
      }
    }
  },
})
