/**
 * The few compound moves that every kernel makes: load a block, multiply two blocks, store one. Plain functions over
 * the language; what fits one tile for every shape needs no loop.
 */
import {
  type Axis,
  type Handles,
  PARTITIONS,
  type Param,
  type Span,
  type SymbolicDtype,
  TILE_SIZE,
  type View,
} from '../nki/index.ts'

const { pmax, gemmStationaryFmax, gemmMovingFmax } = TILE_SIZE

/** A first axis on chip: tiles of 128 partitions. */
export const partitions = <D extends string>(span: Span<D>): Axis<D> =>
  span.bound <= pmax ? span : span.tiles(pmax)

/** The pieces of a span that hold at most `size`: the span itself where it always does. */
export const tilesOf = <D extends string>(
  { nl }: Handles,
  span: Span<D>,
  size: number | Param = PARTITIONS,
): Iterable<Span<D>> =>
  span.bound <= (typeof size === 'number' ? size : size.value) ? [span] : nl.affineRange(span.tiles(size))

/** Multi-buffering of loads, so that they run ahead of compute. */
const AHEAD = { buffers: 2 }

/** HBM → SBUF, one DMA per 128 rows. */
export function load<P extends string, F extends string>(
  h: Handles,
  src: View<'hbm', P, F>,
): View<'sbuf', P, F> {
  const block = h.nl.sbuf(`${src.name}_block`, [partitions(src.rows), src.cols], src.dtype, AHEAD)
  for (const p of tilesOf(h, src.rows)) h.nisa.dmaCopy({ dst: block.at(p), src: src.at(p) })
  return block
}

/** The same, transposed on the way: src [F, P] becomes a block [P, F]. */
export function loadTransposed<P extends string, F extends string>(
  h: Handles,
  src: View<'hbm', F, P>,
): View<'sbuf', P, F> {
  const block = h.nl.sbuf(`${src.name}_block`, [partitions(src.cols), src.rows], src.dtype, AHEAD)
  for (const p of tilesOf(h, src.cols))
    for (const f of tilesOf(h, src.rows)) h.nisa.dmaTranspose({ dst: block.at(p, f), src: src.at(f, p) })
  return block
}

/**
 * dst += stationaryᵀ · moving. Each tile of dst adds up in PSUM over the whole contraction, then once in SBUF.
 * `movingTile` is how many columns one matmul takes.
 */
export function addProduct<C extends string, S extends string, F extends string>(
  h: Handles,
  dst: View<'sbuf', S, F>,
  stationary: View<'sbuf', C, S>,
  moving: View<'sbuf', C, F>,
  movingTile: number | Param = gemmMovingFmax,
): void {
  for (const f of tilesOf(h, moving.cols, movingTile))
    for (const s of tilesOf(h, stationary.cols, gemmStationaryFmax)) {
      const acc = multiply(h, [s, f], stationary, moving)
      h.nisa.tensorTensor({ dst: dst.at(s, f), data1: dst.at(s, f), data2: acc, op: 'add' })
    }
}

/** One tile of stationaryᵀ · moving, added up in PSUM over the whole contraction. */
export function multiply<C extends string, S extends string, F extends string>(
  h: Handles,
  [s, f]: readonly [Span<S>, Span<F>],
  stationary: View<'sbuf', C, S>,
  moving: View<'sbuf', C, F>,
): View<'psum', S, F> {
  const acc = h.nl.psum('acc', [s, f])
  for (const c of tilesOf(h, stationary.rows))
    h.nisa.ncMatmul({ dst: acc, stationary: stationary.at(c, s), moving: moving.at(c, f) })
  return acc
}

/** The same numbers in another dtype: a float32 accumulator as an operand of the next product. */
export function convert<P extends string, F extends string>(
  h: Handles,
  name: string,
  block: View<'sbuf', P, F>,
  dtype: SymbolicDtype,
): View<'sbuf', P, F> {
  if (sameDtype(block.dtype, dtype)) return block
  const converted = h.nl.sbuf(name, [partitions(block.rows), block.cols], dtype)
  for (const p of tilesOf(h, block.rows)) h.nisa.tensorCopy({ dst: converted.at(p), src: block.at(p) })
  return converted
}

/** SBUF → HBM, one DMA per 128 rows; through `finish`, or converted to the dtype of dst, tile by tile. */
export function store<P extends string, F extends string>(
  h: Handles,
  dst: View<'hbm', P, F>,
  block: View<'sbuf', P, F>,
  activation: 'none' | 'silu' = 'none',
): void {
  for (const p of tilesOf(h, dst.rows)) {
    if (activation === 'none' && sameDtype(block.dtype, dst.dtype)) {
      h.nisa.dmaCopy({ dst: dst.at(p), src: block.at(p) })
      continue
    }
    const out = h.nl.sbuf('out', [p, dst.cols], dst.dtype, AHEAD)
    if (activation === 'none') h.nisa.tensorCopy({ dst: out, src: block.at(p) })
    else h.nisa.activation({ dst: out, data: block.at(p), op: activation })
    h.nisa.dmaCopy({ dst: dst.at(p), src: out })
  }
}

const sameDtype = (a: SymbolicDtype, b: SymbolicDtype): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : a.like === b.like
