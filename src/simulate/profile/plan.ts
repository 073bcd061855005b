/**
 * The memory plan: what the compiler would do with SBUF. Every buffer starts with one copy; then the copies of loop
 * buffers are raised, innermost first, as long as all of it fits. What does not fit even with single copies is
 *
 * streamed  an input block: it is loaded again in the inner loop, once per use (not a spill);
 * spilled   a computed strip: part of it lives in HBM, and is saved and reloaded as it is worked on.
 */

import type { Machine } from '../../device/index.ts'
import { type Alloc, type Binding, dtypeOf, Extents, type Program } from '../../nki/index.ts'
import { dtypeInfo } from '../../tensor/index.ts'
import { type Access, accessesOf, type Grid, gridOf, tilesOf } from './grid.ts'
import { type Lifetime, lifetimes, overlap } from './lifetime.ts'
import { type Placed, place, shareMemory } from './placement.ts'

export type Residence = 'resident' | 'streamed' | 'spilled'

export interface Buffer {
  readonly alloc: Alloc
  readonly grid: Grid
  readonly accesses: readonly Access[]
  /** Bytes of one element in SBUF or PSUM. */
  readonly elementBytes: number
  /** Bytes per partition of one whole copy. */
  readonly bytes: number
  /** Copies that rotate. */
  degree: number
  residence: Residence
  /** Tiles of it that are on chip at a time, if it is not resident. */
  residentTiles: number
  /** Bytes per partition; −1 without a place of its own. */
  address: number
  readonly lifetime: Lifetime
  /** Buffers that use the same addresses at other times. */
  sharesWith: Buffer[]
}

export interface MemoryPlan {
  /** Of SBUF, in program order. */
  readonly sbuf: readonly Buffer[]
  readonly psum: readonly Buffer[]
  /** Bytes per partition that a kernel may use, and the most in use at a time. */
  readonly capacity: number
  readonly peak: number
  /** With single copies and everything resident. */
  readonly needed: number
  /** Even a few tiles of each buffer do not fit: such a kernel cannot be compiled. */
  readonly overflows: boolean
}

export function planMemory(program: Program, binding: Binding, machine: Machine): MemoryPlan {
  const extents = new Extents(program, binding.dims)
  const accesses = accessesOf(program)
  const buffers = (memory: 'sbuf' | 'psum'): Buffer[] =>
    [...lifetimes(program, memory)].map(([alloc, lifetime]) => {
      const elementBytes = dtypeInfo(dtypeOf(alloc.dtype, binding)).bytes
      const list = accesses.get(alloc)!
      const grid = gridOf(alloc, list, extents)
      return {
        alloc,
        grid,
        accesses: list,
        elementBytes,
        bytes: extents.elementsPerPartition(alloc) * elementBytes,
        degree: 1,
        residence: 'resident',
        residentTiles: tilesOf(grid),
        address: -1,
        lifetime,
        sharesWith: [],
      }
    })
  const sbuf = buffers('sbuf')
  const needed = peakOf(sbuf)
  const overflows = !evictUntilFits(sbuf, machine, extents)
  raiseDegrees(sbuf, machine)
  const peak = settle(sbuf, machine.sbuf)
  const psum = buffers('psum')
  rotateBanks(psum, machine, extents)
  return { sbuf, psum, capacity: machine.sbuf, peak, needed, overflows }
}

/** Bytes per partition that a buffer takes: of a buffer that is not resident, its tiles on chip. */
const taken = (buffer: Buffer): number =>
  buffer.residence === 'resident' ? buffer.bytes * buffer.degree : buffer.residentTiles * tileBytes(buffer)

export const tileBytes = ({ grid, elementBytes }: Buffer): number =>
  grid.cols * elementBytes * Math.ceil(grid.rows / 128)

const blocksOf = (buffers: readonly Buffer[]) =>
  buffers.map((buffer) => ({
    buffer,
    bytes: taken(buffer),
    alive: buffer.degree > 1 ? buffer.lifetime.loop : buffer.lifetime.own,
  }))

const fits = (buffers: readonly Buffer[], capacity: number): boolean =>
  place(blocksOf(buffers), capacity) !== null

/** Most bytes per partition alive together. */
function peakOf(buffers: readonly Buffer[]): number {
  const blocks = blocksOf(buffers)
  return Math.max(
    0,
    ...blocks.map(({ alive }) =>
      blocks.reduce(
        (sum, other) =>
          other.alive.from <= alive.from && alive.from <= other.alive.to ? sum + other.bytes : sum,
        0,
      ),
    ),
  )
}

/** Takes the largest buffers out of SBUF, as far as needed, until the rest fits. */
function evictUntilFits(buffers: readonly Buffer[], machine: Machine, extents: Extents): boolean {
  while (!fits(buffers, machine.sbuf)) {
    const victim = atPeak(buffers)
      .filter((buffer) => buffer.residence === 'resident')
      .sort((a, b) => b.bytes - a.bytes)[0]
    if (!victim) return false
    evict(victim, extents)
    const least = Math.min(victim.residence === 'spilled' ? machine.spillTiles : 2, tilesOf(victim.grid))
    const room = Math.floor((machine.sbuf - peakWhile(victim, buffers)) / tileBytes(victim))
    victim.residentTiles = Math.max(least, Math.min(room, tilesOf(victim.grid)))
    while (victim.residentTiles > least && !fits(buffers, machine.sbuf)) victim.residentTiles--
  }
  return true
}

/** The buffers that are alive when most bytes are. */
function atPeak(buffers: readonly Buffer[]): Buffer[] {
  const alive = blocksOf(buffers).map(({ alive: { from } }) =>
    blocksOf(buffers).filter((other) => other.alive.from <= from && from <= other.alive.to),
  )
  const sum = (blocks: readonly { bytes: number }[]): number =>
    blocks.reduce((total, b) => total + b.bytes, 0)
  return alive.sort((a, b) => sum(b) - sum(a))[0]!.map(({ buffer }) => buffer)
}

/** Blocks that only DMA writes, from HBM, can be loaded again; what was computed must be saved. */
function evict(buffer: Buffer, extents: Extents): void {
  const writes = buffer.accesses.filter((a) => a.role === 'dst')
  const loaded =
    !buffer.alloc.zero && writes.every(({ op }) => op.engine === 'dma' && op.operands.src!.memory === 'hbm')
  buffer.residence = loaded ? 'streamed' : 'spilled'
  if (!loaded) return
  // it is loaded in the pieces in which it is used
  const reads = buffer.accesses.filter((a) => a.role !== 'dst')
  Object.assign(buffer, { grid: gridOf(buffer.alloc, reads, extents) })
}

/** Bytes of the other buffers while this one is alive. */
function peakWhile(buffer: Buffer, buffers: readonly Buffer[]): number {
  return peakOf(
    buffers.filter((other) => other !== buffer && overlap(other.lifetime.own, buffer.lifetime.own)),
  )
}

/** Level by level, innermost first. */
function raiseDegrees(buffers: readonly Buffer[], machine: Machine): void {
  const rotating = buffers
    .filter((buffer) => buffer.alloc.loop && buffer.residence === 'resident' && !besideSpill(buffer, buffers))
    .sort((a, b) => b.lifetime.depth - a.lifetime.depth)
  for (let degree = 2; degree <= machine.maxDegree; degree++)
    for (const buffer of rotating) {
      if (buffer.degree !== degree - 1) continue
      buffer.degree = degree
      if (!fits(buffers, machine.sbuf)) buffer.degree = degree - 1
    }
}

/** What is alive together with a spilled strip keeps to one copy, for the sake of the strip. */
const besideSpill = (buffer: Buffer, buffers: readonly Buffer[]): boolean =>
  buffers.some((b) => b.residence === 'spilled' && overlap(b.lifetime.own, buffer.lifetime.loop))

/** Gives every buffer its address; the peak. */
function settle(buffers: readonly Buffer[], capacity: number): number {
  const placed = place(blocksOf(buffers), capacity) ?? []
  for (const one of placed) {
    one.block.buffer.address = one.address
    one.block.buffer.sharesWith = placed
      .filter((other: Placed<(typeof one)['block']>) => other !== one && shareMemory(one, other))
      .map((other) => other.block.buffer)
  }
  return Math.max(0, ...placed.map(({ block, address }) => address + block.bytes))
}

/** Accumulators rotate over the banks of PSUM, which are shared out evenly among those alive together. */
function rotateBanks(buffers: readonly Buffer[], machine: Machine, extents: Extents): void {
  const banks = ({ alloc }: Buffer): number =>
    extents.tiles(alloc.p, alloc.tile) * extents.tiles(alloc.f, alloc.freeTile)
  for (const buffer of buffers) {
    const together = buffers.filter((other) => overlap(other.lifetime.loop, buffer.lifetime.loop))
    const live = together.reduce((sum, other) => sum + banks(other), 0)
    buffer.degree = buffer.alloc.loop ? Math.max(1, Math.floor(machine.psumBanks / live)) : 1
  }
}
