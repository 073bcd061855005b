/**
 * Lowering: the loop nest is walked once, and every instance of an op becomes an instruction of the stream. Per op all is
 * prepared beforehand (prepared.ts); per instance the sizes of its letters pick a cost, and the starts of its spans the
 * tiles of its operands.
 */
import type { Machine } from '../../device/index.ts'
import {
  type Alloc,
  type Backing,
  type Binding,
  dtypeOf,
  Extents,
  type Loop,
  type Node,
  type Op,
  type Program,
} from '../../nki/index.ts'
import { Placement } from './buffers.ts'
import { zeroTime } from './cost.ts'
import { accessesOf, gridOf } from './grid.ts'
import { Occupants } from './occupants.ts'
import { addOnChip, nothingOnChip, type OnChip } from './on-chip.ts'
import { type Buffer, type MemoryPlan, planMemory } from './plan.ts'
import { type Operand, PreparedOp } from './prepared.ts'
import { QUEUE } from './queues.ts'
import { StreamedBuffer } from './reread.ts'
import { SpilledBuffer } from './spill.ts'
import { Stream, Tiles } from './stream.ts'

export interface Lowered {
  readonly stream: Stream
  readonly plan: MemoryPlan
  readonly traffic: Traffic
  /** Only where positions are kept. */
  readonly occupants: readonly Occupants[] | null
}

/** Bytes between HBM and the core, and instructions that caused them. */
export interface Traffic {
  readBytes: number
  writeBytes: number
  /** Of readBytes: blocks that did not fit and were loaded again. */
  rereadBytes: number
  spillSaveBytes: number
  spillReloadBytes: number
  transfers: number
  flops: number
  adjustedFlops: number
  transposeFlops: number
  adjustedTransposeFlops: number
  readonly onChip: OnChip
}

export interface LowerOptions {
  /** Keep what a timeline shows of each instruction. */
  readonly positions?: boolean
}

export function lower(
  program: Program,
  binding: Binding,
  machine: Machine,
  { positions = false }: LowerOptions = {},
): Lowered {
  return new Lowering(program, binding, machine, positions).run()
}

class Lowering {
  private readonly extents: Extents
  private readonly stream: Stream
  private readonly plan: MemoryPlan
  private readonly order: Tiles
  private readonly placements = new Map<Backing, Placement>()
  readonly spilled = new Map<Backing, SpilledBuffer>()
  readonly streamed = new Map<Backing, StreamedBuffer>()
  private readonly carriers = new Map<Loop, SpilledBuffer[]>()
  private readonly prepared = new Map<Op, PreparedOp>()
  private readonly occupants: Occupants[] | null
  private readonly memsets = new Map<Alloc, number>()
  /** Bytes that memsets wrote. */
  private readonly zeroed = { sbuf: 0, psum: 0 }

  constructor(
    private readonly program: Program,
    private readonly binding: Binding,
    private readonly machine: Machine,
    positions: boolean,
  ) {
    this.extents = new Extents(program, binding.dims)
    this.stream = new Stream(positions)
    this.occupants = positions ? [] : null
    this.plan = planMemory(program, binding, machine)
    let tiles = 0
    const buffers = new Map<Backing, Buffer>(
      [...this.plan.sbuf, ...this.plan.psum].map((buffer) => [buffer.alloc, buffer]),
    )
    for (const [backing, accesses] of accessesOf(program)) {
      const buffer = buffers.get(backing) ?? null
      const grid = buffer?.grid ?? gridOf(backing, accesses, this.extents)
      const occupants = this.occupants && buffer ? new Occupants(buffer) : null
      if (occupants) this.occupants!.push(occupants)
      const placement = new Placement(backing, grid, tiles, buffer, occupants)
      this.placements.set(backing, placement)
      tiles += placement.extent
    }
    this.order = new Tiles(tiles)
    for (const buffer of this.plan.sbuf) this.overflow(buffer)
  }

  run(): Lowered {
    this.walk(this.program.body)
    for (const occupants of this.occupants ?? []) occupants.close()
    const ops = [...this.prepared.values()]
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
    const spills = [...this.spilled.values()]
    const rereads = [...this.streamed.values()]
    const rereadBytes = sum(rereads.map((r) => r.bytes))
    const spillSaveBytes = sum(spills.map((s) => s.saveBytes))
    const spillReloadBytes = sum(spills.map((s) => s.reloadBytes))
    return {
      stream: this.stream,
      plan: this.plan,
      occupants: this.occupants,
      traffic: {
        readBytes: sum(ops.map((op) => op.readBytes)) + rereadBytes + spillReloadBytes,
        writeBytes: sum(ops.map((op) => op.writeBytes)) + spillSaveBytes,
        rereadBytes,
        spillSaveBytes,
        spillReloadBytes,
        transfers: sum([...ops, ...spills, ...rereads].map((x) => x.transfers)),
        flops: sum(ops.map((op) => op.flops)),
        adjustedFlops: sum(ops.map((op) => op.adjustedFlops)),
        transposeFlops: sum(ops.map((op) => op.transposeFlops)),
        adjustedTransposeFlops: sum(ops.map((op) => op.adjustedTransposeFlops)),
        onChip: this.onChip(ops, spillSaveBytes, spillReloadBytes + rereadBytes),
      },
    }
  }

  /** The compiler's own share on top: the on-chip side of spills and re-reads, and memsets. */
  private onChip(ops: readonly PreparedOp[], saved: number, loaded: number): OnChip {
    const sum = nothingOnChip()
    for (const op of ops) addOnChip(sum, op.onChip, 1)
    sum.sbufReadBytes += saved
    sum.sbufWriteBytes += loaded + this.zeroed.sbuf
    sum.psumWriteBytes += this.zeroed.psum
    return sum
  }

  private overflow(buffer: Buffer): void {
    const { alloc, residence } = buffer
    const placement = this.placements.get(alloc)!
    const { machine, stream, order, placements } = this
    if (residence === 'streamed')
      this.streamed.set(alloc, new StreamedBuffer(placement, buffer, placements, machine, stream, order))
    if (residence !== 'spilled') return
    const spilled = new SpilledBuffer(placement, buffer, machine, stream, order)
    this.spilled.set(alloc, spilled)
    const { carrying } = spilled
    if (carrying) this.carriers.set(carrying, [...(this.carriers.get(carrying) ?? []), spilled])
  }

  private walk(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.kind === 'op') this.emit(node)
      else if (node.kind === 'alloc') this.allocate(node)
      else this.loop(node)
    }
  }

  private loop(loop: Loop): void {
    const trips = this.extents.trips(loop)
    const carried = this.carriers.get(loop)
    for (let i = 0; i < trips; i++) {
      this.extents.enter(loop, i)
      if (carried) for (const spilled of carried) spilled.pass(i, trips)
      this.walk(loop.body)
    }
    if (carried) for (const spilled of carried) spilled.leave()
  }

  /** Turns to the next copy of a buffer, which takes over the memory of what shares it, and zeroes it. */
  private allocate(alloc: Alloc): void {
    const placement = this.placements.get(alloc)!
    placement.rotate()
    this.spilled.get(alloc)?.reset()
    this.streamed.get(alloc)?.reset()
    for (const other of placement.buffer?.sharesWith ?? []) {
      const tenant = this.placements.get(other.alloc)!
      const exact = placement.buffer!.residence === 'resident' && other.residence === 'resident'
      for (let tile = 0; tile < placement.tiles; tile++) {
        const slot = placement.slot(tile)
        if (exact) {
          const [first, last] = placement.overlapping(tile, tenant)
          for (let place = first; place <= last; place++) this.order.inheritFrom(this.stream, slot, place)
        } else if (tenant.lastUse) this.order.inherit(slot, tenant.lastUse)
      }
    }
    if (alloc.zero) this.zero(alloc, placement)
  }

  /** One memset per tile on GpSimd, which has nothing else to do. */
  private zero(alloc: Alloc, placement: Placement): void {
    const { grid, tiles } = placement
    const spilled = this.spilled.get(alloc)
    const elements = grid.cols * Math.ceil(grid.rows / 128)
    const time = zeroTime(elements, dtypeOf(alloc.dtype, this.binding), this.machine)
    let origin = this.memsets.get(alloc)
    if (origin === undefined) {
      origin = this.stream.newOrigin({
        op: 'memset',
        site: alloc.site.toString(),
        tile: `${alloc.name} tile`,
      })
      this.memsets.set(alloc, origin)
    }
    for (let tile = 0; tile < tiles; tile++) {
      if (spilled && !spilled.isResident(tile)) continue
      this.stream.add(QUEUE.gpsimd, time, origin)
      this.zeroed[alloc.memory as 'sbuf' | 'psum'] += grid.rows * grid.cols * placement.buffer!.elementBytes
      this.order.awaitFree(this.stream, placement.slot(tile))
      this.order.write(this.stream, placement.slot(tile))
      this.note(placement)
    }
  }

  private note(placement: Placement): void {
    const i = this.stream.length - 1
    placement.note(i, this.stream.queue[i]!)
  }

  private prepare(op: Op): PreparedOp {
    const { binding, machine, stream, placements, extents } = this
    const prepared = new PreparedOp(op, binding, machine, stream, placements, extents, this)
    this.prepared.set(op, prepared)
    return prepared
  }

  private emit(op: Op): void {
    const prepared = this.prepared.get(op) ?? this.prepare(op)
    if (prepared.dropped) return
    const { stream, order, extents } = this
    const { reads, dst, readTiles } = prepared
    for (let k = 0; k < reads.length; k++) readTiles[k] = this.tileOf(reads[k]!, false)
    const target = dst ? this.tileOf(dst, true) : -1
    stream.add(prepared.queue, prepared.cost(extents), prepared.origin)
    if (stream.position) {
      const view = op.operands.dst!
      stream.position.row[stream.length - 1] = extents.start[view.rows.id]!
      stream.position.column[stream.length - 1] = extents.start[view.cols.id]!
    }
    for (let k = 0; k < reads.length; k++) order.awaitWritten(stream, readTiles[k]!)
    if (dst) order.awaitFree(stream, target)
    for (let k = 0; k < reads.length; k++) {
      if (readTiles[k] !== target) order.read(stream, readTiles[k]!)
      this.note(reads[k]!.placement)
    }
    if (!dst) return
    order.write(stream, target)
    this.note(dst.placement)
    const result = dst.spilled?.resultOf(dst.placement.tile(extents, dst.rows, dst.cols)) ?? -1
    if (result >= 0) order.write(stream, result)
  }

  /** The tile of an operand; one that is not on chip is brought there first. */
  private tileOf({ placement, rows, cols, part, spilled, streamed }: Operand, writes: boolean): number {
    // the last piece of an axis may cover fewer tiles than the others
    const tile = Math.min(placement.tile(this.extents, rows, cols) + part, placement.tiles - 1)
    if (spilled) return spilled.touch(tile, writes)
    if (streamed) return streamed.touch(tile, this.extents, rows, cols)
    return placement.slot(tile)
  }
}
