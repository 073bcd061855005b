/** The language used wrongly: each mistake is refused where it is made, in words that say how to mend it. */
import { describe, expect, test } from 'vitest'
import { refusal, refusalOf, untyped } from '../../test/refusal.ts'
import { ArgumentError } from './index.ts'

describe('loops', () => {
  test('break', () => {
    const message = refusal(({ nl, nisa }, { x }, { K, M }) => {
      const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
      for (const k of nl.affineRange(K.tiles(128))) {
        nisa.dmaCopy({ dst: a.at(k), src: x.at(k) })
        break
      }
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const k of nl.affineRange(K.tiles(128))) {»): the loop over k_tile was left early (break, return or destructuring).
        A traced body stands for every iteration: cut the span instead of leaving the loop."
    `)
  })

  test('return', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => {
      for (const k of nl.affineRange(K.tiles(128))) return nl.sbuf('a', [k, M], x.dtype)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const k of nl.affineRange(K.tiles(128))) return nl.sbuf('a', [k, M], x.dtype)»): the loop over k_tile was left early (break, return or destructuring).
        A traced body stands for every iteration: cut the span instead of leaving the loop."
    `)
  })

  test('destructuring', () => {
    const message = refusal(({ nl }, _, { M }) => {
      const [m] = nl.affineRange(M.tiles(128))
      void m
    })
    expect(message).toMatchInlineSnapshot(`
      "k («const [m] = nl.affineRange(M.tiles(128))»): the loop over m_tile was left early (break, return or destructuring).
        A traced body stands for every iteration: cut the span instead of leaving the loop."
    `)
  })

  test('spreading', () => {
    const message = refusal(({ nl }, _, { M }) => void [...nl.affineRange(M.tiles(128))])
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal(({ nl }, _, { M }) => void [...nl.affineRange(M.tiles(128))])»): the loop over m_tile has no instruction in it.
        Write for (const i of nl.affineRange(…)) { … }, do not spread it."
    `)
  })

  test('next()', () => {
    const message = refusal(({ nl }, _, { M }) => {
      nl.affineRange(M.tiles(128))[Symbol.iterator]().next()
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nl.affineRange(M.tiles(128))[Symbol.iterator]().next()»): the loop over m_tile was never closed.
        Use for…of, not next()."
    `)
  })

  test('next() in the wrong order', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => {
      const outer = nl.affineRange(M.tiles(128))[Symbol.iterator]()
      const m = outer.next().value
      const inner = nl.affineRange(K.tiles(128))[Symbol.iterator]()
      nl.sbuf('a', [inner.next().value, m], x.dtype)
      outer.next()
    })
    expect(message).toMatchInlineSnapshot(`
      "k («const outer = nl.affineRange(M.tiles(128))[Symbol.iterator]()»): the loop over m_tile ended while k_tile was still open.
        Use for…of, not next()."
    `)
  })

  test('a loop that is never run', () => {
    const message = refusal(({ nl }, _, { M }) => void nl.affineRange(M.tiles(128)))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal(({ nl }, _, { M }) => void nl.affineRange(M.tiles(128)))»): the loop over m_tile was asked for but never run.
        Use for…of."
    `)
  })

  test('a loop that is run twice', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => {
      const tiles = nl.affineRange(K.tiles(128))
      for (const k of tiles) nl.sbuf('a', [k, M], x.dtype)
      for (const k of tiles) nl.sbuf('b', [k, M], x.dtype)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («const tiles = nl.affineRange(K.tiles(128))»): the loop over k_tile is run a second time.
        Ask nl for a new loop."
    `)
  })

  test('over a span, which is not cut', () => {
    const message = refusal(({ nl }, _, { M }) => {
      for (const m of nl.affineRange(M)) void m
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const m of nl.affineRange(M)) void m»): a loop over M, which is not a cut.
        Cut a span with strips(), blocks() or tiles(): loops take its pieces."
    `)
  })

  test('over a number', () => {
    const message = refusal(({ nl }) => {
      for (const i of nl.affineRange(4)) void i
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const i of nl.affineRange(4)) void i»): a loop over a number, which is not a cut.
        Cut a span with strips(), blocks() or tiles(): loops take its pieces."
    `)
  })

  test("an exception in a body keeps its author's words", () => {
    const attempt = () =>
      refusal(({ nl }, _, { M }) => {
        for (const m of nl.affineRange(M.tiles(128))) throw new Error(`mine, in ${m.label}`)
      })
    expect(attempt).toThrow('mine, in m_tile')
  })
})

describe('scope', () => {
  test('a span outside of its loop', () => {
    const message = refusal(({ nl, nisa }, { x }, { K, M }) => {
      let leaked = K
      const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
      for (const k of nl.affineRange(K.tiles(128))) {
        leaked = k
        nisa.dmaCopy({ dst: a.at(k), src: x.at(k) })
      }
      nisa.dmaCopy({ dst: a.at(leaked), src: x.at(leaked) })
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: a.at(leaked), src: x.at(leaked) })»): k_tile is used outside of its loop, opened at «for (const k of nl.affineRange(K.tiles(128))) {».
        Use it inside the loop body, or loop again over the same cut."
    `)
  })

  test('a view of a span outside of its loop', () => {
    const message = refusal(({ nl, nisa }, { x }, { K, M }) => {
      const views: unknown[] = []
      const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
      for (const k of nl.affineRange(K.tiles(128))) {
        nisa.dmaCopy({ dst: a.at(k), src: x.at(k) })
        views.push(a.at(k), x.at(k))
      }
      nisa.dmaCopy({ dst: views[0], src: views[1] })
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.dmaCopy({ dst: views[0], src: views[1] })»): k_tile is used outside of its loop, opened at «for (const k of nl.affineRange(K.tiles(128))) {».
        Use it inside the loop body, or loop again over the same cut."
    `)
  })

  test('a cut of a span outside of its loop', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => {
      let leaked = K
      for (const k of nl.affineRange(K.blocks(512))) {
        leaked = k
        nl.sbuf('a', [k.tiles(128), M], x.dtype)
      }
      for (const k of nl.affineRange(leaked.tiles(128))) nl.sbuf('b', [k, M], x.dtype)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const k of nl.affineRange(leaked.tiles(128))) nl.sbuf('b', [k, M], x.dtype)»): k_block is used outside of its loop, opened at «for (const k of nl.affineRange(K.blocks(512))) {».
        Use it inside the loop body, or loop again over the same cut."
    `)
  })

  test('a buffer outside of the loop that makes it', () => {
    const message = refusal(({ nl, nisa }, { x }, { K, M }) => {
      let leaked: unknown
      for (const m of nl.affineRange(M.tiles(128))) leaked = nl.sbuf('a', [m, nl.unit], x.dtype)
      for (const k of nl.affineRange(K.tiles(128))) {
        void k
        nisa.memset({ dst: leaked, value: 0 })
      }
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.memset({ dst: leaked, value: 0 })»): a (allocated at «for (const m of nl.affineRange(M.tiles(128))) leaked = nl.sbuf('a', [m, nl.unit], x.dtype)») is used outside of the loop over m_tile that made it.
        Allocate it before the loop."
    `)
  })

  test('a buffer declared over a span outside of its loop', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => {
      let leaked = K
      for (const k of nl.affineRange(K.tiles(128))) {
        leaked = k
        nl.sbuf('a', [k, M], x.dtype)
      }
      nl.sbuf('b', [leaked, M], x.dtype)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nl.sbuf('b', [leaked, M], x.dtype)»): k_tile is used outside of its loop, opened at «for (const k of nl.affineRange(K.tiles(128))) {».
        Use it inside the loop body, or loop again over the same cut."
    `)
  })

  test('handles kept after the trace', () => {
    let late = (): unknown => null
    const kernel = untyped(
      copy((h, { x }) => {
        late = () => h.nl.sbuf('late', [x.rows.tiles(128), x.cols], x.dtype)
      }),
      COPY,
    )
    kernel.trace()
    const message = refusalOf(() => late())
    expect(message).toMatchInlineSnapshot(`
      "k («late = () => h.nl.sbuf('late', [x.rows.tiles(128), x.cols], x.dtype)»): an instruction is issued after the trace ended.
        Use nl and nisa only inside trace()."
    `)
  })

  test('tensors of another trace', () => {
    let kept: Record<string, unknown> = {}
    const kernel = untyped(
      copy((_, tensors) => {
        kept = tensors
      }),
      COPY,
    )
    kernel.trace()
    const message = refusal(({ nisa }) => nisa.dmaCopy({ dst: kept.y, src: kept.x }))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal(({ nisa }) => nisa.dmaCopy({ dst: kept.y, src: kept.x }))»): M belongs to another trace, of k.
        Use only the dimensions and tensors that trace() was given."
    `)
  })

  test('dimensions of another trace', () => {
    let kept: { M?: unknown } = {}
    untyped(
      copy((_, __, dims) => {
        kept = dims
      }),
      COPY,
    ).trace()
    const message = refusal(({ nl }, { x }, { K }) => nl.sbuf('a', [K.tiles(128), kept.M], x.dtype))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal(({ nl }, { x }, { K }) => nl.sbuf('a', [K.tiles(128), kept.M], x.dtype))»): M belongs to another trace, of k.
        Use only the dimensions and tensors that trace() was given."
    `)
  })

  test('an async trace', () => {
    const message = refusal(async () => {})
    expect(message).toMatchInlineSnapshot(`
      "k (trace()): trace() is async.
        Write a plain function: nothing in a trace is awaited."
    `)
  })

  test('an async trace that also fails: the failure is not left behind as an unhandled rejection', async () => {
    const message = refusal(async ({ nl }, { x }, { K, M }) => nl.sbuf('Wrong name', [K, M], x.dtype))
    await new Promise((resolve) => setImmediate(resolve))
    expect(message).toMatchInlineSnapshot(`
      "k (trace()): trace() is async.
        Write a plain function: nothing in a trace is awaited."
    `)
  })
})

describe('symbols', () => {
  test('arithmetic on a span', () => {
    const message = refusal(({ nl }, _, { M }) => {
      for (const m of nl.affineRange(M.tiles(128))) void (m * 128)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const m of nl.affineRange(M.tiles(128))) void (m * 128)»): m_tile is a symbolic span, and is used as a number or a text.
        A kernel is traced once for all shapes. Pass it to at(), cut it with tiles(), and choose by shape outside of the kernel."
    `)
  })

  test('comparison of a dimension', () => {
    const message = refusal((_, __, { M }) => {
      if (M > 128) return
    })
    expect(message).toMatchInlineSnapshot(`
      "k («if (M > 128) return»): M is a symbolic span, and is used as a number or a text.
        A kernel is traced once for all shapes. Pass it to at(), cut it with tiles(), and choose by shape outside of the kernel."
    `)
  })

  test('arithmetic on an entry of the schedule', () => {
    const message = refusal((_, __, { K }, s) => K.blocks(s.kBlock / 2))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal((_, __, { K }, s) => K.blocks(s.kBlock / 2))»): the schedule's k_block is symbolic, and is used as a number or a text.
        Give it to strips(), blocks() or tiles()."
    `)
  })

  test('an entry of the schedule as the number of an op', () => {
    const message = refusal(({ nl, nisa }, { x }, { K }, s) => {
      for (const k of nl.affineRange(K.tiles(128)))
        nisa.memset({ dst: nl.sbuf('a', [k, nl.unit], x.dtype), value: s.kBlock })
    })
    expect(message).toMatchInlineSnapshot(`
      "k («nisa.memset({ dst: nl.sbuf('a', [k, nl.unit], x.dtype), value: s.kBlock })»): the schedule's k_block is symbolic, and is used as a number or a text.
        Give it to strips(), blocks() or tiles()."
    `)
  })

  test.each([0, -128, 1.5, Number.NaN, 96, 130, 200])('a cut by %d', (n) => {
    expect(refusal((_, __, { K }) => K.blocks(n)).replace(/\(«.*?»\)/, '')).toBe(
      `k : blocks of K by ${n}, neither a multiple of 128 nor a divisor of it.\n  Give 32, 64, or a multiple of 128.`,
    )
  })

  test('a cut by an entry of the schedule', () => {
    const kernel = untyped((_, __, { K }, s) => K.blocks(s.kBlock))
    expect(refusalOf(() => kernel.trace({ kBlock: 100 }))).toMatchInlineSnapshot(`
      "k («const kernel = untyped((_, __, { K }, s) => K.blocks(s.kBlock))»): blocks of K by k_block (100), neither a multiple of 128 nor a divisor of it.
        Give 32, 64, or a multiple of 128."
    `)
  })
})

describe('views', () => {
  test('a piece of something else', () => {
    const message = refusal(({ nl }, { x }, { K, M }) => {
      for (const k of nl.affineRange(K.tiles(128)))
        for (const m of nl.affineRange(M.tiles(128))) x.at(k, m).at(K)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («for (const m of nl.affineRange(M.tiles(128))) x.at(k, m).at(K)»): x.at(): K is not a piece of k_tile, the rows of this view.
        Cut it from k_tile: k_tile.tiles(…)."
    `)
  })

  test('rows and columns exchanged', () => {
    const message = refusal((_, { x }, { K, M }) => x.at(M, K))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal((_, { x }, { K, M }) => x.at(M, K))»): x.at(): M is not a piece of K, the rows of this view.
        Cut it from K: K.tiles(…)."
    `)
  })

  test('a cut where a span is needed', () => {
    const message = refusal((_, { x }, { K }) => x.at(K.tiles(128)))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal((_, { x }, { K }) => x.at(K.tiles(128)))»): a cut (k_tile) is given where a span is needed.
        Give a dimension, or what a loop over a cut yields."
    `)
  })

  test('a number where a span is needed', () => {
    const message = refusal((_, { x }) => x.at(0))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refusal((_, { x }) => x.at(0))»): a number is given where a span is needed.
        Give a dimension, or what a loop over a cut yields."
    `)
  })

  test('the place is the line of the kernel, and that of the function in between', () => {
    const helper = (x: { at(k: unknown): unknown }) => x.at(1)
    const message = refusal((_, { x }) => {
      helper(x)
    })
    expect(message).toMatchInlineSnapshot(`
      "k («helper(x)», in «const helper = (x: { at(k: unknown): unknown }) => x.at(1)»): a number is given where a span is needed.
        Give a dimension, or what a loop over a cut yields."
    `)
  })
})

describe('the schedule', () => {
  const attempt = (schedule: Record<string, number>) => () => untyped(() => {}).trace(schedule)
  test('an entry that it does not have', () => {
    expect(attempt({ mBlock: 128 })).toThrow(
      new ArgumentError('k: no schedule mBlock; it has kBlock, buffers'),
    )
  })
  test('a name that every object has', () => {
    expect(attempt({ constructor: 128 } as never)).toThrow('k: no schedule constructor; it has kBlock')
    expect(attempt({ toString: 128 } as never)).toThrow('k: no schedule toString; it has kBlock')
  })
  test('not a number', () => {
    expect(attempt({ kBlock: Number.NaN })).toThrow('k: schedule kBlock is NaN; give a number')
  })
})

/** A right kernel that copies x, with a look at what trace() is given. */
const COPY = { inputs: { x: ['M', 'K'] }, output: ['M', 'K'], limits: { M: 128 } } as const
type Body = Parameters<typeof untyped>[0]
const copy =
  (look: Body): Body =>
  (h, tensors, dims, schedule) => {
    const a = h.nl.sbuf('a', [dims.M, dims.K], tensors.x.dtype)
    h.nisa.dmaCopy({ dst: a, src: tensors.x })
    h.nisa.dmaCopy({ dst: tensors.y, src: a })
    look(h, tensors, dims, schedule)
  }
