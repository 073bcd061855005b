/**
 * A routine by itself: traced for blocks of any size, whatever the kernel gave it. From such a trace one function can be
 * written that serves every call.
 */
import { handles, TILE_SIZE } from './language.ts'
import type { Alloc, Backing, HbmTensor, Node, SymbolicDtype } from './program.ts'
import type { Call, Routine } from './routine.ts'
import { PARTITIONS, Param, type Size, Span, sizeOf } from './span.ts'
import { Trace } from './trace.ts'
import { View } from './view.ts'

export interface Abstract {
  readonly body: readonly Node[]
  readonly spans: readonly Span<string>[]
  /** Its operands in order, and the view that the kernel gave for each. */
  readonly operands: readonly { readonly name: string; readonly formal: View; readonly actual: View }[]
  /** What the kernel gave for each dimension and each number. */
  readonly dims: ReadonlyMap<string, { readonly formal: Span<string>; readonly actual: Span<string> }>
  readonly sizes: ReadonlyMap<Param, Size>
  readonly result: Alloc | null
}

/** @throws KernelError for a routine that works for blocks of some sizes only. */
export function abstractOf({ routine, args }: Call): Abstract {
  const trace = new Trace(routine.name)
  const dims = new Map<string, { formal: Span<string>; actual: Span<string> }>()
  const operands: { name: string; formal: View; actual: View }[] = []
  const sizes = new Map<Param, Size>()
  const dtypes = new Map<string, SymbolicDtype>()
  const limits = limitsOf(routine, args)
  const span = (dim: string, actual: Span<string>): Span<string> => {
    const known = dims.get(dim)
    if (known) return known.formal
    const formal = new Span(trace, dim, limits.get(dim) ?? Number.POSITIVE_INFINITY)
    dims.set(dim, { formal, actual })
    return formal
  }
  const view = (name: string, [p, f]: readonly [string, string], actual: View): View => {
    const [rows, cols] = [span(p, actual.rows), span(f, actual.cols)]
    const { dtype } = actual
    // operands of one dtype are so in the routine as well
    if (typeof dtype !== 'string' && !dtypes.has(dtype.like)) dtypes.set(dtype.like, { like: name })
    const known = typeof dtype === 'string' ? dtype : dtypes.get(dtype.like)!
    const formal = new View(trace, backing(name, actual, known, rows, cols), rows, cols)
    operands.push({ name, formal, actual })
    return formal
  }
  const formals = Object.entries(routine.parameters).map(([name, parameter], i) => {
    const given = args[i]
    if (given === undefined || parameter === 'word') return given
    if (parameter === 'label') return 'dst'
    if (parameter === 'dtype') return { like: 'dst' }
    if (parameter !== 'size') return view(name, parameter, given as View)
    const param = new Param(trace, name, sizeOf(given as Size))
    sizes.set(param, given as Size)
    return param
  })
  const result = routine.body(handles(trace), ...formals)
  return {
    body: trace.body,
    spans: trace.spans,
    operands,
    dims,
    sizes,
    result: result instanceof View ? (result.backing as Alloc) : null,
  }
}

/** A tile in PSUM is no larger than a bank, whatever the routine. */
function limitsOf({ parameters }: Routine, args: readonly unknown[]): Map<string, number> {
  const limits = new Map<string, number>()
  for (const [i, dims] of Object.values(parameters).entries()) {
    const given = args[i]
    if (!Array.isArray(dims) || !(given instanceof View) || given.memory !== 'psum') continue
    const { tile, freeTile } = given.backing as Alloc
    if (tile === null) limits.set(dims[0], PARTITIONS)
    if (freeTile === null) limits.set(dims[1], TILE_SIZE.psumFmax)
  }
  return limits
}

/** A tensor in HBM, a block in SBUF in tiles of 128 partitions, or a tile in PSUM. */
function backing(
  name: string,
  { memory, backing: { p, f, ...actual } }: View,
  dtype: SymbolicDtype,
  rows: Span<string>,
  cols: Span<string>,
): Backing {
  if (memory === 'hbm')
    return { kind: 'hbm', name, memory, dtype, p: rows, f: cols, output: true } satisfies HbmTensor
  const alloc = actual as Alloc
  const tile = memory === 'psum' ? alloc.tile : PARTITIONS
  const freeTile = memory === 'psum' ? alloc.freeTile : null
  return { ...alloc, name, dtype, buffers: 1, degree: null, p: rows, tile, f: cols, freeTile, loop: null }
}
