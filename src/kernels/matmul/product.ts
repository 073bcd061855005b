/** AWS's fully optimised matmul as a step of a kernel: `sequential_xuv` takes it twice. */
import type { Handles, Param, Span, View } from '../../nki/index.ts'
import { type Accumulate, addProduct, load, partitions, store, sumDtype } from '../blocks.ts'

export interface ProductBlocks {
  readonly mBlock: Param
  readonly nBlock: Param
  readonly kBlock: Param
  readonly accumulate: Accumulate
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
  for (const nBlock of nl.affineRange(y.cols.blocks(s.nBlock))) {
    const result = nl.zeros('result', [partitions(y.rows), nBlock], sumDtype(s, y.dtype))
    for (const kBlock of nl.sequentialRange(xT.rows.blocks(s.kBlock))) {
      const wBlock = loadW(kBlock, nBlock)
      for (const mBlock of nl.affineRange(y.rows.blocks(s.mBlock)))
        addProduct(h, result, load(h, xT.at(kBlock, mBlock)), wBlock)
    }
    store(h, y.at(y.rows, nBlock), result)
  }
}
