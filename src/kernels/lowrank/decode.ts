/**
 * A few rows (decode): M is one tile, and what takes time is to move the weights. Each passes through once, in rows of
 * several KiB, and is used the moment it is there: the activation is the stationary operand, every tile of a weight moves
 * past it, and sums stay in PSUM until they are complete. No engine but the tensor engine has to keep up with the loads,
 * and after the last of them little is left to do. The price: XU is not born transposed, and its few tiles are transposed
 * on the tensor engine.
 *
 * The other way round, with the weights stationary, is the form for many rows (strip.ts) at one strip of a few. It takes
 * fewer cycles of the tensor engine, since a few rows move faster than 512 columns, but the vector engine adds up every
 * tile of the result, block by block.
 */
import { type Handles, type Param, type Span, TILE_SIZE, type View } from '../../nki/index.ts'
import {
  type Activation,
  accumulateRows,
  convert,
  drain,
  load,
  partitions,
  tiled,
  transpose,
  transposeInto,
} from '../blocks.ts'
import { activation, macs } from './schedules.ts'
import { expandBlockTransposed, expandTransposed, type Factor, project } from './strip.ts'

/** Most rows of a decode form: one tile. */
export const DECODE_ROWS = 128
/** Longest contraction of one: the activation stays on chip, transposed, as it takes 64 KiB per partition in bfloat16. */
export const DECODE_CONTRACTION = 32768

/** Sums of 2048 columns are half of PSUM: a rank above that is cut, lest those that Python's names still hold take all of it. */
export const decodeBlocks = { kBlock: 512, rBlock: 2048, nBlock: 2048, vBlock: 512 }
export const decodeSpace = {
  kBlock: [256, 512, 1024],
  rBlock: [1024, 2048, 4096],
  nBlock: [1024, 2048, 4096],
  vBlock: [256, 512, 1024],
}

/** Which operand of both products is stationary. */
export const stationary = ['activation', 'weights'] as const

/** What the decode forms declare alike. */
export const decode = {
  limits: { M: DECODE_ROWS, K: DECODE_CONTRACTION },
  schedule: decodeBlocks,
  choices: { stationary },
  options: { activation },
  space: decodeSpace,
  macs,
}

export interface DecodeBlocks {
  /** Rows and columns of U that are loaded together. */
  readonly kBlock: Param
  readonly rBlock: Param
  /** Rows and columns of V. */
  readonly vBlock: Param
  readonly nBlock: Param
  readonly stationary: (typeof stationary)[number]
}

/** The rows are one moving tile, and the vector engine adds up in float32. */
export const WEIGHTS_STATIONARY = { mTile: DECODE_ROWS, accumulate: 'float32' } as const

/** Columns of X that are loaded together. */
const X_COLUMNS = 4096

/** All of Xᵀ, from X: it is loaded as it lies, in long rows, and transposed on chip. */
export function loadRows<D extends string>(h: Handles, x: View<'hbm', 'M', D>): BlockOf<D> {
  const { nl, nisa } = h
  const xT = nl.sbuf(`${x.name}_t`, [partitions(x.cols), x.rows], x.dtype)
  for (const columns of nl.affineRange(x.cols.blocks(X_COLUMNS))) {
    const rows = nl.sbuf(`${x.name}_block`, [x.rows, columns], x.dtype, { buffers: 2 })
    nisa.dmaCopy({ dst: rows, src: x.at(x.rows, columns) })
    transposeInto(h, xT.at(columns), rows)
  }
  return (kBlock) => xT.at(kBlock)
}

/** Brings a block of Xᵀ into SBUF, or says where it is. */
export type BlockOf<C extends string> = (block: Span<C>) => View<'sbuf', C, 'M'>

/** X·W for a block of columns of W, in PSUM: W streams past the stationary X, `rows` of it loaded together. */
export function rowsTimes<C extends string, F extends string>(
  h: Handles,
  M: Span<'M'>,
  xT: BlockOf<C>,
  w: View<'hbm', C, F>,
  rows: Param,
  name = 'acc',
): View<'psum', 'M', F> {
  const { nl } = h
  const acc = nl.psum(name, [M, tiled(w.cols, TILE_SIZE.gemmMovingFmax)])
  for (const cBlock of nl.affineRange(w.rows.blocks(rows))) {
    const stationary = xT(cBlock)
    accumulateRows(h, acc, stationary, load(h, w.at(cBlock)))
  }
  return acc
}

/** (XU)ᵀ of a few rows. */
export function projectRows<D extends string, R extends string>(
  h: Handles,
  { name, u }: Factor<D, R>,
  M: Span<'M'>,
  xT: BlockOf<D>,
  s: Omit<DecodeBlocks, 'nBlock' | 'vBlock'>,
): View<'sbuf', R, 'M'> {
  const { nl } = h
  if (s.stationary === 'weights') return project(h, [{ name, u }], M, xT, { ...s, ...WEIGHTS_STATIONARY })[0]!
  const xu = nl.sbuf(name, [M, u.cols], u.dtype)
  for (const rBlock of nl.affineRange(u.cols.blocks(s.rBlock)))
    drain(h, xu.at(xu.rows, rBlock), rowsTimes(h, M, xT, u.at(u.rows, rBlock), s.kBlock))
  return transpose(h, `${name}_t`, xu)
}

/** Y = (XU)·V of a few rows. */
export function expandRows<R extends string, F extends string>(
  h: Handles,
  xuT: View<'sbuf', R, 'M'>,
  v: View<'hbm', R, F>,
  y: View<'hbm', 'M', F>,
  s: Omit<DecodeBlocks, 'kBlock' | 'rBlock'>,
  onResult: Activation = 'none',
): void {
  const { nl, nisa } = h
  for (const nBlock of nl.affineRange(v.cols.blocks(s.nBlock))) {
    const out = nl.sbuf('out', [y.rows, nBlock], y.dtype, { buffers: 2 })
    if (s.stationary === 'activation')
      drain(
        h,
        out,
        rowsTimes(h, y.rows, (rBlock) => xuT.at(rBlock), v.at(v.rows, nBlock), s.vBlock),
        onResult,
      )
    else {
      const yT = expandBlockTransposed(h, 'y_t', xuT, v, nBlock, { rBlock: s.vBlock, ...WEIGHTS_STATIONARY })
      transposeInto(h, out, convert(h, 'y_t_operand', yT, y.dtype, onResult))
    }
    nisa.dmaCopy({ dst: y.at(y.rows, nBlock), src: out })
  }
}

/** Yᵀ = ((XU)·V)ᵀ of a few rows: with V stationary it is born transposed. */
export function expandRowsTransposed<R extends string, F extends string>(
  h: Handles,
  xuT: View<'sbuf', R, 'M'>,
  v: View<'hbm', R, F>,
  yT: View<'hbm', F, 'M'>,
  s: Omit<DecodeBlocks, 'kBlock' | 'rBlock'>,
  onResult: Activation = 'none',
): void {
  expandTransposed(h, xuT, v, yT, { rBlock: s.vBlock, nBlock: s.nBlock, ...WEIGHTS_STATIONARY }, onResult)
}
