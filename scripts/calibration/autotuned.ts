/**
 * The template of nki-autotune (github.com/awslabs/nki-autotune, autotune/gemm): an order of loops over blocks, and where
 * in it each operand is loaded. Its scoreboard names order and blocks, not the positions of the loads; the published time
 * is the best that a search found, so the modelled one is the best over the positions.
 */

import { load, multiply } from '../../src/kernels/blocks.ts'
import { type Handles, kernel, type Param, type Span, type View } from '../../src/nki/index.ts'
import { product, timedOnly } from './moves.ts'

/** All of it before every loop; the whole contraction of a block; a block of it in the loop over the contraction. */
export const POSITIONS = ['whole', 'block', 'inner'] as const

const template = {
  output: ['M', 'N'],
  schedule: { mBlock: 512, nBlock: 512, kBlock: 512 },
  choices: { outer: ['rows', 'columns'], xLoad: POSITIONS, wLoad: POSITIONS },
  reference: timedOnly,
  macs: product,
} as const

/** xᵀ·w */
export const autotuned = kernel({
  name: 'autotuned',
  summary: 'xᵀ·w by the template of nki-autotune.',
  inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
  ...template,
  trace(h, { xT, w, y }, { M, K, N }, s) {
    gemm(
      h,
      (k, m) => load(h, xT.at(k, m)),
      (k, n) => load(h, w.at(k, n)),
      y,
      { M, K, N },
      s,
    )
  },
})

/**
 * x·w: every tile of x is transposed on the tensor engine after its load, and copied back on Scalar, where this compiler
 * puts copies out of PSUM in all of NKIBench.
 */
export const autotunedTransposing = kernel({
  name: 'autotuned_transposing',
  summary: 'x·w by the template of nki-autotune, x transposed on the tensor engine.',
  inputs: { x: ['M', 'K'], w: ['K', 'N'] },
  ...template,
  trace(h, { x, w, y }, { M, K, N }, s) {
    const { nl, nisa } = h
    const loadX = (k: Span<'K'>, m: Span<'M'>): View<'sbuf', 'K', 'M'> => {
      const block = nl.sbuf('x_t_block', [k.tiles(128), m], x.dtype)
      for (const rows of nl.affineRange(m.tiles(128))) {
        const row = nl.sbuf('x_row', [rows, k], x.dtype)
        nisa.dmaCopy({ dst: row, src: x.at(rows, k) })
        for (const cols of nl.affineRange(k.tiles(128))) {
          const transposed = nl.psum('transposed', [cols, rows], x.dtype)
          nisa.ncTranspose({ dst: transposed, data: row.at(rows, cols) })
          nisa.activation({ dst: block.at(cols, rows), data: transposed, op: 'copy' })
        }
      }
      return block
    }
    gemm(h, loadX, (k, n) => load(h, w.at(k, n)), y, { M, K, N }, s)
  },
})

type Position = (typeof POSITIONS)[number]
type Block<F extends string> = View<'sbuf', 'K', F>

function gemm(
  h: Handles,
  loadX: (k: Span<'K'>, m: Span<'M'>) => Block<'M'>,
  loadW: (k: Span<'K'>, n: Span<'N'>) => Block<'N'>,
  y: View<'hbm', 'M', 'N'>,
  { M, K, N }: { M: Span<'M'>; K: Span<'K'>; N: Span<'N'> },
  s: Record<'mBlock' | 'nBlock' | 'kBlock', Param> & {
    outer: 'rows' | 'columns'
    xLoad: Position
    wLoad: Position
  },
): void {
  const { nl } = h
  const wholeX = s.xLoad === 'whole' ? loadX(K, M) : null
  const wholeW = s.wLoad === 'whole' ? loadW(K, N) : null
  /** What is loaded at its own loop, or was before. */
  const outsideX = (m: Span<'M'>) => (s.xLoad === 'inner' ? null : (wholeX ?? loadX(K, m)))
  const outsideW = (n: Span<'N'>) => (s.wLoad === 'inner' ? null : (wholeW ?? loadW(K, n)))
  const block = (m: Span<'M'>, n: Span<'N'>, x: Block<'M'> | null, w: Block<'N'> | null): void => {
    if (x && w) {
      multiplyOnce(h, y, m, n, x, w)
      return
    }
    const sums = nl.zeros('sums', [m.tiles(128), n], y.dtype)
    for (const k of nl.sequentialRange(K.blocks(s.kBlock)))
      addProduct(h, sums, m, n, x?.at(k) ?? loadX(k, m), w?.at(k) ?? loadW(k, n))
    for (const rows of nl.affineRange(m.tiles(128)))
      h.nisa.dmaCopy({ dst: y.at(rows, n), src: sums.at(rows, n) })
  }
  if (s.outer === 'rows')
    for (const m of nl.affineRange(M.blocks(s.mBlock))) {
      const x = outsideX(m)
      for (const n of nl.affineRange(N.blocks(s.nBlock))) block(m, n, x, outsideW(n))
    }
  else
    for (const n of nl.affineRange(N.blocks(s.nBlock))) {
      const w = outsideW(n)
      for (const m of nl.affineRange(M.blocks(s.mBlock))) block(m, n, outsideX(m), w)
    }
}

/** The whole contraction in PSUM. */
function multiplyOnce(
  h: Handles,
  y: View<'hbm', 'M', 'N'>,
  m: Span<'M'>,
  n: Span<'N'>,
  x: Block<'M'>,
  w: Block<'N'>,
): void {
  const { nl, nisa } = h
  for (const rows of nl.affineRange(m.tiles(128)))
    for (const cols of nl.affineRange(n.tiles(512))) {
      const out = nl.sbuf('out', [rows, cols], y.dtype)
      nisa.tensorCopy({ dst: out, src: multiply(h, [rows, cols], x, w) })
      nisa.dmaCopy({ dst: y.at(rows, cols), src: out })
    }
}

function addProduct(
  h: Handles,
  sums: View<'sbuf', 'M', 'N'>,
  m: Span<'M'>,
  n: Span<'N'>,
  x: Block<'M'>,
  w: Block<'N'>,
): void {
  const { nl, nisa } = h
  for (const rows of nl.affineRange(m.tiles(128)))
    for (const cols of nl.affineRange(n.tiles(512))) {
      const tile = sums.at(rows, cols)
      nisa.tensorTensor({ dst: tile, data1: tile, data2: multiply(h, [rows, cols], x, w), op: 'add' })
    }
}
