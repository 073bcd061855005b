/** What of an op does not change from one instance to the next. Costs depend on sizes only, and are kept by them. */
import type { Machine } from '../../device/index.ts'
import {
  type Backing,
  type Binding,
  type Extents,
  type Instance,
  type Letter,
  type Memory,
  type Op,
  operandDtypes,
  type Span,
} from '../../nki/index.ts'
import type { Placement, Placements } from './buffers.ts'
import { engineTime, explorerWeight, tensorFlops, transferOf } from './cost.ts'
import { addOnChip, nothingOnChip, type OnChip, onChipOf } from './on-chip.ts'
import { QUEUE } from './queues.ts'
import type { StreamedBuffer } from './reread.ts'
import type { SpilledBuffer } from './spill.ts'
import type { Stream } from './stream.ts'

export interface Operand {
  readonly placement: Placement
  readonly rows: Span<string>
  readonly cols: Span<string>
  /** Which of the tiles that it covers: usually it lies in one. */
  readonly part: number
  readonly spilled: SpilledBuffer | undefined
  readonly streamed: StreamedBuffer | undefined
}

interface Overflow {
  readonly spilled: ReadonlyMap<Backing, SpilledBuffer>
  readonly streamed: ReadonlyMap<Backing, StreamedBuffer>
}

/** One combination of sizes: what an instance costs, and how often it occurred. */
interface SizeClass {
  readonly time: number
  readonly bytes: number
  readonly flops: number
  /** As bfloat16 would do them in the same time, as Neuron Explorer has it. */
  readonly adjustedFlops: number
  readonly onChip: OnChip
  count: number
}

export class PreparedOp {
  readonly queue: number
  readonly origin: number
  /** A load of a block that is loaded piece by piece, where it is used. */
  readonly dropped: boolean
  /** Operands in memory that instructions compete for; an accumulating dst is only written: its queue keeps its order. */
  readonly reads: readonly Operand[]
  readonly dst: Operand | null
  /** Scratch space of the lowering. */
  readonly readTiles: Int32Array
  private readonly direction: 'read' | 'write' | 'none'
  private readonly transpose: boolean
  /** The spans of the letters A, B and C. */
  private readonly letters: readonly [Letter, Span<string>][]
  private readonly classes = new Map<string, SizeClass>()
  private readonly instance: Omit<Instance, 'size'>
  private sizes: Int32Array
  private last: SizeClass | null = null

  constructor(
    private readonly op: Op,
    binding: Binding,
    private readonly machine: Machine,
    stream: Stream,
    placements: Placements,
    { capacity }: Extents,
    { spilled, streamed }: Overflow,
  ) {
    const views = Object.entries(op.operands)
    const memory = Object.fromEntries(views.map(([role, view]) => [role, view.memory])) as Record<
      string,
      Memory
    >
    this.instance = { memory, dtype: operandDtypes(op, binding), attributes: op.attributes }
    this.direction =
      op.engine !== 'dma' ? 'none' : memory.src === 'hbm' ? 'read' : memory.dst === 'hbm' ? 'write' : 'none'
    this.queue =
      op.engine !== 'dma' ? QUEUE[op.engine] : this.direction === 'write' ? QUEUE.store : QUEUE.load
    this.transpose = op.spec.name === 'nc_transpose'
    const { dst } = op.operands
    this.origin = stream.newOrigin({ op: op.spec.name, site: op.site.toString(), tile: String(dst) })
    const operand = (role: string): Operand[] => {
      const { backing, rows, cols } = op.operands[role]!
      const placement = placements.get(backing)
      if (!placement) return []
      const { grid } = placement
      const down = Math.ceil(capacity[rows.id]! / grid.rows)
      const across = Math.ceil(capacity[cols.id]! / grid.cols)
      return Array.from({ length: down * across }, (_, i) => ({
        placement,
        rows,
        cols,
        part: Math.floor(i / across) * grid.across + (i % across),
        spilled: spilled.get(backing),
        streamed: streamed.get(backing),
      }))
    }
    this.reads = views.flatMap(([role]) => (role === 'dst' ? [] : operand(role)))
    this.dst = operand('dst')[0] ?? null
    this.readTiles = new Int32Array(this.reads.length)
    this.dropped = this.dst?.streamed !== undefined
    const letters = new Map<Letter, Span<string>>()
    for (const [role, { rows, cols }] of views) {
      const { p, f } = op.spec.operands[role]!
      letters.set(p, rows).set(f, cols)
    }
    this.letters = [...letters]
    this.sizes = new Int32Array(this.letters.length).fill(-1)
  }

  /** µs of the instance at hand, which is counted. */
  cost({ size }: Extents): number {
    const { letters, sizes } = this
    let same = this.last !== null
    for (let k = 0; k < letters.length; k++) {
      const n = size[letters[k]![1].id]!
      if (sizes[k] === n) continue
      sizes[k] = n
      same = false
    }
    if (!same) this.last = this.sizeClass()
    this.last!.count++
    return this.last!.time
  }

  private sizeClass(): SizeClass {
    const key = this.sizes.join()
    const known = this.classes.get(key)
    if (known) return known
    const size = Object.fromEntries(this.letters.map(([letter], k) => [letter, this.sizes[k]!])) as Record<
      Letter,
      number
    >
    const instance: Instance = { ...this.instance, size }
    const { op, machine } = this
    const transfer = op.engine === 'dma' ? transferOf(op, instance, machine) : null
    const flops = op.engine === 'tensor' ? tensorFlops(op, instance) : 0
    const made: SizeClass = {
      time: transfer ? transfer.time : engineTime(op, instance, machine),
      bytes: transfer?.bytes ?? 0,
      flops,
      adjustedFlops: flops * explorerWeight(instance, machine),
      onChip: onChipOf(op.spec, instance),
      count: 0,
    }
    this.classes.set(key, made)
    return made
  }

  private sum(of: (c: SizeClass) => number): number {
    let total = 0
    for (const c of this.classes.values()) total += of(c) * c.count
    return total
  }

  get readBytes(): number {
    return this.direction === 'read' ? this.sum((c) => c.bytes) : 0
  }
  get writeBytes(): number {
    return this.direction === 'write' ? this.sum((c) => c.bytes) : 0
  }
  get transfers(): number {
    return this.op.engine === 'dma' ? this.sum(() => 1) : 0
  }
  get flops(): number {
    return this.sum((c) => c.flops)
  }
  get adjustedFlops(): number {
    return this.sum((c) => c.adjustedFlops)
  }
  get transposeFlops(): number {
    return this.transpose ? this.flops : 0
  }
  get adjustedTransposeFlops(): number {
    return this.transpose ? this.adjustedFlops : 0
  }
  get onChip(): OnChip {
    const sum = nothingOnChip()
    for (const c of this.classes.values()) addOnChip(sum, c.onChip, c.count)
    return sum
  }
}
