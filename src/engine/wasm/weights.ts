/**
 * A matrix B [K, N] packed as the product reads it: blocks of the contraction, in each the panels of eight columns, in each
 * one row of a panel after the other. Columns are padded with zeros; the contraction never is.
 */
import { encodeInto, type Tensor } from '../../tensor/index.ts'
import type { LayerDtype } from '../types.ts'
import type { Heap } from './heap.ts'
import { PANEL } from './kernels/tile.ts'

/** Rows of B in one block: 512 rows of a panel are 16 KiB, half of an L1 of 32 KiB. */
export const MAX_BLOCK = 512

export interface PackedMatrix {
  readonly address: number
  readonly dtype: LayerDtype
  readonly contraction: number
  readonly columns: number
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
  const gather = gatherFrom(tensor)
  const piece = new Float32Array(kBlock * PANEL)
  let at = 0
  for (let k0 = 0; k0 < contraction; k0 += kBlock) {
    const rows = Math.min(kBlock, contraction - k0)
    const values = piece.subarray(0, rows * PANEL)
    for (let panel = 0; panel < panels; panel++) {
      gather(values, k0, panel * PANEL, Math.min(PANEL, columns - panel * PANEL))
      encodeInto(values, dtype, target, at)
      at += values.length
    }
  }
  return { address, dtype, contraction, columns, kBlock, panels, bytes }
}

type Gather = (out: Float32Array, k0: number, n0: number, width: number) => void

/** Fills `out` [rows, 8] from a float32 or bfloat16 matrix of any strides, as bits. */
function gatherFrom({ data, offset, strides, dtype }: Tensor): Gather {
  const [down, across] = [strides[0]!, strides[1]!]
  const shift = dtype === 'bfloat16' ? 16 : 0
  const bits =
    data instanceof Float32Array
      ? new Uint32Array(data.buffer, data.byteOffset, data.length)
      : (data as Uint16Array)
  return (out, k0, n0, width) => {
    const target = new Uint32Array(out.buffer, out.byteOffset, out.length)
    if (width < PANEL) target.fill(0)
    let row = offset + k0 * down + n0 * across
    for (let at = 0; at < target.length; at += PANEL) {
      for (let j = 0; j < width; j++) target[at + j] = bits[row + j * across]! << shift
      row += down
    }
  }
}
