/** What the calibration kernels share: loads of whole rows, products summed in PSUM, stores. */
import type { Handles, Span, View } from '../../src/nki/index.ts'

/** They are held against times and bytes, never run on numbers. */
export const timedOnly = (): never => {
  throw new Error('a calibration kernel is timed, not run')
}

export const product = ({ M, K, N }: { M: number; K: number; N: number }): number => M * K * N

/** One DMA per 128 rows of a block, as wide as the block. */
export function load<P extends string, F extends string>(
  { nl, nisa }: Handles,
  src: View<'hbm', P, F>,
): View<'sbuf', P, F> {
  const block = nl.sbuf(`${src.name}_block`, [src.rows.tiles(128), src.cols], src.dtype)
  for (const p of nl.affineRange(src.rows.tiles(128))) nisa.dmaCopy({ dst: block.at(p), src: src.at(p) })
  return block
}

/** One tile of xᵀ·w, summed in PSUM over the whole contraction. */
export function accumulate<K extends string, M extends string, N extends string>(
  { nl, nisa }: Handles,
  [m, n]: readonly [Span<M>, Span<N>],
  xT: View<'sbuf', K, M>,
  w: View<'sbuf', K, N>,
): View<'psum', M, N> {
  const acc = nl.psum('acc', [m, n])
  for (const k of nl.affineRange(xT.rows.tiles(128)))
    nisa.ncMatmul({ dst: acc, stationary: xT.at(k, m), moving: w.at(k, n) })
  return acc
}

/** Tiles of 512 columns of a row of 128: PSUM to SBUF on the engine given, and one store for the whole row. */
export function storeRow<K extends string, M extends string, N extends string>(
  h: Handles,
  y: View<'hbm', M, N>,
  xT: View<'sbuf', K, M>,
  w: View<'sbuf', K, N>,
  engine: 'vector' | 'scalar',
): void {
  const { nl, nisa } = h
  const row = nl.sbuf('row', [y.rows, y.cols], y.dtype)
  for (const n of nl.affineRange(y.cols.tiles(512))) {
    const acc = accumulate(h, [y.rows, n], xT, w)
    if (engine === 'vector') nisa.tensorCopy({ dst: row.at(y.rows, n), src: acc })
    else nisa.activation({ dst: row.at(y.rows, n), data: acc, op: 'copy' })
  }
  nisa.dmaCopy({ dst: y, src: row })
}
