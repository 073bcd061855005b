/**
 * The memory plan: what the compiler would do with SBUF. Every buffer starts with one copy; then the copies of loop
 * buffers are raised, innermost first, as long as all of it fits; what is left then holds some tiles of the next copy.
 * (The blocks of a kernel are logical: it is the compiler that decides how many physical tiles they rotate over.) What
 * does not fit even with single copies is
 *
 * streamed  an input block: it is loaded again in the inner loop, once per use (not a spill);
 * spilled   a computed strip: part of it lives in HBM, and is saved and reloaded as it is worked on.
 */

import { type Interval, type Machine, overlap, type Placed, place, shareMemory } from '../../device/index.ts'
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
        ...repetition(lifetime, extents),
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

/** Instances that follow each other, from which handing memory over to another phase is worth the wait. */
const STEADY = 4

/** How often a buffer is allocated, and the innermost loop in which that is often. */
function repetition(
  { own, around }: Lifetime,
  { capacity }: Extents,
): { instances: number; steady: Interval } {
  let instances = 1
  let steady = own
  for (const { loop, interval } of around) {
    if (instances < STEADY) steady = interval
    instances *= Math.ceil(capacity[loop.over.id]! / capacity[loop.span.id]!)
  }
  return { instances, steady: instances > 1 ? steady : own }
}

/** Bytes per partition that a buffer takes: of a buffer that is not resident, its tiles on chip. */
export const takenBytes = (buffer: Buffer): number =>
  buffer.residence === 'resident'
    ? buffer.bytes * buffer.degree + buffer.tilesAhead * tileBytes(buffer)
    : (buffer.residentTiles - buffer.passing.places) * tileBytes(buffer) +
      buffer.passing.places * buffer.passing.bytes

const tileBytes = ({ grid, elementBytes }: Buffer): number =>
  grid.cols * elementBytes * Math.ceil(grid.rows / 128)

/** When the memory of a buffer is taken; `apart`: when it had better not be shared. */
const blocksOf = (buffers: readonly Buffer[], apart = false) =>
  buffers.map((buffer) => {
    const { lifetime, degree, tilesAhead, steady } = buffer
    const alive = apart ? steady : degree > 1 || tilesAhead > 0 ? lifetime.loop : lifetime.own
    return { buffer, bytes: takenBytes(buffer), alive }
  })

type Fits = (buffers: readonly Buffer[], capacity: number) => boolean

const fits: Fits = (buffers, capacity) => place(blocksOf(buffers), capacity) !== null
/** Only phases of many instances share memory. */
const fitsApart: Fits = (buffers, capacity) => place(blocksOf(buffers, true), capacity) !== null
/** No memory is shared at all, not even by phases that follow each other. */
const fitsUnshared: Fits = (buffers, capacity) =>
  buffers.reduce((sum, buffer) => sum + takenBytes(buffer), 0) <= capacity

/** The strictest of these that holds now, for whatever takes more room to keep to. */
const strictest = (buffers: readonly Buffer[], capacity: number, rules: readonly Fits[]): Fits =>
  rules.find((rule) => rule(buffers, capacity)) ?? fits

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
    const least = Math.min(machine.passingTiles, tilesOf(victim.grid))
    victim.residentTiles = least
    if (victim.residence === 'streamed') continue
    const wide = carryingLoop(victim) ? dtypeInfo('float32').bytes / victim.elementBytes : 1
    victim.passing = { places: least, bytes: tileBytes(victim) * wide }
    const room = Math.floor((machine.sbuf - peakWhile(victim, buffers)) / tileBytes(victim))
    victim.residentTiles = Math.max(least, Math.min(room, tilesOf(victim.grid)))
    while (victim.residentTiles > least && !fits(buffers, machine.sbuf)) victim.residentTiles--
  }
  return true
}

/** What is still left goes to streamed buffers: pieces that stay need not be loaded again. */
function fillUp(buffers: readonly Buffer[], machine: Machine): void {
  for (const buffer of buffers)
    if (buffer.residence === 'streamed')
      grow(buffer, 'residentTiles', tilesOf(buffer.grid), () => fits(buffers, machine.sbuf))
}

/** Raises a number of tiles that fits to the largest one that does, of at most so many. */
function grow(buffer: Buffer, tiles: 'residentTiles' | 'tilesAhead', atMost: number, holds: () => boolean) {
  let [fitting, most] = [buffer[tiles], atMost]
  while (fitting < most) {
    buffer[tiles] = Math.ceil((fitting + most) / 2)
    if (holds()) fitting = buffer[tiles]
    else most = buffer[tiles] - 1
  }
  buffer[tiles] = fitting
}

/** The buffers that are alive when most bytes are. */
function atPeak(buffers: readonly Buffer[]): Buffer[] {
  const all = blocksOf(buffers)
  const alive = all.map(({ alive: { from } }) =>
    all.filter((other) => other.alive.from <= from && from <= other.alive.to),
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

/** Whole copies level by level, innermost first; then tiles of one more, for those first that have fewest copies. */
function raiseDegrees(buffers: readonly Buffer[], machine: Machine): void {
  const rotating = buffers
    .filter((b) => b.instances > 1 && b.residence === 'resident' && !besideSpill(b, buffers))
    .sort((a, b) => b.lifetime.around.length - a.lifetime.around.length)
  for (let degree = 2; degree <= machine.maxDegree; degree++) {
    // a second copy is worth that phases wait for each other, further ones are not
    const rules = degree === 2 ? [fitsApart] : [fitsUnshared, fitsApart]
    const enough = strictest(buffers, machine.sbuf, rules)
    for (const buffer of rotating) {
      if (buffer.degree !== degree - 1 || mostCopies(buffer, machine) < degree) continue
      buffer.degree = degree
      if (!enough(buffers, machine.sbuf)) buffer.degree = degree - 1
    }
  }
  const enough = strictest(buffers, machine.sbuf, [fitsUnshared, fitsApart])
  for (const buffer of rotating.sort((a, b) => a.degree - b.degree))
    if (buffer.degree < mostCopies(buffer, machine))
      grow(buffer, 'tilesAhead', tilesOf(buffer.grid) - 1, () => enough(buffers, machine.sbuf))
}

/** More than what is allocated are of no use; a schedule may want fewer than the compiler takes. */
const mostCopies = ({ alloc, instances }: Buffer, { maxDegree }: Machine): number =>
  Math.min(alloc.degree ?? maxDegree, maxDegree, instances)

/** What is alive together with a spilled strip keeps to one copy, for the sake of the strip. */
const besideSpill = (buffer: Buffer, buffers: readonly Buffer[]): boolean =>
  buffers.some((b) => b.residence === 'spilled' && overlap(b.lifetime.own, buffer.lifetime.loop))

/** Gives every buffer its address; the peak. Where there is no room for them all, none has an address. */
function settle(buffers: readonly Buffer[], capacity: number): number {
  const placed = place(blocksOf(buffers, true), capacity) ?? place(blocksOf(buffers), capacity)
  if (!placed) return peakOf(buffers)
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
