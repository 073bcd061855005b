/**
 * A matrix B [K, N] packed as the product reads it: blocks of the contraction, in each the panels of eight columns, in each
 * one row of a panel after the other. Columns are padded with zeros; the contraction never is.
 */
import { encodeInto, type Tensor } from '../../tensor/index.ts'
import type { LayerDtype } from '../types.ts'
import type { Heap } from './heap.ts'
import { MAX_BLOCK } from './kernels/product.ts'
import { PANEL, PLACES } from './kernels/tile.ts'

/** Rows gathered at once: their cache lines are still in L1 when the next panel wants their other half. */
const GATHER_ROWS = 32

export interface PackedMatrix {
  readonly address: number
  readonly dtype: LayerDtype
  readonly contraction: number
  readonly columns: number
  /** Steps of the contraction in one block. */
  readonly kBlock: number
  readonly panels: number
  readonly bytes: number
}

/** Blocks of nearly equal size, in whole groups of four. */
function blockOf(contraction: number): number {
  return 4 * Math.ceil(contraction / Math.ceil(contraction / MAX_BLOCK) / 4)
}

export function packMatrix(heap: Heap, tensor: Tensor, dtype: LayerDtype): PackedMatrix {
  const [contraction, columns] = [tensor.shape[0]!, tensor.shape[1]!]
  const panels = Math.ceil(columns / PANEL)
  const kBlock = blockOf(contraction)
  const elements = contraction * panels * PANEL
  const bytes = elements * (dtype === 'bfloat16' ? 2 : 4)
  const address = heap.allocate(bytes)
  const target = dtype === 'bfloat16' ? heap.halves(address, elements) : heap.floats(address, elements)
  const gather = gatherFrom(tensor, PLACES[dtype])
  const piece = new Float32Array(GATHER_ROWS * PANEL)
  for (let block = 0; block < contraction; block += kBlock) {
    const steps = Math.min(kBlock, contraction - block)
    for (let k0 = 0; k0 < steps; k0 += GATHER_ROWS) {
      const values = piece.subarray(0, Math.min(GATHER_ROWS, steps - k0) * PANEL)
      for (let panel = 0; panel < panels; panel++) {
        gather(values, block + k0, panel * PANEL, Math.min(PANEL, columns - panel * PANEL))
        encodeInto(values, dtype, target, (block * panels + panel * steps + k0) * PANEL)
      }
    }
  }
  return { address, dtype, contraction, columns, kBlock, panels, bytes }
}

type Gather = (out: Float32Array, k0: number, n0: number, width: number) => void

/** Fills `out` [rows, 8] from a float32 or bfloat16 matrix of any strides, as bits; `places` orders the columns. */
function gatherFrom({ data, offset, strides, dtype }: Tensor, places: readonly number[]): Gather {
  const [down, across] = [strides[0]!, strides[1]!]
  const shift = dtype === 'bfloat16' ? 16 : 0
  const bits =
    data instanceof Float32Array
      ? new Uint32Array(data.buffer, data.byteOffset, data.length)
      : (data as Uint16Array)
  return (out, k0, n0, width) => {
    const target = new Uint32Array(out.buffer, out.byteOffset, out.length)
    if (width < PANEL) target.fill(0)
    for (let j = 0; j < width; j++) {
      let from = offset + k0 * down + (n0 + j) * across
      for (let at = places[j]!; at < target.length; at += PANEL) {
        target[at] = bits[from]! << shift
        from += down
      }
    }
  }
}
