/**
 * The memory plan: what the compiler would do with SBUF. Copies of loop buffers are raised as long as all of it fits
 * (device/copies.ts). (The blocks of a kernel are logical: it is the compiler that decides how many physical tiles they
 * rotate over.) What does not fit even with single copies is
 *
 * streamed  an input block: it is loaded again in the inner loop, once per use (not a spill);
 * spilled   a computed strip: part of it lives in HBM, and is saved and reloaded as it is worked on.
 */

import {
  fits,
  type Interval,
  largest,
  type Machine,
  overlap,
  placeCopies,
  type Rotating,
  raiseCopies,
  repetition,
  shareMemory,
  takenBytes as takenByCopies,
} from '../../device/index.ts'
import { type Alloc, type Binding, dtypeOf, Extents, type Program } from '../../nki/index.ts'
import { dtypeInfo } from '../../tensor/index.ts'
import { type Access, accessesOf, type Grid, gridOf, tilesOf } from './grid.ts'
import { type Lifetime, lifetimes } from './lifetime.ts'
import { carryingLoop } from './spill.ts'

export type Residence = 'resident' | 'streamed' | 'spilled'

export interface Buffer {
  readonly alloc: Alloc
  /** Of a buffer that is not resident, in the pieces that are moved. */
  grid: Grid
  readonly accesses: readonly Access[]
  /** Bytes of one element in SBUF or PSUM. */
  readonly elementBytes: number
  /** How often it is allocated: more copies than that are of no use. */
  readonly instances: number
  /** While buffers that are as busy should not share its memory: they would wait for each other all the time. */
  readonly steady: Interval
  /** Bytes per partition of one whole copy. */
  readonly bytes: number
  /** Copies that rotate. */
  degree: number
  /** Tiles beyond whole copies: so many of the next block are loaded ahead. */
  tilesAhead: number
  residence: Residence
  /** Tiles of it that are on chip at a time, if it is not resident. */
  residentTiles: number
  /** Of those, places through which spilled tiles pass, and bytes per partition of one: sums pass in float32. */
  passing: { readonly places: number; readonly bytes: number }
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
        ...repeated(lifetime, extents),
        bytes: extents.elementsPerPartition(alloc) * elementBytes,
        degree: 1,
        tilesAhead: 0,
        residence: 'resident',
        residentTiles: tilesOf(grid),
        passing: { places: 0, bytes: 0 },
        address: -1,
        lifetime,
        sharesWith: [],
      }
    })
  const sbuf = buffers('sbuf')
  const needed = peakOf(sbuf)
  const overflows = !evictUntilFits(sbuf, machine, extents)
  raiseDegrees(sbuf, machine)
  fillUp(sbuf, machine)
  const peak = settle(sbuf, machine.sbuf)
  const psum = buffers('psum')
  rotateBanks(psum, machine, extents)
  return { sbuf, psum, capacity: machine.sbuf, peak, needed, overflows }
}

/** How often a buffer is allocated, and while when. */
const repeated = ({ own, around }: Lifetime, { capacity }: Extents) =>
  repetition(
    own,
    around.map(({ loop, interval }) => ({
      trips: Math.ceil(capacity[loop.over.id]! / capacity[loop.span.id]!),
      interval,
    })),
  )

const tileBytes = ({ grid, elementBytes }: Buffer): number =>
  grid.cols * elementBytes * Math.ceil(grid.rows / 128)

/** A buffer as what takes room; `mostCopies`: one, unless it may rotate. */
function roomOf(buffer: Buffer, mostCopies = 1): Rotating & { readonly buffer: Buffer } {
  const { lifetime, steady, degree, tilesAhead, residence, residentTiles, passing } = buffer
  const passed = passing.places * passing.bytes
  return {
    buffer,
    // of a buffer that is not resident, its tiles on chip
    bytes:
      residence === 'resident' ? buffer.bytes : (residentTiles - passing.places) * tileBytes(buffer) + passed,
    tileBytes: tileBytes(buffer),
    tiles: tilesOf(buffer.grid),
    mostCopies,
    depth: lifetime.around.length,
    own: lifetime.own,
    loop: lifetime.loop,
    steady,
    degree,
    tilesAhead,
  }
}

/** Bytes per partition that a buffer takes. */
export const takenBytes = (buffer: Buffer): number => takenByCopies(roomOf(buffer))

const allFit = (buffers: readonly Buffer[], { sbuf }: Machine): boolean =>
  fits(
    buffers.map((buffer) => roomOf(buffer)),
    sbuf,
  )

/** Most bytes per partition alive together. */
function peakOf(buffers: readonly Buffer[]): number {
  return Math.max(
    0,
    ...buffers.map(({ lifetime: { own } }) =>
      buffers.reduce((sum, other) => (aliveAt(own.from, other) ? sum + takenBytes(other) : sum), 0),
    ),
  )
}

const aliveAt = (at: number, { lifetime: { own } }: Buffer): boolean => own.from <= at && at <= own.to

/** Takes the largest buffers out of SBUF, as far as needed, until the rest fits. */
function evictUntilFits(buffers: readonly Buffer[], machine: Machine, extents: Extents): boolean {
  while (!allFit(buffers, machine)) {
    const victim = atPeak(buffers)
      .filter((buffer) => buffer.residence === 'resident')
      .sort((a, b) => b.bytes - a.bytes)[0]
    if (!victim) return false
    evict(victim, extents)
    const least = Math.min(machine.passingTiles, tilesOf(victim.grid))
    victim.residentTiles = least
    if (victim.residence === 'streamed') continue
    const wide = carryingLoop(victim) ? dtypeInfo('float32').bytes / victim.elementBytes : 1
    victim.passing = { places: least, bytes: tileBytes(victim) * wide }
    const room = Math.floor((machine.sbuf - peakWhile(victim, buffers)) / tileBytes(victim))
    victim.residentTiles = Math.max(least, Math.min(room, tilesOf(victim.grid)))
    while (victim.residentTiles > least && !allFit(buffers, machine)) victim.residentTiles--
  }
  return true
}

/** What is still left goes to streamed buffers: pieces that stay need not be loaded again. */
function fillUp(buffers: readonly Buffer[], machine: Machine): void {
  for (const buffer of buffers)
    if (buffer.residence === 'streamed')
      buffer.residentTiles = largest(buffer.residentTiles, tilesOf(buffer.grid), (tiles) => {
        buffer.residentTiles = tiles
        return allFit(buffers, machine)
      })
}

/** The buffers that are alive when most bytes are. */
function atPeak(buffers: readonly Buffer[]): Buffer[] {
  const alive = buffers.map(({ lifetime: { own } }) => buffers.filter((other) => aliveAt(own.from, other)))
  const sum = (some: readonly Buffer[]): number => some.reduce((total, one) => total + takenBytes(one), 0)
  return alive.sort((a, b) => sum(b) - sum(a))[0]!
}

/** Blocks that only DMA writes, from HBM, can be loaded again; what was computed must be saved. */
function evict(buffer: Buffer, extents: Extents): void {
  const writes = buffer.accesses.filter((a) => a.role === 'dst')
  const loaded =
    !buffer.alloc.zero && writes.every(({ op }) => op.engine === 'dma' && op.operands.src!.memory === 'hbm')
  buffer.residence = loaded ? 'streamed' : 'spilled'
  // it is loaded in the pieces in which it is used, or saved in those in which it is made
  const pieces = loaded ? buffer.accesses.filter((a) => a.role !== 'dst') : writes
  buffer.grid = gridOf(buffer.alloc, pieces, extents)
}

/** Bytes of the other buffers while this one is alive. */
function peakWhile(buffer: Buffer, buffers: readonly Buffer[]): number {
  return peakOf(
    buffers.filter((other) => other !== buffer && overlap(other.lifetime.own, buffer.lifetime.own)),
  )
}

/** Copies of what is allocated again and again, and stays. */
function raiseDegrees(buffers: readonly Buffer[], machine: Machine): void {
  const rooms = buffers.map((buffer) => {
    const rotates = buffer.residence === 'resident' && !besideSpill(buffer, buffers)
    return roomOf(buffer, rotates ? mostCopies(buffer, machine) : 1)
  })
  raiseCopies(rooms, machine.sbuf)
  for (const { buffer, degree, tilesAhead } of rooms) Object.assign(buffer, { degree, tilesAhead })
}

/** More than what is allocated are of no use; a schedule may want fewer than the compiler takes. */
const mostCopies = ({ alloc, instances }: Buffer, { maxDegree }: Machine): number =>
  Math.min(alloc.degree ?? maxDegree, maxDegree, instances)

/** What is alive together with a spilled strip keeps to one copy, for the sake of the strip. */
const besideSpill = (buffer: Buffer, buffers: readonly Buffer[]): boolean =>
  buffers.some((b) => b.residence === 'spilled' && overlap(b.lifetime.own, buffer.lifetime.loop))

/** Gives every buffer its address; the peak. Where there is no room for them all, none has an address. */
function settle(buffers: readonly Buffer[], capacity: number): number {
  const placed = placeCopies(
    buffers.map((buffer) => roomOf(buffer)),
    capacity,
  )
  if (!placed) return peakOf(buffers)
  for (const one of placed) {
    const { buffer } = one.block.of
    buffer.address = one.address
    buffer.sharesWith = placed
      .filter((other) => other !== one && shareMemory(one, other))
      .map(({ block }) => block.of.buffer)
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
