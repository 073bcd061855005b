/** What a dialect has no words for is an error that names the instruction and the line that issued it. */
import { describe, expect, it } from 'vitest'
import { type Handles, kernel, routine, type Span, type View } from '../nki/index.ts'
import { type Dialect, emitPython } from './index.ts'

type Body = (
  h: Handles,
  x: View<'hbm', 'M', 'K'>,
  y: View<'hbm', 'M', 'K'>,
  m: Span<'M'>,
  k: Span<'K'>,
) => void

/** A kernel over tiles of X and Y. */
const overTiles = (body: Body) =>
  kernel({
    name: 'tiles',
    summary: 'Y = f(X), a tile at a time.',
    inputs: { x: ['M', 'K'] },
    output: ['M', 'K'],
    schedule: {},
    reference: (_, { x }) => x!,
    macs: () => 0,
    trace(h, { x, y }, { M, K }) {
      for (const m of h.nl.affineRange(M.tiles(128)))
        for (const k of h.nl.affineRange(K.tiles(512))) body(h, x.at(m, k), y.at(m, k), m, k)
    },
  })

const withinSbuf = overTiles(({ nl, nisa }, x, y, m, k) => {
  const a = nl.sbuf('a', [m, k], x.dtype)
  const b = nl.sbuf('b', [m, k], x.dtype)
  nisa.dmaCopy({ dst: a, src: x })
  nisa.dmaCopy({ dst: b, src: a })
  nisa.dmaCopy({ dst: y, src: b })
})

const addOnGpsimd = overTiles(({ nl, nisa }, x, y, m, k) => {
  const a = nl.sbuf('a', [m, k], x.dtype)
  nisa.dmaCopy({ dst: a, src: x })
  nisa.tensorTensor({ dst: a, data1: a, data2: a, op: 'add', engine: 'gpsimd' })
  nisa.dmaCopy({ dst: y, src: a })
})

const divide = overTiles(({ nl, nisa }, x, y, m, k) => {
  const a = nl.sbuf('a', [m, k], x.dtype)
  nisa.dmaCopy({ dst: a, src: x })
  nisa.tensorScalar({ dst: a, data: a, op0: 'divide', operand0: 3 })
  nisa.dmaCopy({ dst: y, src: a })
})

const emitted = (k: ReturnType<typeof overTiles>, dialect: Dialect) => () =>
  emitPython(k.trace(), { dialect })

describe('the legacy dialect', () => {
  it('has no DMA within SBUF', () => {
    expect(emitted(withinSbuf, 'legacy')).toThrow(
      /refusal\.test\.ts:\d+[\s\S]*dma_copy: the legacy dialect has no load or store within sbuf[\s\S]*Copy it with tensor_copy/,
    )
    expect(emitted(withinSbuf, 'current')()).toContain('nisa.dma_copy(b, a)')
  })

  it('cannot name the engine of +=', () => {
    expect(emitted(addOnGpsimd, 'legacy')).toThrow(
      /refusal\.test\.ts:\d+[\s\S]*tensor_tensor: the legacy dialect cannot name the gpsimd engine/,
    )
    expect(emitted(addOnGpsimd, 'current')()).toContain(
      'nisa.tensor_tensor(a, a, a, nl.add, engine=nisa.engine.gpsimd)',
    )
  })
})

describe('the current dialect', () => {
  it('has no division', () => {
    expect(emitted(divide, 'current')).toThrow(
      /refusal\.test\.ts:\d+[\s\S]*tensor_scalar: the current dialect has no divide[\s\S]*Multiply by its reciprocal/,
    )
    expect(emitted(divide, 'legacy')()).toContain('op0=nl.divide')
  })
})

describe('a routine', () => {
  it('that works for blocks of some sizes only is refused at its line', () => {
    const narrow = routine(
      { name: 'narrow', summary: 'dst = src.', parameters: { src: ['p', 'f'] } },
      <P extends string, F extends string>(
        { nl, nisa }: Handles,
        src: View<'hbm', P, F>,
      ): View<'sbuf', P, F> => {
        const block = nl.sbuf('block', [src.rows, src.cols], src.dtype)
        for (const f of nl.affineRange(src.cols.tiles(128)))
          nisa.dmaCopy({ dst: block.at(src.rows, f), src: src.at(src.rows, f) })
        return block
      },
    )
    const tiles = overTiles((h, x, y) => h.nisa.dmaCopy({ dst: y, src: narrow(h, x) }))
    expect(emitted(tiles, 'current')).toThrow(
      /narrow \(.*refusal\.test\.ts:\d+\)[\s\S]*p can be any number of partitions/,
    )
  })
})
