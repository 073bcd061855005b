/**
 * Kernels of NKIBench (github.com/zhang677/AccelOpt), float32 on Trn1, loop by loop after their published source. Where
 * the best form is published by its traffic only, that is said.
 */

import { load } from '../../src/kernels/blocks.ts'
import { type Handles, kernel, type View } from '../../src/nki/index.ts'
import { product, storeRow, timedOnly } from './moves.ts'

/** NKIBench `matmul`: W in blocks of columns, X as it lies and transposed on the tensor engine for every block. */
export const transposingMatmul = kernel({
  name: 'transposing_matmul',
  summary: 'x·w, each tile of x transposed on the tensor engine; a block of columns of w at a time.',
  inputs: { x: ['M', 'K'], w: ['K', 'N'] },
  output: ['M', 'N'],
  schedule: { nBlock: 1024 },
  reference: timedOnly,
  macs: product,
  trace(h, { x, w, y }, { M, K, N }, s) {
    const { nl, nisa } = h
    for (const n of nl.affineRange(N.blocks(s.nBlock))) {
      const wBlock = load(h, w.at(K, n))
      for (const m of nl.affineRange(M.tiles(128))) {
        const xT = nl.sbuf('x_t', [K.tiles(128), m], x.dtype)
        for (const kBlock of nl.affineRange(K.blocks(1024))) {
          const row = nl.sbuf('x_row', [m, kBlock], x.dtype)
          nisa.dmaCopy({ dst: row, src: x.at(m, kBlock) })
          for (const k of nl.affineRange(kBlock.tiles(128))) {
            const transposed = nl.psum('transposed', [k, m], x.dtype)
            nisa.ncTranspose({ dst: transposed, data: row.at(m, k) })
            nisa.activation({ dst: xT.at(k, m), data: transposed, op: 'copy' })
          }
        }
        storeRow(h, y.at(m, n), xT, wBlock, 'scalar')
      }
    }
  },
})

/**
 * NKIBench `bmm` in its best form, which reads every input once: batches lie below each other in M. Each batch loads a
 * w of its own; here all of them load the same one, which moves as many bytes.
 */
export const batchedMatmul = kernel({
  name: 'batched_matmul',
  summary: 'x·w for batches of 4096 rows of x, K = 64; x transposed on the tensor engine.',
  inputs: { x: ['M', 'K'], w: ['K', 'N'] },
  output: ['M', 'N'],
  limits: { K: 128 },
  schedule: {},
  reference: timedOnly,
  macs: product,
  trace(h, { x, w, y }, { M, K, N }) {
    const { nl, nisa } = h
    for (const batch of nl.affineRange(M.blocks(4096))) {
      const xT = nl.sbuf('x_t', [K, batch], x.dtype)
      for (const m of nl.affineRange(batch.tiles(128))) {
        const tile = nl.sbuf('x_tile', [m, K], x.dtype)
        nisa.dmaCopy({ dst: tile, src: x.at(m, K) })
        const transposed = nl.psum('transposed', [K, m], x.dtype)
        nisa.ncTranspose({ dst: transposed, data: tile })
        nisa.activation({ dst: xT.at(K, m), data: transposed, op: 'copy' })
      }
      for (const n of nl.affineRange(N.blocks(1024))) {
        const wBlock = nl.sbuf('w_block', [K, n], w.dtype)
        nisa.dmaCopy({ dst: wBlock, src: w.at(K, n) })
        for (const m of nl.affineRange(batch.tiles(128))) {
          const row = nl.sbuf('row', [m, n], y.dtype)
          for (const f of nl.affineRange(n.tiles(512))) {
            const acc = nl.psum('acc', [m, f])
            nisa.ncMatmul({ dst: acc, stationary: xT.at(K, m), moving: wBlock.at(K, f) })
            nisa.activation({ dst: row.at(m, f), data: acc, op: 'copy' })
          }
          nisa.dmaCopy({ dst: y.at(m, n), src: row })
        }
      }
    }
  },
})

/**
 * NKIBench `add_rmsnorm_matmul` and `matmul_add_rmsnorm`: a tile of rows at a time, with every tile of w loaded where it
 * is multiplied and every tile of x transposed for each block of columns. The norm comes first, or last.
 */
export const normedMatmul = kernel({
  name: 'normed_matmul',
  summary: 'rmsnorm(x + z)·w, or rmsnorm(x·w + z); w is loaded again for every tile of rows.',
  inputs: { x: ['M', 'K'], w: ['K', 'N'], zIn: ['M', 'K'], zOut: ['M', 'N'] },
  output: ['M', 'N'],
  schedule: {},
  choices: { norm: ['first', 'last'] },
  reference: timedOnly,
  macs: product,
  trace(h, { x, w, zIn, zOut, y }, { M, K, N }, { norm }) {
    const { nl, nisa } = h
    for (const m of nl.affineRange(M.tiles(128))) {
      const row = loadRow(h, x.at(m, K))
      const left = norm === 'first' ? addAndNormalise(h, row, loadRow(h, zIn.at(m, K))) : row
      const result = nl.sbuf('result', [m, N], y.dtype)
      for (const n of nl.affineRange(N.tiles(512))) {
        const acc = nl.psum('acc', [m, n])
        for (const k of nl.affineRange(K.tiles(128))) {
          const wTile = nl.sbuf('w_tile', [k, n], w.dtype)
          nisa.dmaCopy({ dst: wTile, src: w.at(k, n) })
          const transposed = nl.psum('transposed', [k, m], x.dtype)
          const xT = nl.sbuf('x_t', [k, m], x.dtype)
          nisa.ncTranspose({ dst: transposed, data: left.at(m, k) })
          nisa.activation({ dst: xT, data: transposed, op: 'copy' })
          nisa.ncMatmul({ dst: acc, stationary: xT, moving: wTile })
        }
        nisa.activation({ dst: result.at(m, n), data: acc, op: 'copy' })
        if (norm === 'first') nisa.dmaCopy({ dst: y.at(m, n), src: result.at(m, n) })
      }
      if (norm === 'last')
        nisa.dmaCopy({ dst: y.at(m, N), src: addAndNormalise(h, result, loadRow(h, zOut.at(m, N))) })
    }
  },
})

type Row<F extends string> = View<'sbuf', 'M', F>

function loadRow<F extends string>({ nl, nisa }: Handles, src: View<'hbm', 'M', F>): Row<F> {
  const row = nl.sbuf(`${src.name}_row`, [src.rows, src.cols], src.dtype)
  nisa.dmaCopy({ dst: row, src })
  return row
}

/** (a + z) / rms(a + z); the weight of the norm is left out: its product is one more instruction of Vector. */
function addAndNormalise<F extends string>({ nl, nisa }: Handles, a: Row<F>, z: Row<F>): Row<F> {
  const shape = [a.rows, a.cols] as const
  const sum = nl.sbuf('sum', shape, 'float32')
  const squares = nl.sbuf('squares', shape, 'float32')
  const mean = nl.sbuf('mean', [a.rows, nl.unit], 'float32')
  const scale = nl.sbuf('scale', [a.rows, nl.unit], 'float32')
  const normed = nl.sbuf('normed', shape, 'float32')
  nisa.tensorTensor({ dst: sum, data1: a, data2: z, op: 'add' })
  nisa.activation({ dst: squares, data: sum, op: 'square' })
  nisa.tensorReduce<'M', F, F>({ dst: mean, data: squares, op: 'add' })
  nisa.activation({ dst: scale, data: mean, op: 'rsqrt' })
  nisa.tensorScalar({ dst: normed, data: sum, op0: 'multiply', operand0: scale })
  return normed
}
