/**
 * A matrix B [K, N] packed as the product reads it: blocks of the contraction, in each the panels of eight columns, in each
 * one row of a panel after the other. Columns are padded with zeros; the contraction never is.
 */
import { bfloat16FromFloat32, type Tensor } from '../../tensor/index.ts'
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
  const target = dtype === 'bfloat16' ? heap.halves(address, elements) : heap.words(address, elements)
  const gather = gatherInto(target, tensor, dtype)
  for (let block = 0; block < contraction; block += kBlock) {
    const steps = Math.min(kBlock, contraction - block)
    for (let k0 = 0; k0 < steps; k0 += GATHER_ROWS) {
      const rows = Math.min(GATHER_ROWS, steps - k0)
      for (let panel = 0; panel < panels; panel++)
        gather((block * panels + panel * steps + k0) * PANEL, block + k0, rows, panel * PANEL)
    }
  }
  return { address, dtype, contraction, columns, kBlock, panels, bytes }
}

/** Fills rows of a panel from element `at` on with B[k0 …, n0 …]. */
type Gather = (at: number, k0: number, rows: number, n0: number) => void

/** From a float32 or bfloat16 matrix of any strides; values are moved as bits, float32 ones rounded before. */
function gatherInto(target: Int32Array | Uint16Array, tensor: Tensor, dtype: LayerDtype): Gather {
  const { data, offset, strides, shape } = tensor
  const [down, across, columns] = [strides[0]!, strides[1]!, shape[1]!]
  const narrows = dtype === 'bfloat16' && tensor.dtype === 'float32'
  const shift = dtype === 'float32' && tensor.dtype === 'bfloat16' ? 16 : 0
  const bits =
    data instanceof Float32Array
      ? new Uint32Array(data.buffer, data.byteOffset, data.length)
      : (data as Uint16Array)
  const moved = (value: number): number => (narrows ? bfloat16FromFloat32(value) : value << shift)
  const [p0, p1, p2, p3, p4, p5, p6, p7] = PLACES[dtype]
  return (at, k0, rows, n0) => {
    const end = at + rows * PANEL
    let from = offset + k0 * down + n0 * across
    const width = Math.min(PANEL, columns - n0)
    if (width < PANEL) {
      target.fill(0, at, end)
      for (; at < end; at += PANEL, from += down)
        for (let j = 0; j < width; j++) target[at + PLACES[dtype][j]!] = moved(bits[from + j * across]!)
    }
    // Whole rows: written out, for half of all time that packing takes is spent here.
    for (; at < end; at += PANEL, from += down) {
      target[at + p0] = moved(bits[from]!)
      target[at + p1] = moved(bits[from + across]!)
      target[at + p2] = moved(bits[from + 2 * across]!)
      target[at + p3] = moved(bits[from + 3 * across]!)
      target[at + p4] = moved(bits[from + 4 * across]!)
      target[at + p5] = moved(bits[from + 5 * across]!)
      target[at + p6] = moved(bits[from + 6 * across]!)
      target[at + p7] = moved(bits[from + 7 * across]!)
    }
  }
}
