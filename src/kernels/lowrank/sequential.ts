/** What the baselines share: two matmuls, with XU in HBM between them. */
import type { Handles, Span, SymbolicDtype, View } from '../../nki/index.ts'
import { accumulate, load } from '../blocks.ts'
import { outermost, type ProductBlocks, product } from '../matmul/product.ts'
import { blocks, seedBlocks, space } from '../matmul/schedules.ts'
import { macs } from './schedules.ts'

/** Both products have the schedule of the fully optimised matmul. */
export const sequential = {
  schedule: blocks,
  choices: { accumulate, outermost },
  schedules: { seed: seedBlocks },
  space,
  macs,
}

/** Y = X·U·V. The first product is computed transposed, as the second needs it; `loadX` brings a block of Xᵀ into SBUF. */
export function inTurn(
  h: Handles,
  dtype: SymbolicDtype,
  loadX: (kBlock: Span<'K'>, mBlock: Span<'M'>) => View<'sbuf', 'K', 'M'>,
  { u, v, y }: { u: View<'hbm', 'K', 'r'>; v: View<'hbm', 'r', 'N'>; y: View<'hbm', 'M', 'N'> },
  s: ProductBlocks,
): void {
  const xuT = h.nl.hbm('xu_t', [u.cols, y.rows], dtype)
  h.nl.comment('(XU)ᵀ = Uᵀ·Xᵀ, to HBM')
  product(h, xuT, u, loadX, s)
  h.nl.comment('Y = (XU)·V, (XU)ᵀ from HBM')
  product(h, y, xuT, (rBlock, nBlock) => load(h, v.at(rBlock, nBlock)), s)
}
