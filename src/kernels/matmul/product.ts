/** AWS's fully optimised matmul as a step of a kernel: the sequential baselines take it twice. */
import type { Handles, Param, Span, View } from '../../nki/index.ts'
import { type Accumulate, addProduct, load, partitions, store, sumDtype } from '../blocks.ts'

/**
 * The outermost loop: over columns, each block of W is read once and a strip of results for all rows stays on chip; over
 * rows, it is X that is read once, and a strip for all columns that stays.
 */
export const outermost = ['columns', 'rows'] as const

export interface ProductBlocks {
  readonly mBlock: Param
  readonly nBlock: Param
  readonly kBlock: Param
  readonly accumulate: Accumulate
  readonly outermost: (typeof outermost)[number]
}

/** Y = X·W from Xᵀ in HBM. `B` names the dimension that is contracted; `loadW` brings a block of W into SBUF. */
export function product<A extends string, B extends string, C extends string>(
  h: Handles,
  y: View<'hbm', A, C>,
  xT: View<'hbm', B, A>,
  loadW: (contraction: Span<B>, columns: Span<C>) => View<'sbuf', B, C>,
  s: ProductBlocks,
): void {
  const { nl } = h
  const [rows, columns] = [y.rows, y.cols]
  if (s.outermost === 'columns')
    for (const nBlock of nl.affineRange(columns.blocks(s.nBlock))) {
      const result = nl.zeros('result', [partitions(rows), nBlock], sumDtype(s, y.dtype))
      for (const kBlock of nl.sequentialRange(xT.rows.blocks(s.kBlock))) {
        const wBlock = loadW(kBlock, nBlock)
        for (const mBlock of nl.affineRange(rows.blocks(s.mBlock)))
          addProduct(h, result.at(mBlock), load(h, xT.at(kBlock, mBlock)), wBlock)
      }
      store(h, y.at(rows, nBlock), result)
    }
  else
    for (const mBlock of nl.affineRange(rows.blocks(s.mBlock))) {
      const result = nl.zeros('result', [partitions(mBlock), columns], sumDtype(s, y.dtype))
      for (const kBlock of nl.sequentialRange(xT.rows.blocks(s.kBlock))) {
        const xBlock = load(h, xT.at(kBlock, mBlock))
        for (const nBlock of nl.affineRange(columns.blocks(s.nBlock)))
          addProduct(h, result.at(mBlock, nBlock), xBlock, loadW(kBlock, nBlock))
      }
      store(h, y.at(mBlock, columns), result)
    }
}
