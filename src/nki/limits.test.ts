/** What the hardware cannot do: every rule that a matmul kernel can break, refused for all shapes at once. */
import { describe, expect, test } from 'vitest'
import { refusal, untyped } from '../../test/refusal.ts'

describe('partitions', () => {
  test('more of them than there are', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => {
      for (const k of nl.affineRange(K.blocks(512))) nl.sbuf('a', [k, M], x.dtype)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const k of nl.affineRange(K.blocks(512))) nl.sbuf('a', [k, M], x.dtype)»): a: k_block can be 512 partitions, the limit is 128 (pmax).
        Give k_block.tiles(128) as the first axis."
    `)
  })

  test('a dimension without a bound', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => nl.zeros('a', [K, M], x.dtype))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal(({ nl }, { x }, { K, M }) => nl.zeros('a', [K, M], x.dtype))»): a: K can be any number of partitions, the limit is 128 (pmax).
        Give K.tiles(128) as the first axis."
    `)
  })

  test('a dimension that is bounded by the kernel is one tile', () => {
    const kernel = untyped(
      ({ nl, nisa }, { x, y }, { M, K }) => {
        const a = nl.sbuf('a', [M.tiles(128), K], x.dtype)
        nisa.dmaCopy({ dst: a, src: x })
        nisa.dmaCopy({ dst: y, src: a })
      },
      { inputs: { x: ['M', 'K'] }, output: ['M', 'K'], limits: { M: 128 } },
    )
    expect(() => kernel.trace()).not.toThrow()
  })

  test('a view of several tiles', () => {
    const message = refusal(({ nl, nisa }, { x }, { K, M }) => {
      const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
      nisa.dmaCopy({ dst: a, src: x })
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: a, src: x })»): dma_copy: dst spans several tiles of 128 partitions.
        dst = a[K, M]. Loop over K.tiles(128) and take a.at(…) of each."
    `)
  })

  test.each([1, 4, 16])('a start at partition %d', (n) => {
    const message = refusal(({ nl, nisa }, { x }, { K, M }) => {
      const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
      for (const k of nl.affineRange(K.tiles(n))) nisa.dmaCopy({ dst: a.at(k), src: x.at(k) })
    })
    expect(message).toContain(`dst can start at partition ${n}, it must start at 0, 32, 64 or 96`)
  })

  test.each([32, 64, 128])('a start at partition %d', (n) => {
    const load = () =>
      refusal(({ nl, nisa }, { x }, { K, M }) => {
        const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
        for (const k of nl.affineRange(K.tiles(n))) nisa.dmaCopy({ dst: a.at(k), src: x.at(k) })
      })
    expect(load()).toContain('the output y is never written')
  })

  test('the message of a start at a wrong partition', () => {
    const message = refusal(({ nl, nisa }, { x }, { K, M }) => {
      const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
      for (const k of nl.affineRange(K.tiles(16))) nisa.dmaCopy({ dst: a.at(k), src: x.at(k) })
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const k of nl.affineRange(K.tiles(16))) nisa.dmaCopy({ dst: a.at(k), src: x.at(k) })»): dma_copy: dst can start at partition 16, it must start at 0, 32, 64 or 96.
        dst = a[k_tile, M]. Cut K by 32, 64 or 128."
    `)
  })
})

describe('PSUM', () => {
  test('a tile wider than a bank', () => {
    const message = refusal(({ nl }, _, { M, N }) => {
      for (const m of nl.affineRange(M.tiles(128)))
        for (const n of nl.affineRange(N.tiles(1024))) nl.psum('acc', [m, n])
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const n of nl.affineRange(N.tiles(1024))) nl.psum('acc', [m, n])»): acc: n_tile can be 1024 elements per partition, a PSUM bank holds 512 (psum_fmax).
        Cut n_tile into tiles of 512 or fewer."
    `)
  })

  test('a tile of any width', () => {
    const message = refusal(({ nl }, _, { M, N }) => {
      for (const m of nl.affineRange(M.tiles(128))) nl.psum('acc', [m, N])
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const m of nl.affineRange(M.tiles(128))) nl.psum('acc', [m, N])»): acc: N can be any number of elements per partition, a PSUM bank holds 512 (psum_fmax).
        Cut N into tiles of 512 or fewer."
    `)
  })

  test('more tiles than banks', () => {
    const message = refusal(({ nl }, _, { M, N }) => {
      for (const m of nl.affineRange(M.tiles(128)))
        for (const n of nl.affineRange(N.blocks(8192))) nl.psum('acc', [m, n.tiles(512)])
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const n of nl.affineRange(N.blocks(8192))) nl.psum('acc', [m, n.tiles(512)])»): acc: up to 16 tiles, PSUM has 8 banks.
        Cut m_tile or n_block into smaller blocks."
    `)
  })

  test('buffers alive together that have more tiles than there are banks', () => {
    const message = refusal(({ nl }, _, { M, N }) => {
      for (const m of nl.affineRange(M.tiles(128)))
        for (const n of nl.affineRange(N.blocks(2048))) {
          nl.psum('gate', [m, n.tiles(512)])
          nl.psum('up', [m, n.tiles(512)])
          nl.psum('one_more', [m, m])
        }
    })
    // the output is never written either, but that can only be said of a whole kernel
    expect(message).toContain('never written')
    const whole = refusal(
      ({ nl, nisa }, { x, y }, { M, K }) => {
        const a = nl.sbuf('a', [M, K], x.dtype)
        nisa.dmaCopy({ dst: a, src: x })
        nl.psum('gate', [M, K.tiles(512)])
        for (const k of nl.affineRange(K.tiles(512))) {
          const up = nl.psum('up', [M, k])
          nisa.tensorCopy({ dst: up, src: a.at(M, k) })
        }
        nisa.dmaCopy({ dst: y, src: a })
      },
      { inputs: { x: ['M', 'K'] }, output: ['M', 'K'], limits: { M: 128, K: 4096 } },
    )
    expect(whole).toMatchInlineSnapshot(`
      "k («const up = nl.psum('up', [M, k])»): up: 9 PSUM tiles are alive together, PSUM has 8 banks.
        Cut k_tile or M into smaller blocks, or copy an earlier accumulator to SBUF in a loop of its own."
    `)
  })

  test('a matmul that can lie across two banks: cuts are balanced, so 640 by 512 is 384 + 256', () => {
    const message = refusal(
      ({ nl, nisa }, { x }, { M, K }) => {
        const a = nl.sbuf('a', [M, K], x.dtype)
        nisa.dmaCopy({ dst: a, src: x })
        const acc = nl.psum('acc', [M, K.tiles(512)])
        for (const k of nl.affineRange(K.tiles(256))) nisa.tensorCopy({ dst: acc.at(M, k), src: a.at(M, k) })
      },
      { inputs: { x: ['M', 'K'] }, output: ['M', 'K'], limits: { M: 128, K: 640 } },
    )
    expect(message).toMatchInlineSnapshot(`
      "k («for (const k of nl.affineRange(K.tiles(256))) nisa.tensorCopy({ dst: acc.at(M, k), src: a.at(M, k) })»): tensor_copy: dst can lie across two tiles of 512 columns.
        dst = acc[M, k_tile]. Cut K by 512 first, as acc is."
    `)
  })
})

describe('nc_matmul', () => {
  test('a stationary operand of more than 128 columns', () => {
    const message = refusal(({ nl, nisa }, { x, w }, { K, M, N }) => {
      for (const k of nl.affineRange(K.tiles(128)))
        for (const m of nl.affineRange(M.tiles(256)))
          for (const n of nl.affineRange(N.tiles(128))) {
            const a = nl.sbuf('a', [k, m], x.dtype)
            const b = nl.sbuf('b', [k, n], w.dtype)
            const acc = nl.psum('acc', [m.tiles(128), n])
            nisa.ncMatmul({ dst: acc, stationary: a, moving: b })
          }
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.ncMatmul({ dst: acc, stationary: a, moving: b })»): nc_matmul: dst spans several tiles of 128 partitions.
        dst = acc[m_tile, n_tile]. Loop over m_tile.tiles(128) and take acc.at(…) of each."
    `)
    const swapped = refusal(({ nl, nisa }, { x, w }, { K, M, N }) => {
      for (const k of nl.affineRange(K.tiles(128)))
        for (const m of nl.affineRange(M.tiles(256)))
          for (const n of nl.affineRange(N.tiles(128))) {
            const a = nl.sbuf('a', [k, m], x.dtype)
            const b = nl.sbuf('b', [k, n], w.dtype)
            const acc = nl.psum('acc', [n, n])
            nisa.ncMatmul({ stationary: a, dst: acc, moving: b })
          }
    })
    expect(swapped).toMatchInlineSnapshot(`
      "k («nisa.ncMatmul({ stationary: a, dst: acc, moving: b })»): nc_matmul: stationary free size 256 exceeds 128 (gemm_stationary_fmax).
        stationary = a[k_tile, m_tile]. Split m_tile into tiles of 128 or fewer."
    `)
  })

  test('a moving operand of more than 512 columns', () => {
    const message = refusal(({ nl, nisa }, { x, w }, { K, M, N }) => {
      for (const k of nl.affineRange(K.tiles(128)))
        for (const m of nl.affineRange(M.tiles(128)))
          for (const n of nl.affineRange(N.tiles(1024))) {
            const a = nl.sbuf('a', [k, m], x.dtype)
            const b = nl.sbuf('b', [k, n], w.dtype)
            nisa.ncMatmul({ dst: nl.psum('acc', [m, m]), stationary: a, moving: b })
          }
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.ncMatmul({ dst: nl.psum('acc', [m, m]), stationary: a, moving: b })»): nc_matmul: moving free size 1024 exceeds 512 (gemm_moving_fmax).
        moving = b[k_tile, n_tile]. Split n_tile into tiles of 512 or fewer."
    `)
  })

  test('operands that are contracted over different spans', () => {
    const message = refusal(({ nl, nisa }, { x, w }, { K, M, N }) => {
      for (const m of nl.affineRange(M.tiles(128)))
        for (const n of nl.affineRange(N.tiles(512))) {
          const acc = nl.psum('acc', [m, n])
          for (const k1 of nl.affineRange(K.tiles(128)))
            for (const k2 of nl.affineRange(K.tiles(64)))
              nisa.ncMatmul({
                dst: acc,
                stationary: nl.sbuf('a', [k1, m], x.dtype),
                moving: nl.sbuf('b', [k2, n], w.dtype),
              })
        }
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.ncMatmul({»): nc_matmul: moving has the k_tile of the loop at «for (const k2 of nl.affineRange(K.tiles(64)))» where stationary has the k_tile of the loop at «for (const k1 of nl.affineRange(K.tiles(128)))».
        moving = b[k_tile, n_tile]. Take the same span of both operands."
    `)
  })

  const memories = (dst: string, stationary: string, moving: string) =>
    refusal(({ nl, nisa }, { x, w }, { K, M, N }) => {
      for (const k of nl.affineRange(K.tiles(128)))
        for (const m of nl.affineRange(M.tiles(128)))
          for (const n of nl.affineRange(N.tiles(512))) {
            const views = {
              dst: dst === 'psum' ? nl.psum('acc', [m, n]) : nl.sbuf('acc', [m, n], 'float32'),
              stationary: stationary === 'hbm' ? x.at(k, m) : nl.sbuf('a', [k, m], x.dtype),
              moving: moving === 'psum' ? nl.psum('b', [k, n]) : nl.sbuf('b', [k, n], w.dtype),
            }
            nisa.ncMatmul(views)
          }
    })
  test('an accumulator in SBUF', () =>
    expect(memories('sbuf', 'sbuf', 'sbuf')).toMatchInlineSnapshot(`
      "k («nisa.ncMatmul(views)»): nc_matmul: dst is in sbuf, it must be in psum.
        dst = acc[m_tile, n_tile]. Allocate acc in psum."
    `))
  test('an operand in HBM', () =>
    expect(memories('psum', 'hbm', 'sbuf')).toMatchInlineSnapshot(`
      "k («nisa.ncMatmul(views)»): nc_matmul: stationary is in hbm, it must be in sbuf.
        stationary = x[k_tile, m_tile]. Load it to SBUF with dma_copy."
    `))
  test('an operand in PSUM', () =>
    expect(memories('psum', 'sbuf', 'psum')).toMatchInlineSnapshot(`
      "k («nisa.ncMatmul(views)»): nc_matmul: moving is in psum, it must be in sbuf.
        moving = b[k_tile, n_tile]. Copy it to SBUF with tensor_copy."
    `))

  test('without an operand, or with one that it does not have', () => {
    const missing = refusal(({ nl, nisa }, _, { M, N }) => {
      for (const m of nl.affineRange(M.tiles(128)))
        for (const n of nl.affineRange(N.tiles(512))) nisa.ncMatmul({ dst: nl.psum('acc', [m, n]) })
    })
    expect(missing).toMatchInlineSnapshot(`
      "k («for (const n of nl.affineRange(N.tiles(512))) nisa.ncMatmul({ dst: nl.psum('acc', [m, n]) })»): nc_matmul: no stationary.
        Give stationary: a view in sbuf."
    `)
    const extra = refusal(({ nl, nisa }, _, { M, N }) => {
      for (const m of nl.affineRange(M.tiles(128)))
        for (const n of nl.affineRange(N.tiles(512))) nisa.ncMatmul({ dst: nl.psum('acc', [m, n]), mask: 1 })
    })
    expect(extra).toMatchInlineSnapshot(`
      "k («for (const n of nl.affineRange(N.tiles(512))) nisa.ncMatmul({ dst: nl.psum('acc', [m, n]), mask: 1 })»): nc_matmul: it has no mask.
        Its arguments are dst, stationary, moving, engine."
    `)
  })
})
