/**
 * The arithmetic of one nc_matmul, fast: dst += stationaryᵀ · moving in float32. The op table's `evaluate` is the
 * definition; a test holds this to it, bit by bit.
 */
import type { Block } from '../../nki/index.ts'
import { TileProduct } from './tile-product.ts'

let product: TileProduct | null = null

export function matmulInto(dst: Block, stationary: Block, moving: Block): void {
  product ??= new TileProduct('float32')
  product.multiplyAdd(dst, stationary, moving)
}
