/**
 * How many copies of each block rotate in SBUF, so that loads run ahead of what uses them: what the compiler makes of the
 * room there is. Every block starts with one copy; then copies are raised, those of inner loops first, as long as all of it
 * fits; what is left then holds some tiles of the next copy.
 */
import { type Interval, type OnChipBlock, type Placed, place } from './placement.ts'

export interface Rotating {
  /** Bytes per partition of one copy, and of one of its tiles. */
  readonly bytes: number
  readonly tileBytes: number
  readonly tiles: number
  /** Copies beyond this are of no use. */
  readonly mostCopies: number
  /** Loops around it. */
  readonly depth: number
  /** Within one iteration of the loop that allocates it. */
  readonly own: Interval
  /** That loop as a whole: how long the memory of rotating copies is taken. */
  readonly loop: Interval
  /** While blocks that are as busy should not share its memory: they would wait for each other all the time. */
  readonly steady: Interval
  /** Copies that rotate. */
  degree: number
  /** Tiles beyond whole copies: so many of the next block are loaded ahead. */
  tilesAhead: number
}

/** Instances that follow each other, from which handing memory over to another phase is worth the wait. */
const STEADY = 4

/** How often what is allocated in some loops is, and the innermost one in which that is often; innermost first. */
export function repetition(
  own: Interval,
  around: readonly { readonly trips: number; readonly interval: Interval }[],
): { readonly instances: number; readonly steady: Interval } {
  let instances = 1
  let steady = own
  for (const { trips, interval } of around) {
    if (instances < STEADY) steady = interval
    instances *= trips
  }
  return { instances, steady: instances > 1 ? steady : own }
}

/** Bytes per partition of all copies. */
export const takenBytes = ({ bytes, degree, tileBytes, tilesAhead }: Rotating): number =>
  bytes * degree + tilesAhead * tileBytes

interface Taken<T> extends OnChipBlock {
  readonly of: T
}

/** When the memory of blocks is taken; `apart`: when it had better not be shared. */
const taken = <T extends Rotating>(blocks: readonly T[], apart: boolean): Taken<T>[] =>
  blocks.map((of) => {
    const alive = apart ? of.steady : of.degree > 1 || of.tilesAhead > 0 ? of.loop : of.own
    return { of, bytes: takenBytes(of), alive }
  })

/** Where every block lies, apart from those that are as busy if there is room for that; null where there is none. */
export const placeCopies = <T extends Rotating>(
  blocks: readonly T[],
  capacity: number,
): Placed<Taken<T>>[] | null => place(taken(blocks, true), capacity) ?? place(taken(blocks, false), capacity)

type Fits = (blocks: readonly Rotating[], capacity: number) => boolean

export const fits: Fits = (blocks, capacity) => place(taken(blocks, false), capacity) !== null
/** Only phases of many instances share memory. */
const fitsApart: Fits = (blocks, capacity) => place(taken(blocks, true), capacity) !== null
/** No memory is shared at all, not even by phases that follow each other. */
const fitsUnshared: Fits = (blocks, capacity) =>
  blocks.reduce((sum, block) => sum + takenBytes(block), 0) <= capacity

/** The strictest of these that holds now, for whatever takes more room to keep to. */
const strictest = (blocks: readonly Rotating[], capacity: number, rules: readonly Fits[]): Fits =>
  rules.find((rule) => rule(blocks, capacity)) ?? fits

/** Whole copies level by level, innermost first; then tiles of one more, for those first that have fewest copies. */
export function raiseCopies(blocks: readonly Rotating[], capacity: number): void {
  const rotating = blocks.filter((b) => b.mostCopies > 1).sort((a, b) => b.depth - a.depth)
  const most = Math.max(1, ...rotating.map(({ mostCopies }) => mostCopies))
  for (let degree = 2; degree <= most; degree++) {
    // a second copy is worth that phases wait for each other, further ones are not
    const rules = degree === 2 ? [fitsApart] : [fitsUnshared, fitsApart]
    const enough = strictest(blocks, capacity, rules)
    for (const block of rotating) {
      if (block.degree !== degree - 1 || block.mostCopies < degree) continue
      block.degree = degree
      if (!enough(blocks, capacity)) block.degree = degree - 1
    }
  }
  const enough = strictest(blocks, capacity, [fitsUnshared, fitsApart])
  for (const block of rotating.sort((a, b) => a.degree - b.degree))
    if (block.degree < block.mostCopies) growAhead(block, () => enough(blocks, capacity))
}

/** As many tiles of a further copy as fit. */
function growAhead(block: Rotating, holds: () => boolean): void {
  block.tilesAhead = largest(0, block.tiles - 1, (tiles) => {
    block.tilesAhead = tiles
    return holds()
  })
}

/** The largest whole number from one that holds to another one for which this does. */
export function largest(fitting: number, most: number, holds: (number: number) => boolean): number {
  while (fitting < most) {
    const half = Math.ceil((fitting + most) / 2)
    if (holds(half)) fitting = half
    else most = half - 1
  }
  return fitting
}
