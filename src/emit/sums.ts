/**
 * Which matmul of a sum is the first: it overwrites its PSUM tile, and the others add to it. The current dialect is told
 * so (`accumulate`), rather than left to find out whether a place in PSUM was written before: a compiler gives the same
 * place to one tile after another. Loops whose iterations add up then run in order.
 */
import { type Alloc, isAlloc, type Loop, type Node, type Span, walk } from '../nki/index.ts'
import { lineage, type Outlined, type Plan } from './plan.ts'

interface Rectangle {
  readonly rows: Span<string>
  readonly cols: Span<string>
}

interface Site {
  readonly node: Node
  readonly loops: readonly Loop[]
}

export class Sums {
  /** Loops that add up. */
  readonly loops = new Set<Loop>()
  private readonly sites = new Map<Node, Site>()

  constructor(plan: Plan, body: readonly Node[]) {
    const made = new Map<Alloc, number>()
    const found = new Map<Alloc, Site[]>()
    const add = (node: Node, enclosing: readonly Loop[], alloc: Alloc, { rows, cols }: Rectangle) => {
      const selecting = new Set([rows, cols].flatMap(lineage).map((span) => span.loop))
      // what a function is given was made outside of all its loops
      const loops = enclosing.slice(made.get(alloc) ?? 0).filter((loop) => !selecting.has(loop))
      found.set(alloc, [...(found.get(alloc) ?? []), { node, loops }])
    }
    for (const [node, enclosing] of walk(body)) {
      if (node.kind === 'alloc') made.set(node, enclosing.length)
      const outlined = plan.outlined.get(node)
      if (outlined?.call.result) made.set(outlined.call.result, enclosing.length)
      if (outlined)
        for (const [alloc, rectangle] of summedBy(outlined)) add(node, enclosing, alloc, rectangle)
      else if (node.kind === 'op' && node.spec.accumulates && !plan.covered.has(node)) {
        const dst = node.operands.dst!
        if (isAlloc(dst.backing)) add(node, enclosing, dst.backing, dst)
      }
    }
    for (const sites of found.values()) {
      // which of several comes first may depend on the place: then the dialect finds out
      if (sites.length > 1) continue
      this.sites.set(sites[0]!.node, sites[0]!)
      for (const loop of sites[0]!.loops) this.loops.add(loop)
    }
  }

  /** The loops that an instruction or a call adds up in; null where nobody can tell which matmul is the first. */
  of(node: Node): readonly Loop[] | null {
    return this.sites.get(node)?.loops ?? null
  }
}

/** The PSUM tiles of the kernel that a call adds to. */
function summedBy({ abstract, call }: Outlined): [Alloc, Rectangle][] {
  const formals = new Set(
    [...walk(abstract.body)].flatMap(([node]) =>
      node.kind === 'op' && node.spec.accumulates ? [node.operands.dst!.backing] : [],
    ),
  )
  const given = abstract.operands.flatMap(({ formal, actual }): [Alloc, Rectangle][] =>
    formals.has(formal.backing) && isAlloc(actual.backing) ? [[actual.backing, actual]] : [],
  )
  const { result } = call
  return result && abstract.result && formals.has(abstract.result)
    ? [...given, [result, { rows: result.p, cols: result.f }]]
    : given
}
