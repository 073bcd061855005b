/**
 * The two halves of a fused low-rank product, for one strip of rows. The strip's (XU)ᵀ stays in SBUF between them, and
 * is born transposed: with U stationary and Xᵀ moving, nc_matmul gives Uᵀ·Xᵀ = (XU)ᵀ, which is just what the second
 * product wants as an operand. No transpose is ever executed on it.
 */
import { type Handles, type Param, type Size, type Span, TILE_SIZE, type View } from '../../nki/index.ts'
import {
  type Activation,
  AHEAD,
  accumulate,
  addProduct,
  convert,
  load,
  partitions,
  setProduct,
  store,
  sumDtype,
  tilesOf,
} from '../blocks.ts'

const { gemmMovingFmax } = TILE_SIZE

/** Schedule of a low-rank product: the blocks that are loaded together, and how sums are kept. */
export interface Blocks {
  readonly kBlock: Param
  readonly rBlock: Param
  readonly nBlock: Param
  /** Columns that one matmul of the first product takes. */
  readonly mTile: Size
  readonly accumulate: Sums
}

/**
 * Where sums over a contraction are kept: over blocks of it, in SBUF, in one of two dtypes; or in PSUM, where blocks of
 * both operands hold the whole contraction and nothing is added in SBUF. `float32` and `psum` round once.
 */
export const sums = [...accumulate, 'psum'] as const
export type Sums = (typeof sums)[number]

/** One low-rank factor of the input, and what its product with X is called. */
export interface Factor<D extends string, R extends string> {
  readonly name: string
  readonly u: View<'hbm', D, R>
}

/**
 * (XU)ᵀ of a strip for each factor U; all of them share every block of X. `loadX` brings a block of the strip's Xᵀ
 * into SBUF, in whichever way X lies in HBM.
 */
export function project<D extends string, R extends string>(
  h: Handles,
  factors: readonly Factor<D, R>[],
  strip: Span<'M'>,
  loadX: (kBlock: Span<D>) => View<'sbuf', D, 'M'>,
  s: Omit<Blocks, 'nBlock'>,
): View<'sbuf', R, 'M'>[] {
  const { nl } = h
  const sums = factors.map(({ name, u }) => nl.zeros(name, [partitions(u.cols), strip], sumDtype(s, u.dtype)))
  const { rows: K, cols: r } = factors[0]!.u
  for (const kBlock of nl.sequentialRange(K.blocks(s.kBlock))) {
    const xT = loadX(kBlock)
    for (const rBlock of nl.affineRange(r.blocks(s.rBlock)))
      for (const [i, { name, u }] of factors.entries()) {
        nl.comment(`${name} += Uᵀ·Xᵀ`)
        addProduct(h, sums[i]!.at(rBlock), load(h, u.at(kBlock, rBlock)), xT, s.mTile)
      }
  }
  return factors.map(({ name, u }, i) => convert(h, `${name}_operand`, sums[i]!, u.dtype))
}

/** (XU)ᵀ of a strip, for the one factor of a low-rank product. */
export function projectXu<D extends string, R extends string>(
  h: Handles,
  u: View<'hbm', D, R>,
  strip: Span<'M'>,
  loadX: (kBlock: Span<D>) => View<'sbuf', D, 'M'>,
  s: Omit<Blocks, 'nBlock'>,
): View<'sbuf', R, 'M'> {
  if (s.accumulate !== 'psum') return project(h, [{ name: 'xu_t', u }], strip, loadX, s)[0]!
  const xuT = h.nl.sbuf('xu_t', [partitions(u.cols), strip], u.dtype)
  const xT = loadX(u.rows)
  for (const rBlock of h.nl.affineRange(u.cols.blocks(s.rBlock))) {
    h.nl.comment('(XU)ᵀ = Uᵀ·Xᵀ')
    setProduct(h, xuT.at(rBlock), load(h, u.at(u.rows, rBlock)), xT, s.mTile)
  }
  return xuT
}

/** stationaryᵀ·moving over the whole contraction, a tile of rows at a time: through PSUM straight to HBM. */
function storeWhole<C extends string, P extends string, F extends string>(
  h: Handles,
  formula: string,
  dst: View<'hbm', P, F>,
  stationary: View<'sbuf', C, P>,
  moving: View<'sbuf', C, F>,
  activation: Activation,
): void {
  const { nl, nisa } = h
  for (const rows of tilesOf(h, dst.rows)) {
    const out = nl.sbuf('out', [rows, dst.cols], dst.dtype, AHEAD)
    nl.comment(formula)
    setProduct(h, out, stationary.at(stationary.rows, rows), moving, gemmMovingFmax, activation)
    nisa.dmaCopy({ dst: dst.at(rows, dst.cols), src: out })
  }
}

/** The strip's rows of Y = (XU)·V, one block of columns at a time: (XU)ᵀ stationary, V moving. */
export function expand<R extends string, F extends string>(
  h: Handles,
  xuT: View<'sbuf', R, 'M'>,
  v: View<'hbm', R, F>,
  y: View<'hbm', 'M', F>,
  s: Omit<Blocks, 'kBlock' | 'mTile'>,
  activation: Activation = 'none',
): void {
  const { nl } = h
  for (const nBlock of nl.affineRange(v.cols.blocks(s.nBlock))) {
    if (s.accumulate === 'psum') {
      const vBlock = load(h, v.at(v.rows, nBlock))
      storeWhole(h, 'Y = (XU)·V', y.at(y.rows, nBlock), xuT, vBlock, activation)
      continue
    }
    const result = nl.zeros('result', [partitions(y.rows), nBlock], sumDtype(s, y.dtype))
    for (const rBlock of nl.sequentialRange(v.rows.blocks(s.rBlock))) {
      nl.comment('Y += (XU)·V')
      addProduct(h, result, xuT.at(rBlock), load(h, v.at(rBlock, nBlock)))
    }
    store(h, y.at(y.rows, nBlock), result, activation)
  }
}

/** A block of rows of Yᵀ = Vᵀ·(XU)ᵀ for the strip, in SBUF: V stationary, (XU)ᵀ moving. */
export function expandBlockTransposed<R extends string, F extends string>(
  h: Handles,
  name: string,
  xuT: View<'sbuf', R, 'M'>,
  v: View<'hbm', R, F>,
  nBlock: Span<F>,
  s: Omit<Blocks, 'kBlock' | 'mTile' | 'nBlock'>,
): View<'sbuf', F, 'M'> {
  const { nl } = h
  const result = nl.zeros(name, [partitions(nBlock), xuT.cols], sumDtype(s, v.dtype))
  for (const rBlock of nl.sequentialRange(v.rows.blocks(s.rBlock))) {
    nl.comment(`${name} += Vᵀ·(XU)ᵀ`)
    addProduct(h, result, load(h, v.at(rBlock, nBlock)), xuT.at(rBlock))
  }
  return result
}

/** The strip's columns of Yᵀ, one block of rows at a time. */
export function expandTransposed<R extends string, F extends string>(
  h: Handles,
  xuT: View<'sbuf', R, 'M'>,
  v: View<'hbm', R, F>,
  yT: View<'hbm', F, 'M'>,
  s: Omit<Blocks, 'kBlock' | 'mTile'>,
  activation: Activation = 'none',
): void {
  const { nl } = h
  for (const nBlock of nl.affineRange(v.cols.blocks(s.nBlock))) {
    if (s.accumulate === 'psum') {
      const vBlock = load(h, v.at(v.rows, nBlock))
      storeWhole(h, 'Yᵀ = Vᵀ·(XU)ᵀ', yT.at(nBlock, yT.cols), vBlock, xuT, activation)
      continue
    }
    const result = expandBlockTransposed(h, 'result', xuT, v, nBlock, s)
    store(h, yT.at(nBlock, yT.cols), result, activation)
  }
}
