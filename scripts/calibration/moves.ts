/** What the calibration kernels share beside the moves of the library. */
import { multiply } from '../../src/kernels/blocks.ts'
import type { Handles, View } from '../../src/nki/index.ts'

/** They are held against times and bytes, never run on numbers. */
export const timedOnly = (): never => {
  throw new Error('a calibration kernel is timed, not run')
}

export const product = ({ M, K, N }: { M: number; K: number; N: number }): number => M * K * N

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
    const acc = multiply(h, [y.rows, n], xT, w)
    if (engine === 'vector') nisa.tensorCopy({ dst: row.at(y.rows, n), src: acc })
    else nisa.activation({ dst: row.at(y.rows, n), data: acc, op: 'copy' })
  }
  nisa.dmaCopy({ dst: y, src: row })
}
