/**
 * The intermediate representation. It is small and closed: a program is a tree of `Loop`, `Alloc` and `Op` over spans.
 * There are no expressions in it: offsets and sizes are read off the path of a span, exactly or padded (extents.ts).
 */
import type { Dtype } from '../tensor/index.ts'
import type { AttributeValue, OpSpec } from './op.ts'
import type { Call } from './routine.ts'
import type { Site } from './site.ts'
import type { Param, Size, Span } from './span.ts'
import type { View } from './view.ts'

/** hbm: off-chip; sbuf: on-chip, 128 partitions; psum: matmul accumulators, 128 partitions × 8 banks × 2 KiB. */
export type Memory = 'hbm' | 'sbuf' | 'psum'
export type Engine = 'tensor' | 'vector' | 'scalar' | 'gpsimd' | 'dma'

/** affine: iterations independent; sequential: in order; static: in order and unrolled when compiled. */
export type LoopMode = 'affine' | 'sequential' | 'static'

/** A dtype, or that of an input of the caller. */
export type SymbolicDtype = Dtype | { readonly like: string }

interface NodeBase {
  readonly site: Site
  /** A remark of the kernel's author on this node, carried into the printed and the emitted text. */
  readonly comment: string | null
}

export interface Loop extends NodeBase {
  readonly kind: 'loop'
  readonly mode: LoopMode
  /** The span that is cut. */
  readonly over: Span<string>
  /** One piece of it. */
  readonly span: Span<string>
  readonly body: Node[]
}

export interface Alloc extends NodeBase {
  readonly kind: 'alloc'
  readonly name: string
  readonly memory: Memory
  readonly dtype: SymbolicDtype
  /** Starts at zero (SBUF only: PSUM accumulators are started by their first matmul). */
  readonly zero: boolean
  /** How many copies of the buffer rotate, so that loads run ahead of compute: in Python that says so. */
  readonly buffers: number
  /** At most so many rotate, as the schedule wants it; null: as many as the compiler finds room for. */
  readonly degree: number | null
  /** First axis: partitions on chip, rows on HBM; cut into tiles of `tile` partitions, if that is not null. */
  readonly p: Span<string>
  readonly tile: Size | null
  /** Second axis; cut into tiles of `freeTile` elements (PSUM: one bank each), if that is not null. */
  readonly f: Span<string>
  readonly freeTile: Size | null
  /** The loop that allocates it anew in every iteration. */
  readonly loop: Loop | null
}

export interface Op extends NodeBase {
  readonly kind: 'op'
  readonly spec: OpSpec
  readonly engine: Engine
  readonly operands: Readonly<Record<string, View>>
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

export type Node = Loop | Alloc | Op

/** A tensor of the caller, in HBM. */
export interface HbmTensor {
  readonly kind: 'hbm'
  readonly name: string
  readonly memory: 'hbm'
  readonly dtype: SymbolicDtype
  readonly p: Span<string>
  readonly f: Span<string>
  readonly output: boolean
}

/** What a view is a rectangle of. */
export type Backing = HbmTensor | Alloc

export interface Program {
  readonly name: string
  /** One sentence: what the kernel computes and its idea. */
  readonly summary: string
  readonly params: readonly Param[]
  /** Static choices that shaped the trace (schedule choices and options of the kernel). */
  readonly choices: Readonly<Record<string, string>>
  readonly dims: readonly Span<string>[]
  readonly spans: readonly Span<string>[]
  readonly inputs: readonly HbmTensor[]
  readonly output: HbmTensor
  readonly body: readonly Node[]
  /** Which nodes of the body are the work of a routine. */
  readonly calls: readonly Call[]
}

/** Every node below `nodes` in program order, with the loops around it, outermost first. */
export function* walk(
  nodes: readonly Node[],
  loops: readonly Loop[] = [],
): Generator<[Node, readonly Loop[]]> {
  for (const node of nodes) {
    yield [node, loops]
    if (node.kind === 'loop') yield* walk(node.body, [...loops, node])
  }
}

/** The views that an op reads: every operand but dst, and dst where the op adds to it. */
export const readsOf = (op: Op): [role: string, view: View][] =>
  Object.entries(op.operands).filter(([role]) => role !== 'dst' || op.spec.accumulates)

export const isAlloc = (backing: Backing): backing is Alloc => backing.kind === 'alloc'
