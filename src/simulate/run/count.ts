/**
 * Counters as written: what the kernel's own loads and stores move, and the instructions it issues. Costs depend on
 * sizes only, so of all iterations whose piece has the same size one is walked, and counted as often as it occurs:
 * counting takes milliseconds at any shape.
 */
import {
  type Alloc,
  type Binding,
  dtypeOf,
  Extents,
  type Instance,
  type Letter,
  type Loop,
  type Memory,
  type Node,
  type Op,
  operandDtypes,
  type Program,
  type Reading,
  type Tally,
} from '../../nki/index.ts'
import { dtypeInfo } from '../../tensor/index.ts'

export interface TensorTraffic {
  hbmReadBytes: number
  hbmWriteBytes: number
}

export interface Counts extends Tally {
  hbmReadBytes: number
  hbmWriteBytes: number
  /** By tensor in HBM, the kernel's own buffers included. */
  tensors: Record<string, TensorTraffic>
  dmas: number
  instructions: number
  /** Largest bytes per partition alive at once; a buffer lives from its allocation to the end of the body around it. */
  sbufPeakBytesPerPartition: number
  psumPeakBytesPerPartition: number
}

export function count(program: Program, binding: Binding, reading: Reading = 'exact'): Counts {
  const counts = {
    hbmReadBytes: 0,
    hbmWriteBytes: 0,
    tensors: {} as Record<string, TensorTraffic>,
    dmas: 0,
    instructions: 0,
    loads: 0,
    stores: 0,
    ncMatmuls: 0,
    macs: 0,
    transposes: 0,
    elementwise: 0,
  }
  for (const { name } of [...program.inputs, program.output])
    counts.tensors[name] = { hbmReadBytes: 0, hbmWriteBytes: 0 }
  const onOp: OnOp = (op, instance, times, extents) => {
    let elementsInHbm = Number.POSITIVE_INFINITY
    for (const [role, view] of Object.entries(op.operands)) {
      if (view.memory !== 'hbm') continue
      const elements = extents.size[view.rows.id]! * extents.size[view.cols.id]!
      elementsInHbm = Math.min(elementsInHbm, elements)
      counts.tensors[view.name] ??= { hbmReadBytes: 0, hbmWriteBytes: 0 }
      const key = role === 'dst' ? 'hbmWriteBytes' : 'hbmReadBytes'
      const bytes = elements * dtypeInfo(instance.dtype[role]!).bytes * times
      counts[key] += bytes
      counts.tensors[view.name]![key] += bytes
    }
    // padded: a DMA that is masked away altogether
    if (reading === 'padded' && elementsInHbm === 0) return
    for (const [name, n] of Object.entries(op.spec.tally(instance))) counts[name as keyof Tally] += n * times
    counts.instructions += times
    if (op.engine === 'dma') counts.dmas += times
  }
  new Walk(program, binding, reading, onOp).nodes(program.body, 1)
  return { ...counts, ...peaks(program, binding) }
}

/** An op with operands of certain sizes, and how often it is issued with them. */
export type OnOp = (op: Op, instance: Instance, times: number, extents: Extents) => void

/** Every op of a program with every combination of sizes that occurs. */
export function forEachOp(program: Program, binding: Binding, onOp: OnOp): void {
  new Walk(program, binding, 'exact', onOp).nodes(program.body, 1)
}

class Walk {
  private readonly extents: Extents

  constructor(
    program: Program,
    private readonly binding: Binding,
    reading: Reading,
    private readonly onOp: OnOp,
  ) {
    this.extents = new Extents(program, binding.dims, reading)
  }

  nodes(nodes: readonly Node[], times: number): void {
    for (const node of nodes) {
      if (node.kind === 'op') this.onOp(node, this.instance(node), times, this.extents)
      else if (node.kind === 'loop')
        for (const { iteration, repeats } of this.classes(node)) {
          this.extents.enter(node, iteration)
          this.nodes(node.body, times * repeats)
        }
    }
  }

  /** Iterations by the size of their piece: all but the last ones are whole. */
  private classes(loop: Loop): Iterable<{ iteration: number; repeats: number }> {
    const bySize = new Map<number, { iteration: number; repeats: number }>()
    const trips = this.extents.trips(loop)
    for (let iteration = 0; iteration < trips; iteration++) {
      this.extents.enter(loop, iteration)
      const size = this.extents.size[loop.span.id]!
      const known = bySize.get(size)
      if (known) known.repeats++
      else bySize.set(size, { iteration, repeats: 1 })
    }
    return bySize.values()
  }

  private instance(op: Op): Instance {
    const size = {} as Record<Letter, number>
    const memory: Record<string, Memory> = {}
    for (const [role, view] of Object.entries(op.operands)) {
      memory[role] = view.memory
      const { p, f } = op.spec.operands[role]!
      size[p] = this.extents.onChip(view.rows)
      size[f] = this.extents.onChip(view.cols)
    }
    return { size, memory, dtype: operandDtypes(op, this.binding), attributes: op.attributes }
  }
}

function peaks(
  program: Program,
  binding: Binding,
): Pick<Counts, 'sbufPeakBytesPerPartition' | 'psumPeakBytesPerPartition'> {
  const extents = new Extents(program, binding.dims)
  const bytes = (alloc: Alloc): number =>
    alloc.buffers * extents.elementsPerPartition(alloc) * dtypeInfo(dtypeOf(alloc.dtype, binding)).bytes
  const peak = (memory: Memory, nodes: readonly Node[]): number => {
    let live = 0
    let most = 0
    for (const node of nodes) {
      if (node.kind === 'alloc' && node.memory === memory) live += bytes(node)
      most = Math.max(most, live + (node.kind === 'loop' ? peak(memory, node.body) : 0))
    }
    return most
  }
  return {
    sbufPeakBytesPerPartition: peak('sbuf', program.body),
    psumPeakBytesPerPartition: peak('psum', program.body),
  }
}
