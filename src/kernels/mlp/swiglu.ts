/** The pieces of a compressed SwiGLU layer for one strip of rows: SiLU(X·Ug·Vg) · (X·Uu·Vu), and the way back down. */
import { type Handles, type Span, TILE_SIZE, type View } from '../../nki/index.ts'
import { addProduct, convert, load, multiply, partitions, sumDtype, tilesOf } from '../blocks.ts'
import { type Blocks, expandBlockTransposed, type Factor, project } from '../lowrank/strip.ts'

type LoadX<D extends string> = (kBlock: Span<D>) => View<'sbuf', D, 'M'>

/** The two low-rank weights that turn X into the hidden activation, and the one that turns it back. */
export const gateUpInputs = {
  gateU: ['K', 'r'],
  gateV: ['r', 'N'],
  upU: ['K', 'r'],
  upV: ['r', 'N'],
} as const
export const downInputs = { downU: ['N', 'r'], downV: ['r', 'K'] } as const

type Weights<I extends Readonly<Record<string, readonly [string, string]>>> = {
  readonly [W in keyof I]: View<'hbm', I[W][0], I[W][1]>
}
export type GateUp = Weights<typeof gateUpInputs>

/** (X·Ug)ᵀ and (X·Uu)ᵀ of a strip, which share every block of X. */
export function projectGateUp(
  h: Handles,
  { gateU, upU }: GateUp,
  strip: Span<'M'>,
  loadX: LoadX<'K'>,
  s: Omit<Blocks, 'nBlock'>,
): { gateT: View<'sbuf', 'r', 'M'>; upT: View<'sbuf', 'r', 'M'> } {
  const factors: Factor<'K', 'r'>[] = [
    { name: 'gate_t', u: gateU },
    { name: 'up_t', u: upU },
  ]
  const [gateT, upT] = project(h, factors, strip, loadX, s)
  return { gateT: gateT!, upT: upT! }
}

/** A block of rows of the transposed hidden activation, in SBUF (or `into` a part of it): (SiLU(gate) · up)ᵀ. */
export function hiddenBlock(
  h: Handles,
  { gateT, upT }: ReturnType<typeof projectGateUp>,
  { gateV, upV }: Pick<GateUp, 'gateV' | 'upV'>,
  nBlock: Span<'N'>,
  s: Omit<Blocks, 'nBlock' | 'kBlock' | 'mTile'>,
  into?: View<'sbuf', 'N', 'M'>,
): View<'sbuf', 'N', 'M'> {
  const { nl, nisa } = h
  const gate = expandBlockTransposed(h, 'gate', gateT, gateV, nBlock, s)
  const up = expandBlockTransposed(h, 'up', upT, upV, nBlock, s)
  const hidden = into ?? nl.sbuf('hidden', [partitions(nBlock), gateT.cols], gateV.dtype)
  for (const n of nl.affineRange(nBlock.tiles(128))) {
    const silu = nl.sbuf('silu', [n, gateT.cols], 'float32', { buffers: 2 })
    nisa.activation({ dst: silu, data: gate.at(n), op: 'silu' })
    nisa.tensorTensor({ dst: hidden.at(n), data1: silu, data2: up.at(n), op: 'multiply' })
  }
  return hidden
}

/**
 * The same, summed in PSUM over the whole rank: a tile of it goes through SiLU and the product while the tensor engine is
 * at the next one, and nothing is added in SBUF. The blocks of the weights hold the whole rank.
 */
function hiddenTiles(
  h: Handles,
  { gateT, upT }: ReturnType<typeof projectGateUp>,
  { gateV, upV }: Pick<GateUp, 'gateV' | 'upV'>,
  nBlock: Span<'N'>,
): View<'sbuf', 'N', 'M'> {
  const { nl, nisa } = h
  const [gateBlock, upBlock] = [load(h, gateV.at(gateV.rows, nBlock)), load(h, upV.at(upV.rows, nBlock))]
  const hidden = nl.sbuf('hidden', [partitions(nBlock), gateT.cols], gateV.dtype)
  for (const m of tilesOf(h, gateT.cols, TILE_SIZE.gemmMovingFmax))
    for (const n of tilesOf(h, nBlock)) {
      const silu = nl.sbuf('silu', [n, m], 'float32', { buffers: 2 })
      const gate = multiply(h, [n, m], gateBlock, gateT, 'gate')
      nisa.activation({ dst: silu, data: gate, op: 'silu' })
      const up = multiply(h, [n, m], upBlock, upT, 'up')
      nisa.tensorTensor({ dst: hidden.at(n, m), data1: silu, data2: up, op: 'multiply' })
    }
  return hidden
}

/**
 * (H·Ud)ᵀ of a strip. Each block of the hidden activation is used as soon as it is made, and never stored.
 */
export function projectHidden(
  h: Handles,
  gateUp: GateUp,
  projected: ReturnType<typeof projectGateUp>,
  downU: View<'hbm', 'N', 'r'>,
  s: Omit<Blocks, 'kBlock' | 'mTile'>,
): View<'sbuf', 'r', 'M'> {
  const { nl } = h
  const sum = nl.zeros('down_t', [partitions(downU.cols), projected.gateT.cols], sumDtype(s, downU.dtype))
  for (const nBlock of nl.sequentialRange(downU.rows.blocks(s.nBlock))) {
    const hidden = hiddenTiles(h, projected, gateUp, nBlock)
    for (const rBlock of nl.affineRange(downU.cols.blocks(s.rBlock))) {
      nl.comment('(H·U)ᵀ += Uᵀ·Hᵀ')
      addProduct(h, sum.at(rBlock), load(h, downU.at(nBlock, rBlock)), hidden)
    }
  }
  return convert(h, 'down_t_operand', sum, downU.dtype)
}
