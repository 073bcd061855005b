/** A program as text. */
import { expect, test } from 'vitest'
import { untyped } from '../../test/refusal.ts'
import { print } from './index.ts'

const kernel = untyped(({ nl, nisa }, { x, w, y }, { K, M, N }, s) => {
  for (const m of nl.affineRange(M.tiles(128)))
    for (const n of nl.affineRange(N.blocks(1024))) {
      const sum = nl.zeros('sum', [m, n], 'float32')
      nl.comment('the contraction, a block at a time')
      for (const k of nl.sequentialRange(K.blocks(s.kBlock))) {
        const a = nl.sbuf('a', [k.tiles(128), m], x.dtype, { buffers: 2 })
        const b = nl.sbuf('b', [k.tiles(128), n], w.dtype)
        for (const kTile of nl.staticRange(k.tiles(128))) {
          nisa.dmaCopy({ dst: a.at(kTile), src: x.at(kTile, m) })
          nisa.dmaCopy({ dst: b.at(kTile), src: w.at(kTile, n) })
        }
        const acc = nl.psum('acc', [m, n.tiles(512)])
        for (const nTile of nl.affineRange(n.tiles(512))) {
          for (const kTile of nl.affineRange(k.tiles(128)))
            nisa.ncMatmul({ dst: acc.at(m, nTile), stationary: a.at(kTile), moving: b.at(kTile, nTile) })
          const part = sum.at(m, nTile)
          nisa.tensorTensor({ dst: part, data1: part, data2: acc.at(m, nTile), op: 'add' })
        }
      }
      const out = nl.sbuf('out', [m, n], y.dtype)
      nisa.tensorCopy({ dst: out, src: sum, engine: 'gpsimd' })
      nisa.dmaCopy({ dst: y.at(m, n), src: out })
    }
})

test('every node is a line, and says what it is of which spans', () => {
  expect(print(kernel.trace({ kBlock: 256 }), { sites: false })).toMatchInlineSnapshot(`
    "k(x [K, M], w [K, N]) → y [M, N]
      schedule: k_block = 256
      affine m_tile of M, at most 128:
        affine n_block of N, at most 1024:
          sum = sbuf zeros [m_tile, n_block] float32
          // the contraction, a block at a time
          sequential k_block of K, at most k_block:
            a = sbuf [k_block in tiles of 128, m_tile] dtype of x × 2 buffers
            b = sbuf [k_block in tiles of 128, n_block] dtype of w
            static k_tile of k_block, at most 128:
              a[k_tile, m_tile] = dma_copy(src = x[k_tile, m_tile])
              b[k_tile, n_block] = dma_copy(src = w[k_tile, n_block])
            acc = psum [m_tile, n_block in tiles of 512] float32
            affine n_tile of n_block, at most 512:
              affine k_tile of k_block, at most 128:
                acc[m_tile, n_tile] += nc_matmul(stationary = a[k_tile, m_tile], moving = b[k_tile, n_tile])
              sum[m_tile, n_tile] = tensor_tensor(data1 = sum[m_tile, n_tile], data2 = acc[m_tile, n_tile], op = add)
          out = sbuf [m_tile, n_block] dtype of x
          out[m_tile, n_block] = tensor_copy(src = sum[m_tile, n_block], engine = gpsimd)
          y[m_tile, n_block] = dma_copy(src = out[m_tile, n_block])"
  `)
})

test('with the line of the source that issued it', () => {
  const lines = print(kernel.trace()).split('\n')
  const matmul = lines.find((line) => line.includes('nc_matmul'))!
  const printed = Number(/# print\.test\.ts:(\d+)$/.exec(matmul)![1])
  const loop = lines.find((line) => line.includes('affine k_tile of k_block'))!
  expect(Number(/:(\d+)$/.exec(loop)![1])).toBe(printed - 1)
  expect(lines.filter((line) => /^\s*\/\//.test(line))).toEqual([
    '      // the contraction, a block at a time',
  ])
})

test('tracing twice gives the same program', () => {
  expect(print(kernel.trace())).toBe(print(kernel.trace()))
})
