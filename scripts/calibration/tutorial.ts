/**
 * Matmuls of AWS's worked example (4096³, its steps V1 and V2) and of the autotuner's 2048³ ladder, which the library
 * does not have in this form.
 */

import { load, multiply } from '../../src/kernels/blocks.ts'
import { kernel, type Span, type View } from '../../src/nki/index.ts'
import { product, storeRow, timedOnly } from './moves.ts'

const blocks = { mBlock: 1024, nBlock: 1024 }

/** lhsT·rhs with a block of either operand on chip for the whole contraction; blocks of rows outermost, or innermost. */
export const blockedMatmul = kernel({
  name: 'blocked_matmul',
  summary:
    'xᵀ·w in blocks of rows and columns, loaded for the whole contraction; rows outermost or innermost.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: blocks,
  choices: { outer: ['rows', 'columns'], copy: ['vector', 'scalar'] },
  reference: timedOnly,
  macs: product,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    const { nl } = h
    const each = (
      m: Span<'M'>,
      n: Span<'N'>,
      xBlock: View<'sbuf', 'K', 'M'>,
      wBlock: View<'sbuf', 'K', 'N'>,
    ) => {
      for (const rows of nl.affineRange(m.tiles(128))) storeRow(h, y.at(rows, n), xBlock, wBlock, s.copy)
    }
    if (s.outer === 'rows')
      for (const m of nl.affineRange(M.blocks(s.mBlock))) {
        const xBlock = load(h, xT.at(K, m))
        for (const n of nl.affineRange(N.blocks(s.nBlock))) each(m, n, xBlock, load(h, w.at(K, n)))
      }
    else
      for (const n of nl.affineRange(N.blocks(s.nBlock))) {
        const wBlock = load(h, w.at(K, n))
        for (const m of nl.affineRange(M.blocks(s.mBlock))) each(m, n, load(h, xT.at(K, m)), wBlock)
      }
  },
})

/** The same, but single tiles are loaded: 128 × 128 of xᵀ, 128 × 512 of w. */
export const tileLoads = kernel({
  name: 'tile_loads',
  summary: 'xᵀ·w in blocks of rows and columns; every DMA brings one tile.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: blocks,
  reference: timedOnly,
  macs: product,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    const { nl, nisa } = h
    const loadTiles = <F extends string>(src: View<'hbm', 'K', F>, width: number): View<'sbuf', 'K', F> => {
      const block = nl.sbuf(`${src.name}_block`, [K.tiles(128), src.cols], src.dtype)
      for (const k of nl.affineRange(K.tiles(128)))
        for (const f of nl.affineRange(src.cols.tiles(width)))
          nisa.dmaCopy({ dst: block.at(k, f), src: src.at(k, f) })
      return block
    }
    for (const mBlock of nl.affineRange(M.blocks(s.mBlock))) {
      const xBlock = loadTiles(xT.at(K, mBlock), 128)
      for (const nBlock of nl.affineRange(N.blocks(s.nBlock))) {
        const wBlock = loadTiles(w.at(K, nBlock), 512)
        for (const m of nl.affineRange(mBlock.tiles(128)))
          for (const n of nl.affineRange(nBlock.tiles(512))) {
            const out = nl.sbuf('out', [m, n], y.dtype)
            nisa.tensorCopy({ dst: out, src: multiply(h, [m, n], xBlock, wBlock) })
            nisa.dmaCopy({ dst: y.at(m, n), src: out })
          }
      }
    }
  },
})

/** The rungs of the autotuner's 2048³ ladder that are described well enough to be written down. */
export const ladder = kernel({
  name: 'psum_ladder',
  summary: 'xᵀ·w: both operands loaded in rows and kept, or tile by tile in the loop over the contraction.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: {},
  choices: { loads: ['resident', 'serial'] },
  reference: timedOnly,
  macs: product,
  trace(h, { xT, w, y }, { M, K, N }, { loads }) {
    const { nl, nisa } = h
    const resident = loads === 'resident' ? { x: load(h, xT), w: load(h, w) } : null
    for (const m of nl.affineRange(M.tiles(128)))
      for (const n of nl.affineRange(N.tiles(512))) {
        const acc = nl.psum('acc', [m, n])
        if (resident)
          for (const k of nl.affineRange(K.tiles(128)))
            nisa.ncMatmul({ dst: acc, stationary: resident.x.at(k, m), moving: resident.w.at(k, n) })
        if (!resident)
          for (const k of nl.sequentialRange(K.tiles(128))) {
            const xTile = nl.sbuf('x_tile', [k, m], xT.dtype)
            const wTile = nl.sbuf('w_tile', [k, n], w.dtype)
            nisa.dmaCopy({ dst: xTile, src: xT.at(k, m) })
            nisa.dmaCopy({ dst: wTile, src: w.at(k, n) })
            nisa.ncMatmul({ dst: acc, stationary: xTile, moving: wTile })
          }
        const out = nl.sbuf('out', [m, n], y.dtype)
        nisa.tensorCopy({ dst: out, src: acc })
        nisa.dmaCopy({ dst: y.at(m, n), src: out })
      }
  },
})
