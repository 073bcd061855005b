/** Where pieces lie: in the exact reading they tile their dimension, and in the padded one they cover it whole. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { untyped } from '../../test/refusal.ts'
import { balanced, Extents, type Loop, type Node, type Program, type Reading, type Span } from './index.ts'

/** Block sizes that the language accepts. */
const size = fc.oneof(
  fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128),
  fc.integer({ min: 1, max: 16 }).map((units) => 128 * units),
)
const extent = fc.integer({ min: 1, max: 5000 })

/** Loops that cut K again and again, by each of these sizes; a memset in the innermost one keeps it. */
function nested(sizes: readonly number[]): Program {
  const kernel = untyped(
    ({ nl, nisa }, { y }, { M, K }) => {
      const cut = (span: Span<string>, depth: number): void => {
        const n = sizes[depth]
        if (n === undefined) nisa.memset({ dst: nl.sbuf('a', [M, span], 'float32'), value: 0 })
        else for (const piece of nl.sequentialRange(span.blocks(n))) cut(piece, depth + 1)
      }
      cut(K, 0)
      nisa.dmaCopy({ dst: y, src: nl.zeros('out', [M, K], 'float32') })
    },
    { inputs: { x: ['M', 'K'] }, output: ['M', 'K'], limits: { M: 128 } },
  )
  return kernel.trace()
}

interface Piece {
  readonly start: number
  readonly size: number
  readonly capacity: number
}

/** The pieces of the innermost loop, in the order in which they are visited. */
function innermost(program: Program, extents: Extents): Piece[] {
  const pieces: Piece[] = []
  const visit = (nodes: readonly Node[], span: Span<string> | null): void => {
    const loop = nodes.find((node): node is Loop => node.kind === 'loop')
    if (!loop) {
      const { id } = span!
      pieces.push({ start: extents.start[id]!, size: extents.size[id]!, capacity: extents.capacity[id]! })
      return
    }
    for (let i = 0; i < extents.trips(loop); i++) {
      extents.enter(loop, i)
      visit(loop.body, loop.span)
    }
  }
  visit(program.body, null)
  return pieces
}
const read = (sizes: readonly number[], K: number, reading: Reading): Piece[] => {
  const program = nested(sizes)
  return innermost(program, new Extents(program, { M: 1, K }, reading))
}
const cuts = fc.array(size, { minLength: 1, maxLength: 3 })

describe('balanced', () => {
  test('makes as many pieces as are needed, none larger than asked for, in whole units of 128', () => {
    fc.assert(
      fc.property(extent, size, (whole, n) => {
        const piece = balanced(whole, n)
        expect(piece).toBeLessThanOrEqual(Math.max(n, 0))
        expect(piece).toBeGreaterThan(0)
        if (whole <= n) expect(piece).toBe(whole)
        else {
          expect(n <= 128 ? piece : piece % 128).toBe(n <= 128 ? n : 0)
          expect(Math.ceil(whole / piece)).toBeLessThanOrEqual(Math.ceil(whole / n))
        }
      }),
    )
  })

  test('leaves no smaller pieces that would do', () => {
    fc.assert(
      fc.property(extent, size, (whole, n) => {
        const piece = balanced(whole, n)
        fc.pre(whole > n && n > 128)
        // one unit less, and it would take more pieces than n needs
        expect(Math.ceil(whole / (piece - 128))).toBeGreaterThan(Math.ceil(whole / n))
      }),
    )
  })

  test.each([
    [1500, 1024, 768],
    [1024, 1024, 1024],
    [1025, 1024, 640],
    [100, 512, 100],
    [300, 128, 128],
    [300, 32, 32],
    [640, 512, 384],
  ])('%d by %d is %d', (whole, n, piece) => {
    expect(balanced(whole, n)).toBe(piece)
  })
})

describe('the exact reading', () => {
  test('tiles the dimension: every element once, in order, whatever is cut how often', () => {
    fc.assert(
      fc.property(cuts, extent, (sizes, K) => {
        let next = 0
        for (const piece of read(sizes, K, 'exact')) {
          expect(piece.start).toBe(next)
          expect(piece.size).toBeGreaterThan(0)
          expect(piece.size).toBeLessThanOrEqual(Math.min(piece.capacity, ...sizes))
          next += piece.size
        }
        expect(next).toBe(K)
      }),
    )
  })
})

describe('the padded reading', () => {
  test('has the same pieces of what exists, among empty ones', () => {
    fc.assert(
      fc.property(cuts, extent, (sizes, K) => {
        const existing = read(sizes, K, 'padded').filter((piece) => piece.size > 0)
        expect(existing).toEqual(read(sizes, K, 'exact'))
      }),
    )
  })

  test('has whole pieces only, which cover the dimension', () => {
    fc.assert(
      fc.property(cuts, extent, (sizes, K) => {
        const pieces = read(sizes, K, 'padded')
        const capacity = pieces[0]!.capacity
        expect(new Set(pieces.map((piece) => piece.capacity))).toEqual(new Set([capacity]))
        expect(pieces.length * capacity).toBeGreaterThanOrEqual(K)
        const covered = new Set<number>()
        for (const { start, size } of pieces) for (let i = 0; i < size; i++) covered.add(start + i)
        expect(covered.size).toBe(K)
      }),
    )
  })
})

test('a buffer takes whole tiles', () => {
  const kernel = untyped(({ nl, nisa }, { x, y }, { K, M, N }) => {
    nl.comment('three tiles of 128 partitions, of 70 columns')
    const a = nl.sbuf('a', [K.tiles(128), M], x.dtype)
    for (const k of nl.affineRange(K.tiles(128))) nisa.memset({ dst: a.at(k), value: 0 })
    for (const m of nl.affineRange(M.tiles(128)))
      nisa.dmaCopy({ dst: y.at(m), src: nl.zeros('out', [m, N], 'float32') })
  })
  const program = kernel.trace()
  const alloc = program.body.find((node) => node.kind === 'alloc')!
  expect(new Extents(program, { K: 300, M: 70, N: 5 }).elementsPerPartition(alloc)).toBe(3 * 70)
})
