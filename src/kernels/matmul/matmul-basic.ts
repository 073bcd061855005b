import { kernel } from '../../nki/index.ts'
import { dense } from '../reference.ts'
import { macs } from './schedules.ts'

/**
 * Y = X·W, one instruction at a time: load two tiles, multiply them, add the product to the result in SBUF. The tensor
 * engine wants the contraction on partitions for both operands, so X comes transposed.
 */
export const matmulBasic = kernel({
  name: 'matmul_basic',
  summary: 'Y = X·W from Xᵀ: load two tiles, multiply, add in SBUF.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { mTile: 64, nTile: 512 },
  space: { mTile: [64, 128], nTile: [256, 512] },
  reference: dense({ x: 'transposed' }),
  macs,
  trace({ nl, nisa }, { xT, w, y }, { M, K, N }, s) {
    for (const m of nl.affineRange(M.tiles(s.mTile)))
      for (const n of nl.affineRange(N.tiles(s.nTile))) {
        const total = nl.zeros('total', [m, n], 'float32')
        for (const k of nl.sequentialRange(K.tiles(128))) {
          const xTile = nl.sbuf('x_tile', [k, m], xT.dtype)
          const wTile = nl.sbuf('w_tile', [k, n], w.dtype)
          const product = nl.psum('product', [m, n])
          nisa.dmaCopy({ dst: xTile, src: xT.at(k, m) })
          nisa.dmaCopy({ dst: wTile, src: w.at(k, n) })
          nisa.ncMatmul({ dst: product, stationary: xTile, moving: wTile })
          nisa.tensorTensor({ dst: total, data1: total, data2: product, op: 'add' })
        }
        const result = nl.sbuf('result', [m, n], y.dtype)
        nisa.tensorCopy({ dst: result, src: total })
        nisa.dmaCopy({ dst: y.at(m, n), src: result })
      }
  },
})
