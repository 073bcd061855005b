/** The hidden activation of a few rows (decode), with either operand stationary; see lowrank/decode.ts. */
import { type Handles, type Span, TILE_SIZE, type View } from '../../nki/index.ts'
import { tilesOf, transposeInto } from '../blocks.ts'
import {
  type BlockOf,
  DECODE_CONTRACTION,
  DECODE_ROWS,
  type DecodeBlocks,
  decodeBlocks,
  decodeSpace,
  projectRows,
  rowsTimes,
  stationary,
  WEIGHTS_STATIONARY,
} from '../lowrank/decode.ts'
import { type GateUp, hiddenBlock } from './swiglu.ts'

/**
 * What the decode forms declare alike. Gate and up of a block of columns are in PSUM together: two banks each, so that those of
 * the next block find others while these are drained.
 */
export const decodeMlp = {
  limits: { M: DECODE_ROWS, K: DECODE_CONTRACTION, N: DECODE_CONTRACTION },
  schedule: { ...decodeBlocks, nBlock: 1024 },
  choices: { stationary },
  space: { ...decodeSpace, nBlock: [1024, 1536] },
}

/**
 * (SiLU(X·Ug·Vg) · X·Uu·Vu)ᵀ of a few rows, a block of rows of it at a time: `into` says where it goes, `then` is done with
 * it as soon as it is there.
 */
export function hiddenRows(
  h: Handles,
  { gateU, gateV, upU, upV }: GateUp,
  M: Span<'M'>,
  xT: BlockOf<'K'>,
  s: DecodeBlocks,
  into: BlockOf<'N'>,
  then: (nBlock: Span<'N'>, block: View<'sbuf', 'N', 'M'>) => void = () => {},
): void {
  const { nl } = h
  const gateT = projectRows(h, { name: 'gate_xu', u: gateU }, M, xT, s)
  const upT = projectRows(h, { name: 'up_xu', u: upU }, M, xT, s)
  for (const nBlock of nl.affineRange(gateV.cols.blocks(s.nBlock))) {
    const block = into(nBlock)
    if (s.stationary === 'weights')
      hiddenBlock(
        h,
        { gateT, upT },
        { gateV, upV },
        nBlock,
        { rBlock: s.vBlock, ...WEIGHTS_STATIONARY },
        block,
      )
    else {
      const times = (name: string, xT: View<'sbuf', 'r', 'M'>, v: View<'hbm', 'r', 'N'>) =>
        rowsTimes(h, M, (rBlock) => xT.at(rBlock), v.at(v.rows, nBlock), s.vBlock, name)
      const gate = times('gate_acc', gateT, gateV)
      const up = times('up_acc', upT, upV)
      transposeInto(h, block, swiglu(h, gate, up, gateV))
    }
    then(nBlock, block)
  }
}

/** SiLU(gate) · up, from PSUM to SBUF. */
function swiglu(
  h: Handles,
  gate: View<'psum', 'M', 'N'>,
  up: View<'psum', 'M', 'N'>,
  { dtype }: View,
): View<'sbuf', 'M', 'N'> {
  const { nl, nisa } = h
  const hidden = nl.sbuf('hidden', [gate.rows, gate.cols], dtype)
  for (const n of tilesOf(h, gate.cols, TILE_SIZE.gemmMovingFmax)) {
    const silu = nl.sbuf('silu', [gate.rows, n], 'float32', { buffers: 2 })
    nisa.activation({ dst: silu, data: gate.at(gate.rows, n), op: 'silu' })
    nisa.tensorTensor({ dst: hidden.at(gate.rows, n), data1: silu, data2: up.at(up.rows, n), op: 'multiply' })
  }
  return hidden
}
