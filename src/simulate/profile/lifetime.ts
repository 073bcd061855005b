/**
 * When buffers are alive, in positions of the program text. Buffers whose lifetimes do not overlap may share memory:
 * the blocks of the first product of a fused kernel and those of its second one, for example.
 */
import type { Interval } from '../../device/index.ts'
import type { Alloc, Loop, Node, Op, Program } from '../../nki/index.ts'

export interface Lifetime {
  /** Within one iteration of the loop that allocates it. */
  readonly own: Interval
  /** That loop as a whole: how long the memory of rotating copies is taken. */
  readonly loop: Interval
  /** Loops around the allocation, innermost first, and when they run. */
  readonly around: readonly { readonly loop: Loop; readonly interval: Interval }[]
}

/** Of the on-chip buffers of `memory`. */
export function lifetimes(program: Program, memory: 'sbuf' | 'psum'): Map<Alloc, Lifetime> {
  const found = new Map<Alloc, { own: Interval; loop: Interval; loops: readonly Loop[] }>()
  const intervals = new Map<Loop, Interval>()
  const lastUse = new Map<Alloc, number>()
  let position = 0
  const use = (op: Op): void => {
    for (const { backing } of Object.values(op.operands))
      if (backing.kind === 'alloc') lastUse.set(backing, position)
  }
  const visit = (nodes: readonly Node[], loops: readonly Loop[]): Interval => {
    const from = position
    const born = new Map<Alloc, number>()
    for (const node of nodes) {
      position++
      if (node.kind === 'alloc' && node.memory === memory) born.set(node, position)
      if (node.kind === 'op') use(node)
      if (node.kind !== 'loop') continue
      const inner = visit(node.body, [node, ...loops])
      // what a loop uses from outside of it is alive until the loop ends
      for (const [alloc, last] of lastUse)
        if (last >= inner.from && alloc.loop !== node) lastUse.set(alloc, inner.to)
    }
    const whole = { from, to: ++position }
    const [loop] = loops
    if (loop) intervals.set(loop, whole)
    for (const [alloc, at] of born) {
      const own = { from: at, to: lastUse.get(alloc) ?? at }
      found.set(alloc, { own, loop: loop ? whole : own, loops })
    }
    return whole
  }
  visit(program.body, [])
  return new Map(
    [...found].map(([alloc, { own, loop, loops }]) => {
      const around = loops.map((l) => ({ loop: l, interval: intervals.get(l)! }))
      return [alloc, { own, loop, around }]
    }),
  )
}
