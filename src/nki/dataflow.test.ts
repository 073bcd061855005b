/** Who writes and who reads what, and in which order: what holds in affine loops, in PSUM, and at the end of a kernel. */
import { describe, expect, test } from 'vitest'
import { refusal, untyped } from '../../test/refusal.ts'
import { bind } from './index.ts'

const COPY = { inputs: { x: ['M', 'K'] }, output: ['M', 'K'] } as const
const ROWS = { ...COPY, limits: { M: 128 } }

describe('affine loops', () => {
  test('a sum in SBUF', () => {
    const message = refusal(({ nl, nisa }, { x, w }, { K, M, N }) => {
      for (const m of nl.affineRange(M.tiles(128)))
        for (const n of nl.affineRange(N.tiles(512))) {
          const sum = nl.zeros('sum', [m, n], 'float32')
          for (const k of nl.affineRange(K.tiles(128))) {
            const a = nl.sbuf('a', [k, m], x.dtype)
            const b = nl.sbuf('b', [k, n], w.dtype)
            nisa.dmaCopy({ dst: a, src: x.at(k, m) })
            nisa.dmaCopy({ dst: b, src: w.at(k, n) })
            const acc = nl.psum('acc', [m, n])
            nisa.ncMatmul({ dst: acc, stationary: a, moving: b })
            nisa.tensorTensor({ dst: sum, data1: sum, data2: acc, op: 'add' })
          }
        }
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.tensorTensor({ dst: sum, data1: sum, data2: acc, op: 'add' })»): tensor_tensor: every iteration of the affine loop over k_tile («for (const k of nl.affineRange(K.tiles(128))) {») writes the same part of sum.
        Use nl.sequentialRange for k_tile, or allocate sum inside that loop."
    `)
  })

  test('a result that every iteration stores', () => {
    const message = refusal(({ nl, nisa }, { x, y }, { M, K }) => {
      for (const k of nl.affineRange(K.blocks(512))) {
        void k
        for (const m of nl.affineRange(M.tiles(128))) {
          const a = nl.sbuf('a', [m, K], x.dtype)
          nisa.dmaCopy({ dst: a, src: x.at(m) })
          nisa.dmaCopy({ dst: y.at(m), src: a })
        }
      }
    }, COPY)
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: y.at(m), src: a })»): dma_copy: every iteration of the affine loop over k_block («for (const k of nl.affineRange(K.blocks(512))) {») writes the same part of y.
        Use nl.sequentialRange for k_block, or write a part of y that moves with it."
    `)
  })

  const shifted = (mode: 'affineRange' | 'sequentialRange') =>
    untyped(({ nl, nisa }, { x, y }, { M, K }) => {
      const a = nl.zeros('a', [M, K], x.dtype)
      for (const k of nl[mode](K.tiles(128))) {
        nisa.dmaCopy({ dst: a.at(M, k), src: x.at(M, k) })
        nisa.dmaCopy({ dst: y, src: a })
      }
    }, ROWS)
  test('reading what other iterations write', () => {
    const message = refusal(({ nl, nisa }, { x, y }, { M, K }) => {
      const a = nl.zeros('a', [M, K], x.dtype)
      const b = nl.sbuf('b', [M, K], x.dtype)
      for (const k of nl.affineRange(K.tiles(128))) {
        nisa.dmaCopy({ dst: a.at(M, k), src: x.at(M, k) })
        const all = nl.sbuf('all', [M, K], x.dtype)
        nisa.tensorCopy({ dst: all, src: a })
        nisa.tensorCopy({ dst: b.at(M, k), src: all.at(M, k) })
      }
      nisa.dmaCopy({ dst: y, src: b })
    }, ROWS)
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.tensorCopy({ dst: all, src: a })»): tensor_copy: src a reads what other iterations write in the affine loop over k_tile («for (const k of nl.affineRange(K.tiles(128))) {»).
        src = a[M, K], written as a[M, k_tile] at «nisa.dmaCopy({ dst: a.at(M, k), src: x.at(M, k) })». Read it after that loop, or use nl.sequentialRange for k_tile."
    `)
  })
  test('the same in a sequential loop is allowed', () => {
    expect(() => shifted('sequentialRange').trace()).not.toThrow()
    expect(() => shifted('affineRange').trace()).toThrow('writes the same part of y')
  })

  test('through a buffer in HBM', () => {
    const message = refusal(({ nl, nisa }, { x, y }, { M, K }) => {
      const scratch = nl.hbm('scratch', [M, K], x.dtype)
      for (const m of nl.affineRange(M.tiles(128))) {
        const a = nl.sbuf('a', [m, K], x.dtype)
        nisa.dmaCopy({ dst: a, src: x.at(m) })
        nisa.dmaCopy({ dst: scratch.at(m), src: a })
        for (const other of nl.affineRange(M.tiles(64))) {
          const b = nl.sbuf('b', [other, K], x.dtype)
          nisa.dmaCopy({ dst: b, src: scratch.at(other) })
        }
        nisa.dmaCopy({ dst: y.at(m), src: a })
      }
    }, COPY)
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: b, src: scratch.at(other) })»): dma_copy: src scratch reads what other iterations write in the affine loop over m_tile («for (const m of nl.affineRange(M.tiles(128))) {»).
        src = scratch[m_tile, K], written as scratch[m_tile, K] at «nisa.dmaCopy({ dst: scratch.at(m), src: a })». Read it after that loop, or use nl.sequentialRange for m_tile."
    `)
  })

  test('an iteration may read and write its own piece', () => {
    const kernel = untyped(({ nl, nisa }, { x, y }, { M, K }) => {
      const a = nl.sbuf('a', [M.tiles(128), K], x.dtype)
      for (const m of nl.affineRange(M.tiles(128))) {
        nisa.dmaCopy({ dst: a.at(m), src: x.at(m) })
        nisa.activation({ dst: a.at(m), data: a.at(m), op: 'relu' })
        nisa.dmaCopy({ dst: y.at(m), src: a.at(m) })
      }
    }, COPY)
    expect(() => kernel.trace()).not.toThrow()
  })
})

/** y = xᵀ·x in PSUM, with what is done between two matmuls. */
const twice = (between: Parameters<typeof untyped>[0]) =>
  refusal(
    ({ nl, nisa }, { x, y }, { M }, s) => {
      const a = nl.sbuf('a', [M, M], x.dtype)
      const out = nl.sbuf('out', [M, M], x.dtype)
      nisa.dmaCopy({ dst: a, src: x })
      const acc = nl.psum('acc', [M, M])
      between({ nl, nisa }, { a, acc, out }, { M }, s)
      nisa.tensorCopy({ dst: out, src: acc })
      nisa.dmaCopy({ dst: y, src: out })
    },
    { inputs: { x: ['M', 'M'] }, output: ['M', 'M'], limits: { M: 128 } },
  )

describe('accumulation groups', () => {
  test('read before the last matmul', () => {
    const message = twice(({ nisa }, { a, acc, out }) => {
      nisa.ncMatmul({ dst: acc, stationary: a, moving: a })
      nisa.tensorCopy({ dst: out, src: acc })
      nisa.ncMatmul({ dst: acc, stationary: a, moving: a })
    })
    expect(message).toMatchInlineSnapshot(`
      "k («between({ nl, nisa }, { a, acc, out }, { M }, s)», in «nisa.tensorCopy({ dst: out, src: acc })»): tensor_copy: src acc is read before nc_matmul («between({ nl, nisa }, { a, acc, out }, { M }, s)», in «nisa.ncMatmul({ dst: acc, stationary: a, moving: a })») accumulates into it again.
        src = acc[M, M]. Read it after the last one, or use a PSUM buffer for each sum."
    `)
  })

  test('read inside of the loop that accumulates', () => {
    const message = twice(({ nl, nisa }, { a, acc, out }, { M }) => {
      for (const m of nl.sequentialRange(M.tiles(32))) {
        nisa.ncMatmul({ dst: acc, stationary: a.at(m), moving: a.at(m) })
        nisa.tensorCopy({ dst: out, src: acc })
      }
    })
    expect(message).toMatchInlineSnapshot(`
      "k («between({ nl, nisa }, { a, acc, out }, { M }, s)», in «nisa.tensorCopy({ dst: out, src: acc })»): tensor_copy: src acc is read while the loop over m_tile («between({ nl, nisa }, { a, acc, out }, { M }, s)», in «for (const m of nl.sequentialRange(M.tiles(32))) {») still accumulates into it.
        src = acc[M, M], accumulated at «between({ nl, nisa }, { a, acc, out }, { M }, s)», in «nisa.ncMatmul({ dst: acc, stationary: a.at(m), moving: a.at(m) })». Read it after that loop."
    `)
  })

  test('onto what another instruction wrote', () => {
    const message = twice(({ nisa }, { a, acc }) => {
      nisa.memset({ dst: acc, value: 0 })
      nisa.ncMatmul({ dst: acc, stationary: a, moving: a })
    })
    expect(message).toMatchInlineSnapshot(`
      "k («between({ nl, nisa }, { a, acc, out }, { M }, s)», in «nisa.memset({ dst: acc, value: 0 })»): memset: acc also accumulates nc_matmul («between({ nl, nisa }, { a, acc, out }, { M }, s)», in «nisa.ncMatmul({ dst: acc, stationary: a, moving: a })»); accumulating onto a PSUM bank that another instruction wrote is undefined.
        Use two PSUM buffers, and add them in SBUF."
    `)
  })
})

describe('reads and writes', () => {
  test('an output that is never written', () => {
    expect(refusal(() => {})).toMatchInlineSnapshot(`
      "k (trace()): the output y is never written.
        Store a result: nisa.dmaCopy({ dst: y.at(…), src: … })."
    `)
  })

  test('a buffer that is read before it is written', () => {
    const message = refusal(({ nl, nisa }, { x, y }, { M, K }) => {
      const a = nl.sbuf('a', [M, K], x.dtype)
      nisa.dmaCopy({ dst: y, src: a })
      nisa.dmaCopy({ dst: a, src: x })
    }, ROWS)
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: y, src: a })»): dma_copy: src a is read before anything is written to it.
        src = a[M, K]. Load or compute it first, or allocate it with nl.zeros."
    `)
  })

  test('the output, read before it is written', () => {
    const message = refusal(({ nl, nisa }, { x, y }, { M, K }) => {
      const a = nl.sbuf('a', [M, K], x.dtype)
      nisa.dmaCopy({ dst: a, src: y })
      nisa.dmaCopy({ dst: y, src: a })
    }, ROWS)
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: a, src: y })»): dma_copy: src y is read before anything is written to it.
        src = y[M, K]. Load or compute it first, or allocate it with nl.zeros."
    `)
  })

  test('an accumulator without a matmul', () => {
    expect(twice(() => {})).toMatchInlineSnapshot(`
      "k («nisa.tensorCopy({ dst: out, src: acc })»): tensor_copy: src acc is read before anything is written to it.
        src = acc[M, M]. Multiply into it first."
    `)
  })

  test('zeros need not be written', () => {
    const kernel = untyped(({ nl, nisa }, { x, y }, { M, K }) => {
      nisa.dmaCopy({ dst: y, src: nl.zeros('a', [M, K], x.dtype) })
    }, ROWS)
    expect(() => kernel.trace()).not.toThrow()
  })

  test('an input that is written', () => {
    const message = refusal(({ nl, nisa }, { x }, { M, K }) => {
      nisa.dmaCopy({ dst: x, src: nl.zeros('a', [M, K], x.dtype) })
    }, ROWS)
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: x, src: nl.zeros('a', [M, K], x.dtype) })»): dma_copy: dst is the input x: inputs cannot be written.
        dst = x[M, K]. Write to y, or to a buffer of your own."
    `)
  })

  test('a transpose in place', () => {
    const message = twice(({ nisa }, { a }) => nisa.dmaTranspose({ dst: a, src: a }))
    expect(message).toMatchInlineSnapshot(`
      "k («between({ nl, nisa }, { a, acc, out }, { M }, s)», in «const message = twice(({ nisa }, { a }) => nisa.dmaTranspose({ dst: a, src: a }))»): dma_transpose: src and dst are both in a: it would be overwritten while it is read.
        src = a[M, M]. Give dst a buffer of its own."
    `)
  })
})

describe('buffers', () => {
  test('in HBM, allocated inside of a loop', () => {
    const message = refusal(({ nl }, { x }, { M, K }) => {
      for (const m of nl.affineRange(M.tiles(128))) nl.hbm('scratch', [m, K], x.dtype)
    }, COPY)
    expect(message).toMatchInlineSnapshot(`
      "k («for (const m of nl.affineRange(M.tiles(128))) nl.hbm('scratch', [m, K], x.dtype)»): scratch: a buffer in HBM is allocated inside a loop.
        Allocate it at the top of the kernel."
    `)
  })

  test.each(['x', 'y'])('in HBM, called like the tensor %s', (name) => {
    const message = refusal(({ nl, nisa }, { x, y }, { M, K }) => {
      const scratch = nl.hbm(name, [M, K], x.dtype)
      nisa.dmaCopy({ dst: scratch, src: x })
      nisa.dmaCopy({ dst: y, src: scratch })
    }, COPY)
    expect(message).toContain(
      `«const scratch = nl.hbm(name, [M, K], x.dtype)»): ${name} is already ${name === 'x' ? 'an input' : 'the output'}.\n  Give the buffer another name.`,
    )
  })

  test('an input called like the output', () => {
    const message = refusal(
      ({ nl, nisa }, { y }, { M, K }) => nisa.dmaCopy({ dst: y, src: nl.zeros('a', [M, K], 'float32') }),
      { ...ROWS, inputs: { x: ['M', 'K'], y: ['M', 'K'] } },
    )
    expect(message).toMatchInlineSnapshot(`
      "k (inputs): two tensors are called y.
        Give each a name of its own."
    `)
  })

  test.each(['Sum', 'x-block', '', '2nd', 'a b'])('the name %o', (name) => {
    const message = refusal(({ nl }, { x }, { M, K }) => nl.sbuf(name, [M, K], x.dtype), ROWS)
    expect(message).toContain('it is not a name.\n  Use lower case, digits and underscores')
  })

  test.each([0, -1, 1.5])('%d buffers', (buffers) => {
    const message = refusal(({ nl }, { x }, { M, K }) => nl.sbuf('a', [M, K], x.dtype, { buffers }), ROWS)
    expect(message).toContain(`a: ${buffers} buffers.\n  Give a whole number from 1.`)
  })

  test('a dtype that there is not', () => {
    const message = refusal(({ nl }, _, { M, K }) => nl.sbuf('a', [M, K], 'float64'), ROWS)
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal(({ nl }, _, { M, K }) => nl.sbuf('a', [M, K], 'float64'), ROWS)»): a: it has dtype float64.
        Give one of float32, bfloat16, float16, float8_e4m3, float8_e5m2, int8, int32, or that of a tensor."
    `)
  })

  test('nl.unit is the axis of an input of one column', () => {
    const kernel = untyped(
      ({ nl, nisa }, { b, y }, { M }) => {
        const a = nl.sbuf('a', [M, nl.unit], b.dtype)
        nisa.dmaCopy({ dst: a, src: b })
        nisa.dmaCopy({ dst: y, src: a })
      },
      { inputs: { x: ['M', 'K'], b: ['M', '1'] }, output: ['M', '1'], limits: { M: 128 } },
    )
    expect(() => bind(kernel.trace(), { M: 3, K: 2 }, 'float32')).not.toThrow()
  })
})
