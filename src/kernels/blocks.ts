/**
 * The few compound moves that every kernel makes: load a block, multiply two blocks, store one. Functions over the
 * language, which keep their names in emitted text; what fits one tile for every shape needs no loop.
 */
import {
  type Axis,
  type Handles,
  PARTITIONS,
  routine,
  type Size,
  type Span,
  type SymbolicDtype,
  sizeOf,
  TILE_SIZE,
  type View,
} from '../nki/index.ts'

const { pmax, gemmStationaryFmax, gemmMovingFmax } = TILE_SIZE

/** An axis on chip: cut into tiles, unless one always holds it. */
export const tiled = <D extends string>(span: Span<D>, size: number): Axis<D> =>
  span.bound <= size ? span : span.tiles(size)

/** A first axis on chip: tiles of 128 partitions. */
export const partitions = <D extends string>(span: Span<D>): Axis<D> => tiled(span, pmax)

/** The pieces of a span that hold at most `size`: the span itself where it always does. */
export const tilesOf = <D extends string>(
  { nl }: Handles,
  span: Span<D>,
  size: Size = PARTITIONS,
): Iterable<Span<D>> => (span.bound <= sizeOf(size) ? [span] : nl.affineRange(span.tiles(size)))

/** Multi-buffering of loads, so that they run ahead of compute. */
export const AHEAD = { buffers: 2 }

/**
 * What sums over blocks of a contraction are kept in. float32 rounds once, when the sum is complete. `input` keeps the
 * dtype of the operands: half the space, but a rounding per block, so that the error grows with K as it does in the seed.
 */
export const accumulate = ['float32', 'input'] as const
export type Accumulate = (typeof accumulate)[number]

/** The words of a choice `accumulate` that round a sum once, when it is complete. */
export const EXACT_SUMS = ['float32', 'psum'] as const

export const sumDtype = (
  s: { readonly accumulate: Accumulate | 'psum' },
  input: SymbolicDtype,
): SymbolicDtype => (s.accumulate === 'input' ? input : 'float32')

/** HBM → SBUF, one DMA per 128 rows. */
export const load = routine(
  {
    name: 'load',
    summary: 'HBM → SBUF: dst [row, col] = src [row, col], one DMA for 128 rows.',
    parameters: { src: ['row', 'col'] },
  },
  <P extends string, F extends string>(h: Handles, src: View<'hbm', P, F>): View<'sbuf', P, F> => {
    const block = h.nl.sbuf(`${src.name}_block`, [partitions(src.rows), src.cols], src.dtype, AHEAD)
    for (const p of tilesOf(h, src.rows)) h.nisa.dmaCopy({ dst: block.at(p), src: src.at(p) })
    return block
  },
)

/**
 * Where a block is transposed that lies the other way in HBM: on the way, by DMA, in rows of one tile (256 bytes in
 * bfloat16); or on the tensor engine, after long rows were loaded, at the price of a matmul of 128 columns per tile.
 */
export const transposeBy = ['dma', 'tensor'] as const
export type TransposeBy = (typeof transposeBy)[number]

/** The same, transposed: src [F, P] becomes a block [P, F]. */
export const loadTransposed = routine(
  {
    name: 'load_transposed',
    summary: 'HBM → SBUF, transposed: dst [col, row] = src [row, col].',
    parameters: { src: ['row', 'col'], by: 'word' },
  },
  <P extends string, F extends string>(
    h: Handles,
    src: View<'hbm', F, P>,
    by: TransposeBy = 'dma',
  ): View<'sbuf', P, F> => {
    const { nl, nisa } = h
    const block = nl.sbuf(`${src.name}_block`, [partitions(src.cols), src.rows], src.dtype, AHEAD)
    if (by === 'dma') {
      for (const p of tilesOf(h, src.cols))
        for (const f of tilesOf(h, src.rows)) nisa.dmaTranspose({ dst: block.at(p, f), src: src.at(f, p) })
    } else {
      for (const f of tilesOf(h, src.rows)) {
        const rows = nl.sbuf(`${src.name}_rows`, [f, src.cols], src.dtype, AHEAD)
        nisa.dmaCopy({ dst: rows, src: src.at(f) })
        transposeInto(h, block.at(src.cols, f), rows)
      }
    }
    return block
  },
)

/** A block in SBUF, transposed on the tensor engine. */
export function transpose<P extends string, F extends string>(
  h: Handles,
  name: string,
  block: View<'sbuf', P, F>,
): View<'sbuf', F, P> {
  const transposed = h.nl.sbuf(name, [partitions(block.cols), block.rows], block.dtype)
  transposeInto(h, transposed, block)
  return transposed
}

/** The same, as a part of a block that is there. */
export const transposeInto = routine(
  {
    name: 'transpose',
    summary: 'dst [col, row] = block [row, col], on the tensor engine.',
    parameters: { dst: ['col', 'row'], block: ['row', 'col'] },
  },
  <P extends string, F extends string>(
    h: Handles,
    dst: View<'sbuf', F, P>,
    block: View<'sbuf', P, F>,
  ): void => {
    for (const p of tilesOf(h, block.rows))
      for (const f of tilesOf(h, block.cols)) {
        const tile = h.nl.psum('transposed', [f, p], block.dtype)
        h.nisa.ncTranspose({ dst: tile, data: block.at(p, f) })
        h.nisa.tensorCopy({ dst: dst.at(f, p), src: tile })
      }
  },
)

/**
 * dst += stationaryᵀ · moving. Each tile of dst adds up in PSUM over the whole contraction, then once in SBUF.
 * `movingTile` is how many columns one matmul takes.
 */
export const addProduct = routine(
  {
    name: 'add_product',
    summary: 'dst [m, n] += stationary [k, m]ᵀ · moving [k, n]: tiles add up in PSUM, then once in SBUF.',
    parameters: { dst: ['m', 'n'], stationary: ['k', 'm'], moving: ['k', 'n'], movingTile: 'size' },
  },
  <C extends string, S extends string, F extends string>(
    h: Handles,
    dst: View<'sbuf', S, F>,
    stationary: View<'sbuf', C, S>,
    moving: View<'sbuf', C, F>,
    movingTile: Size = gemmMovingFmax,
  ): void => {
    for (const f of tilesOf(h, moving.cols, movingTile))
      for (const s of tilesOf(h, stationary.cols, gemmStationaryFmax)) {
        const acc = multiply(h, [s, f], stationary, moving)
        h.nisa.tensorTensor({ dst: dst.at(s, f), data1: dst.at(s, f), data2: acc, op: 'add' })
      }
  },
)

/** What is done to a result on its way out. */
export type Activation = 'none' | 'silu'

/** dst = stationaryᵀ · moving. Each tile of dst adds up in PSUM over the whole contraction, and is rounded on its way out. */
export const setProduct = routine(
  {
    name: 'set_product',
    summary: 'dst [m, n] = stationary [k, m]ᵀ · moving [k, n]: tiles add up in PSUM, and are rounded once.',
    parameters: {
      dst: ['m', 'n'],
      stationary: ['k', 'm'],
      moving: ['k', 'n'],
      movingTile: 'size',
      activation: 'word',
    },
  },
  <C extends string, S extends string, F extends string>(
    h: Handles,
    dst: View<'sbuf', S, F>,
    stationary: View<'sbuf', C, S>,
    moving: View<'sbuf', C, F>,
    movingTile: Size = gemmMovingFmax,
    activation: Activation = 'none',
  ): void => {
    for (const f of tilesOf(h, moving.cols, movingTile))
      for (const s of tilesOf(h, stationary.cols, gemmStationaryFmax))
        drain(h, dst.at(s, f), multiply(h, [s, f], stationary, moving), activation)
  },
)

/** One tile of stationaryᵀ · moving, added up in PSUM over the whole contraction. */
export function multiply<C extends string, S extends string, F extends string>(
  h: Handles,
  [s, f]: readonly [Span<S>, Span<F>],
  stationary: View<'sbuf', C, S>,
  moving: View<'sbuf', C, F>,
  name = 'acc',
): View<'psum', S, F> {
  const acc = h.nl.psum(name, [s, f])
  for (const c of tilesOf(h, stationary.rows))
    h.nisa.ncMatmul({ dst: acc, stationary: stationary.at(c, s), moving: moving.at(c, f) })
  return acc
}

/** Into another dtype, and through an activation: a float32 sum as an operand of the next product, or as a result. */
export const convert = routine(
  {
    name: 'convert',
    summary: 'dst [row, col] = block [row, col], in the dtype of dst.',
    parameters: { name: 'label', block: ['row', 'col'], dtype: 'dtype', activation: 'word' },
  },
  <P extends string, F extends string>(
    h: Handles,
    name: string,
    block: View<'sbuf', P, F>,
    dtype: SymbolicDtype,
    activation: Activation = 'none',
  ): View<'sbuf', P, F> => {
    if (activation === 'none' && sameDtype(block.dtype, dtype)) return block
    const converted = h.nl.sbuf(name, [partitions(block.rows), block.cols], dtype)
    for (const p of tilesOf(h, block.rows)) {
      if (activation === 'none') h.nisa.tensorCopy({ dst: converted.at(p), src: block.at(p) })
      else h.nisa.activation({ dst: converted.at(p), data: block.at(p), op: activation })
    }
    return converted
  },
)

/** acc += stationaryᵀ · moving for a tile of rows, a PSUM bank for each `gemmMovingFmax` columns; the sum stays open. */
export const accumulateRows = routine(
  {
    name: 'accumulate_rows',
    summary: 'acc [m, n] += stationary [k, m]ᵀ · moving [k, n] in PSUM, a bank for each tile of n.',
    parameters: { acc: ['m', 'n'], stationary: ['k', 'm'], moving: ['k', 'n'] },
  },
  <C extends string, S extends string, F extends string>(
    h: Handles,
    acc: View<'psum', S, F>,
    stationary: View<'sbuf', C, S>,
    moving: View<'sbuf', C, F>,
  ): void => {
    for (const c of tilesOf(h, moving.rows))
      for (const f of tilesOf(h, moving.cols, gemmMovingFmax))
        h.nisa.ncMatmul({
          dst: acc.at(acc.rows, f),
          stationary: stationary.at(c),
          moving: moving.at(c, f),
        })
  },
)

/** A complete sum in PSUM → SBUF, converted, and through an activation. */
export const drain = routine(
  {
    name: 'drain',
    summary: 'PSUM → SBUF: dst [m, n] = acc [m, n] in the dtype of dst, bank by bank.',
    parameters: { dst: ['m', 'n'], acc: ['m', 'n'], activation: 'word' },
  },
  <P extends string, F extends string>(
    h: Handles,
    dst: View<'sbuf', P, F>,
    acc: View<'psum', P, F>,
    activation: Activation = 'none',
  ): void => {
    for (const f of tilesOf(h, dst.cols, gemmMovingFmax)) {
      const [to, from] = [dst.at(dst.rows, f), acc.at(acc.rows, f)]
      if (activation === 'none') h.nisa.tensorCopy({ dst: to, src: from })
      else h.nisa.activation({ dst: to, data: from, op: activation })
    }
  },
)

/** SBUF → HBM, one DMA per 128 rows, each converted to the dtype of dst. */
export const store = routine(
  {
    name: 'store',
    summary: 'SBUF → HBM: dst [row, col] = block [row, col] in the dtype of dst, one DMA for 128 rows.',
    parameters: { dst: ['row', 'col'], block: ['row', 'col'], activation: 'word' },
  },
  <P extends string, F extends string>(
    h: Handles,
    dst: View<'hbm', P, F>,
    block: View<'sbuf', P, F>,
    activation: Activation = 'none',
  ): void => {
    for (const p of tilesOf(h, dst.rows))
      h.nisa.dmaCopy({ dst: dst.at(p), src: convert(h, 'out', block.at(p), dst.dtype, activation) })
  },
)

/** A finished tile of PSUM → HBM, through SBUF: DMA does not reach PSUM. */
export function storeTile<P extends string, F extends string>(
  h: Handles,
  dst: View<'hbm', P, F>,
  acc: View<'psum', P, F>,
): void {
  const out = h.nl.sbuf('out', [dst.rows, dst.cols], dst.dtype, AHEAD)
  h.nisa.tensorCopy({ dst: out, src: acc })
  h.nisa.dmaCopy({ dst, src: out })
}

const sameDtype = (a: SymbolicDtype, b: SymbolicDtype): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : a.like === b.like
