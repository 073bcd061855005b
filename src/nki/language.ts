/**
 * The handles that a kernel is given: `nl` (loops, buffers, comments) and `nisa` (instructions). `nisa` has a method
 * for every entry of the op table, typed by its declaration.
 */

import { DTYPES } from '../tensor/index.ts'
import { issue } from './issue.ts'
import type { Attributes, Method, Operands, OpSpec } from './op.ts'
import { OPS } from './ops/index.ts'
import type { Memory, SymbolicDtype } from './program.ts'
import type { Routine } from './routine.ts'
import { Site } from './site.ts'
import { Cut, PARTITIONS, type Param, type Size, Span, sizeOf } from './span.ts'
import type { Trace } from './trace.ts'
import { View } from './view.ts'

/** `nl.tile_size`: what one instruction can take (NKI documentation, nki.language.tile_size). */
export const TILE_SIZE = {
  pmax: PARTITIONS,
  gemmStationaryFmax: 128,
  gemmMovingFmax: 512,
  /** float32 elements per partition of a PSUM bank (2 KiB). */
  psumFmax: 512,
  psumBanks: 8,
} as const

type Methods<T> = {
  readonly [K in keyof T]: T[K] extends OpSpec<string, infer O extends Operands, infer A extends Attributes>
    ? Method<O, A>
    : never
}
export type Nisa = Methods<typeof OPS>

/** A whole axis, or an axis cut into tiles. */
export type Axis<D extends string> = Span<D> | Cut<D>
type Shape<P extends string, F extends string> = readonly [p: Axis<P>, f: Axis<F>]

interface AllocOptions {
  memory: Memory
  dtype: SymbolicDtype
  zero?: boolean
  buffers?: number
}

export class Nl {
  readonly tileSize = TILE_SIZE
  /** The axis of one element: the second one of a value per partition. */
  readonly unit: Span<'1'>

  constructor(private readonly trace: Trace) {
    this.unit = new Span(trace, '1', 1)
  }

  /** Iterations are independent: they may run in any order. */
  affineRange<D extends string>(cut: Cut<D>): Iterable<Span<D>> {
    return this.trace.loop('affine', cut)
  }
  /** Iterations run in order and may depend on earlier ones. */
  sequentialRange<D extends string>(cut: Cut<D>): Iterable<Span<D>> {
    return this.trace.loop('sequential', cut)
  }
  /** In order, and unrolled when compiled. */
  staticRange<D extends string>(cut: Cut<D>): Iterable<Span<D>> {
    return this.trace.loop('static', cut)
  }

  /** A remark on the next loop, buffer or instruction; printed and emitted above it. */
  comment(text: string): void {
    this.trace.comment(text)
  }

  /** For routine(): keeps the name of what `body` issues. */
  call<T>(routine: Routine, args: readonly unknown[], body: () => T): T {
    return this.trace.call(routine, args, body)
  }

  /** SBUF, uninitialised. A cut first axis makes several tiles; `buffers` copies of it rotate. */
  sbuf<P extends string, F extends string>(
    name: string,
    shape: readonly [Axis<P>, Span<F>],
    dtype: SymbolicDtype,
    options: { buffers?: number | Param } = {},
  ): View<'sbuf', P, F> {
    const { buffers = 1 } = options
    return this.alloc(name, shape, { memory: 'sbuf', dtype, buffers: sizeOf(buffers) })
  }

  /** SBUF that starts at zero. */
  zeros<P extends string, F extends string>(
    name: string,
    shape: readonly [Axis<P>, Span<F>],
    dtype: SymbolicDtype,
  ): View<'sbuf', P, F> {
    return this.alloc(name, shape, { memory: 'sbuf', dtype, zero: true })
  }

  /** PSUM, one bank per tile. The first matmul into a tile overwrites it, later ones add. */
  psum<P extends string, F extends string>(
    name: string,
    shape: Shape<P, F>,
    dtype: SymbolicDtype = 'float32',
  ): View<'psum', P, F> {
    return this.alloc(name, shape, { memory: 'psum', dtype })
  }

  /** A buffer in HBM, for what does not fit on chip; uninitialised, at the top level of a kernel only. */
  hbm<P extends string, F extends string>(
    name: string,
    shape: readonly [Span<P>, Span<F>],
    dtype: SymbolicDtype,
  ): View<'hbm', P, F> {
    if (this.trace.inner)
      this.trace.fail({
        what: `${name}: a buffer in HBM is allocated inside a loop`,
        fix: 'allocate it at the top of the kernel',
      })
    return this.alloc(name, shape, { memory: 'hbm', dtype })
  }

  private alloc<M extends Memory, P extends string, F extends string>(
    name: string,
    [p, f]: Shape<P, F>,
    { memory, dtype, zero = false, buffers = 1 }: AllocOptions,
  ): View<M, P, F> {
    const site = Site.capture()
    const [rows, tile] = axis(p)
    const [cols, freeTile] = axis(f)
    this.trace.requireOpen(rows)
    this.trace.requireOpen(cols)
    const fail = (what: string, fix: string): never =>
      this.trace.fail({ what: `${name}: ${what}`, fix }, site)
    if (!/^[a-z][a-z0-9_]*$/.test(name))
      fail('it is not a name', 'use lower case, digits and underscores: it names the buffer in Python')
    if (typeof dtype === 'string' && !DTYPES.includes(dtype))
      fail(`it has dtype ${dtype}`, `give one of ${DTYPES.join(', ')}, or that of a tensor`)
    if (!Number.isInteger(buffers) || buffers < 1) fail(`${buffers} buffers`, 'give a whole number from 1')
    const partitions = pieceBound(rows, tile)
    if (memory !== 'hbm' && partitions > PARTITIONS)
      fail(
        `${rows.label} can be ${count(partitions)} partitions, the limit is ${PARTITIONS} (pmax)`,
        `give ${rows.label}.tiles(${PARTITIONS}) as the first axis`,
      )
    if (memory === 'psum') this.checkPsum(rows, tile, cols, freeTile, fail)
    const comment = this.trace.takeComment()
    const degree = buffers > 1 ? this.trace.bufferingDegree : null
    const node = {
      kind: 'alloc' as const,
      name,
      memory,
      dtype,
      zero,
      buffers: degree ?? buffers,
      degree,
      p: rows,
      tile,
      f: cols,
      freeTile,
      loop: this.trace.inner,
      site,
      comment,
    }
    this.trace.append(node)
    return new View<M, P, F>(this.trace, node, rows, cols)
  }

  private checkPsum(
    rows: Span<string>,
    tile: Size | null,
    cols: Span<string>,
    freeTile: Size | null,
    fail: (what: string, fix: string) => never,
  ): void {
    const { psumFmax, psumBanks } = TILE_SIZE
    const width = pieceBound(cols, freeTile)
    if (width > psumFmax)
      fail(
        `${cols.label} can be ${count(width)} elements per partition, a PSUM bank holds ${psumFmax} (psum_fmax)`,
        `cut ${cols.label} into tiles of ${psumFmax} or fewer`,
      )
    const banks = tiles(rows, tile) * tiles(cols, freeTile)
    if (banks > psumBanks)
      fail(
        `up to ${count(banks)} tiles, PSUM has ${psumBanks} banks`,
        `cut ${rows.label} or ${cols.label} into smaller blocks`,
      )
  }
}

const axis = <D extends string>(a: Axis<D>): [Span<D>, Size | null] =>
  a instanceof Cut ? [a.of, a.size] : [a, null]
const pieceBound = (span: Span<string>, tile: Size | null): number =>
  Math.min(span.bound, tile === null ? Number.POSITIVE_INFINITY : sizeOf(tile))
const tiles = (span: Span<string>, tile: Size | null): number =>
  tile === null ? 1 : Math.ceil(span.bound / sizeOf(tile))
const count = (n: number): string => (n === Number.POSITIVE_INFINITY ? 'any number of' : `${n}`)

export interface Handles {
  readonly nl: Nl
  readonly nisa: Nisa
}

export function handles(trace: Trace): Handles {
  const nisa = Object.fromEntries(
    Object.entries(OPS).map(([name, spec]) => [
      name,
      (args: Record<string, View>) => issue(trace, spec as unknown as OpSpec, args),
    ]),
  )
  return { nl: new Nl(trace), nisa: nisa as unknown as Nisa }
}
