/** Routines leave a program as it would be without them, keep their name in it, and can be traced by themselves. */
import { describe, expect, it } from 'vitest'
import { abstractOf, type Handles, kernel, print, routine, type Size, type Span, type View } from './index.ts'

type Hbm<P extends string, F extends string> = View<'hbm', P, F>
type Sbuf<P extends string, F extends string> = View<'sbuf', P, F>

function loadPlainly<P extends string, F extends string>({ nl, nisa }: Handles, src: Hbm<P, F>): Sbuf<P, F> {
  const block = nl.sbuf('block', [src.rows.tiles(128), src.cols], src.dtype)
  for (const p of nl.affineRange(src.rows.tiles(128))) nisa.dmaCopy({ dst: block.at(p), src: src.at(p) })
  return block
}
const load = routine(
  { name: 'load', summary: 'dst = src.', parameters: { src: ['row', 'col'] } },
  loadPlainly,
)

const copy = routine(
  {
    name: 'copy',
    summary: 'dst = src by way of SBUF.',
    parameters: { dst: ['p', 'f'], src: ['p', 'f'], tile: 'size' },
  },
  <P extends string, F extends string>(h: Handles, dst: Hbm<P, F>, src: Hbm<P, F>, tile: Size): void => {
    const block = load(h, src)
    for (const p of h.nl.affineRange(src.rows.tiles(128)))
      for (const f of h.nl.affineRange(src.cols.tiles(tile)))
        h.nisa.dmaCopy({ dst: dst.at(p, f), src: block.at(p, f) })
  },
)

const copying = (body: (h: Handles, x: Hbm<'M', 'N'>, y: Hbm<'M', 'N'>, N: Span<'N'>, tile: Size) => void) =>
  kernel({
    name: 'copying',
    summary: 'Y = X.',
    inputs: { x: ['M', 'N'] },
    output: ['M', 'N'],
    schedule: { nTile: 256 },
    reference: (_, { x }) => x!,
    macs: () => 0,
    trace: (h, { x, y }, { N }, s) => body(h, x, y, N, s.nTile),
  }).trace()

describe('a routine', () => {
  const program = copying((h, x, y, _, tile) => copy(h, y, x, tile))

  it('leaves the nodes that its body issues, and no others', () => {
    const plainly = copying(({ nl, nisa }, x, y, _, tile) => {
      const block = loadPlainly({ nl, nisa }, x)
      for (const p of nl.affineRange(x.rows.tiles(128)))
        for (const f of nl.affineRange(x.cols.tiles(tile)))
          nisa.dmaCopy({ dst: y.at(p, f), src: block.at(p, f) })
    })
    expect(print(program, { sites: false })).toBe(print(plainly, { sites: false }))
    expect(plainly.calls).toEqual([])
  })

  it('is a call of consecutive nodes; what it calls itself is its own', () => {
    expect(program.calls.map(({ routine }) => routine.name)).toEqual(['copy'])
    expect(program.calls[0]!.nodes).toEqual(program.body)
  })

  it('says which block it made', () => {
    const { calls, body } = copying((h, x, y) => {
      const block = load(h, x)
      for (const p of h.nl.affineRange(x.rows.tiles(128))) h.nisa.dmaCopy({ dst: y.at(p), src: block.at(p) })
    })
    expect(calls[0]!.result).toBe(body[0])
    expect(calls[0]!.nodes).toEqual(body.slice(0, 2))
  })

  it('that fails says so at its own line and at that of the kernel', () => {
    expect(() => copying((h, x, y) => copy(h, y, x, 100))).toThrow(
      /routine\.test\.ts:\d+, in routine\.test\.ts:\d+\): tiles of N by 100/,
    )
  })
})

describe('a routine by itself', () => {
  const program = copying((h, x, y, _, tile) => copy(h, y, x, tile))
  const abstract = abstractOf(program.calls[0]!)

  it('is traced over dimensions of its own, of any size', () => {
    expect([...abstract.dims.keys()]).toEqual(['p', 'f'])
    expect([...abstract.dims.values()].map(({ formal }) => formal.bound)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
    expect([...abstract.dims.values()].map(({ actual }) => actual)).toEqual(program.dims)
  })

  it('knows what the kernel gave for its operands and numbers', () => {
    expect(abstract.operands.map(({ name, actual }) => [name, actual.name])).toEqual([
      ['dst', 'y'],
      ['src', 'x'],
    ])
    expect([...abstract.sizes.values()]).toEqual(program.params)
  })

  it('names the dtype of operands that share one after the first of them', () => {
    // y has the dtype of x
    expect(abstract.operands.map(({ formal }) => formal.dtype)).toEqual([{ like: 'dst' }, { like: 'dst' }])
  })
})
