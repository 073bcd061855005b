/**
 * A few rows (decode): M is one tile, so there is no loop over rows; X is read once, and U and V stream through once in
 * rows of 4 KiB. What remains to choose is the stationary operand of the second product. A matmul costs
 * max(min(64, stationary columns), moving columns) cycles, so with few rows it pays to move them rather than V.
 */
import type { Handles, Param, View } from '../../nki/index.ts'
import { type Activation, accumulate, convert } from '../blocks.ts'
import { activation, macs } from './schedules.ts'
import { type Blocks, expand, expandBlockTransposed } from './strip.ts'

/** Most rows of a decode form: one tile. */
export const DECODE_ROWS = 128

export const decodeBlocks = { kBlock: 512, rBlock: 2048, nBlock: 2048, vBlock: 512 }
export const decodeSpace = {
  kBlock: [256, 512, 1024],
  rBlock: [1024, 2048],
  nBlock: [1024, 2048],
  vBlock: [256, 512, 1024],
}

/** Which operand of Y = (XU)·V is stationary. With V it is Yᵀ that comes out, and is transposed tile by tile. */
export const stationary = ['v', 'xu'] as const

/** The choice with the fewer cycles of the tensor engine (costs of nc_matmul and nc_transpose in the op table). */
export function fewestCycles({ M, r, N }: { M: number; r: number; N: number }): 'v' | 'xu' {
  const [rTiles, nTiles] = [Math.ceil(r / 128), Math.ceil(N / 128)]
  const movingV = Math.max(Math.min(64, M), Math.min(N, 512)) * Math.ceil(N / 512) * rTiles
  const movingXu = nTiles * (rTiles * Math.max(64, M) + 128)
  return movingXu < movingV ? 'v' : 'xu'
}

/** What the decode forms declare alike. */
export const decode = {
  limits: { M: DECODE_ROWS },
  schedule: decodeBlocks,
  choices: { accumulate },
  options: { activation },
  space: decodeSpace,
  macs,
}

/** The same where Y is not transposed: there the stationary operand is a choice. */
export const decodePlain = {
  ...decode,
  choices: { accumulate, stationary },
  defaultFor: (dims: { M: number; r: number; N: number }) => ({ stationary: fewestCycles(dims) }),
}

export interface DecodeBlocks extends Omit<Blocks, 'mTile'> {
  /** Rows of V that are loaded together. */
  readonly vBlock: Param
}

/** The first product: rows are one moving tile. */
export const forProject = (s: DecodeBlocks) => ({ ...s, mTile: DECODE_ROWS })
/** The second product contracts over r in blocks of `vBlock`. */
export const forExpand = (s: DecodeBlocks) => ({ ...s, rBlock: s.vBlock })

/** Y = (XU)·V for one tile of rows, with either operand stationary. */
export function expandDecode<R extends string, F extends string>(
  h: Handles,
  xuT: View<'sbuf', R, 'M'>,
  v: View<'hbm', R, F>,
  y: View<'hbm', 'M', F>,
  s: DecodeBlocks & { readonly stationary: (typeof stationary)[number] },
  onResult: Activation = 'none',
): void {
  const { nl, nisa } = h
  if (s.stationary === 'xu') {
    expand(h, xuT, v, y, forExpand(s), onResult)
    return
  }
  const M = xuT.cols
  for (const nBlock of nl.affineRange(v.cols.blocks(s.nBlock))) {
    const yT = expandBlockTransposed(h, 'y_t', xuT, v, nBlock, forExpand(s))
    const out = nl.sbuf('out', [M, nBlock], y.dtype, { buffers: 2 })
    for (const n of nl.affineRange(nBlock.tiles(128))) {
      const tile = convert(h, 'y_t_tile', yT.at(n), y.dtype, onResult)
      const transposed = nl.psum('transposed', [M, n], y.dtype)
      nisa.ncTranspose({ dst: transposed, data: tile })
      nisa.tensorCopy({ dst: out.at(M, n), src: transposed })
    }
    nisa.dmaCopy({ dst: y.at(M, nBlock), src: out })
  }
}
