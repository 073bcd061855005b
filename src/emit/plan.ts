/**
 * What of a program is written where: calls of routines that become functions of their own, and what stays in the
 * kernel. And every operand of every instruction as the kernel sees it, wherever it is written.
 */
import {
  type Abstract,
  type Alloc,
  abstractOf,
  type Backing,
  type Call,
  isAlloc,
  type Node,
  type Op,
  PARTITIONS,
  type Program,
  type Size,
  type Span,
  sizeOf,
  type View,
  walk,
} from '../nki/index.ts'
import { pieceOf } from './sizes.ts'

/** A call that is written as one. */
export interface Outlined {
  readonly call: Call
  readonly abstract: Abstract
  /** What a span of the routine is in the kernel. */
  actual(span: Span<string>): Span<string>
}

/** An operand. A routine's own buffers have no backing in the kernel. */
export interface Use {
  readonly op: Op
  readonly role: string
  readonly backing: Backing | null
  readonly rows: Span<string>
  readonly cols: Span<string>
}

export class Plan {
  readonly uses: Use[] = []
  /** Calls by their first node. */
  readonly outlined = new Map<Node, Outlined>()
  /** Nodes that a function stands for; the blocks that routines make are still the kernel's. */
  readonly covered = new Set<Node>()
  /** PSUM tiles of routines, as spans of the kernel. */
  readonly accumulators: Span<string>[] = []
  /** Blocks of a single tile that a function takes, which expects tiles. */
  readonly asTiles = new Set<Alloc>()

  constructor({ body, calls }: Pick<Program, 'body' | 'calls'>) {
    for (const call of calls) this.consider(call)
    for (const [node] of walk(body.filter((node) => !this.covered.has(node)))) this.visit(node)
  }

  /** Every span of the kernel that something is cut to. */
  get spans(): ReadonlySet<Span<string>> {
    const all = this.uses.flatMap(({ rows, cols }) => [...lineage(rows), ...lineage(cols)])
    return new Set(all)
  }

  private visit(node: Node): void {
    if (node.kind !== 'op' || this.covered.has(node)) return
    for (const [role, view] of Object.entries(node.operands))
      this.uses.push({ op: node, role, backing: view.backing, rows: view.rows, cols: view.cols })
  }

  private consider(call: Call): void {
    // what needs no loop is clearest as it stands
    if (!call.nodes.some((node) => node.kind === 'loop')) return
    const abstract = abstractOf(call)
    if (!abstract.operands.every(fits) || !isConsistent(call, abstract)) return
    const outlined = { call, abstract, actual: mapping(abstract) }
    this.outlined.set(call.nodes[0]!, outlined)
    for (const [node] of walk(call.nodes)) if (node !== call.result) this.covered.add(node)
    const backings = new Map<Backing, Backing>(
      abstract.operands.map(({ formal, actual }) => [formal.backing, actual.backing]),
    )
    if (abstract.result && call.result) backings.set(abstract.result, call.result)
    for (const [formal, actual] of backings)
      if (isAlloc(formal) && isAlloc(actual) && formal.tile !== null && actual.tile === null)
        this.asTiles.add(actual)
    for (const [node] of walk(abstract.body)) {
      if (node.kind === 'alloc' && node.memory === 'psum') this.accumulators.push(outlined.actual(node.f))
      if (node.kind !== 'op') continue
      for (const [role, { backing, rows, cols }] of Object.entries(node.operands))
        this.uses.push({
          op: node,
          role,
          backing: backings.get(backing) ?? null,
          rows: outlined.actual(rows),
          cols: outlined.actual(cols),
        })
    }
  }
}

/** A function takes tensors in HBM, blocks in tiles of 128 partitions from a whole tile on, and whole tiles. */
function fits({ actual }: { readonly actual: View }): boolean {
  const { backing, rows, cols } = actual
  if (!isAlloc(backing) || backing.memory === 'hbm') return !reachesOver(rows) && !reachesOver(cols)
  if (backing.memory === 'psum') return rows === backing.p && cols === backing.f && backing.tile === null
  if (backing.freeTile !== null) return false
  if (backing.tile === null) return rows === backing.p
  return (
    sizeOf(backing.tile) === PARTITIONS &&
    rows.path(backing.p)!.every((s) => sizeOf(s.size) % PARTITIONS === 0)
  )
}

/** Whether whole pieces of it may reach over the end of what they are cut from, short of the end of the matrix. */
export const reachesOver = (span: Span<string>): boolean =>
  lineage(span).some((s) => s.parent?.parent && sizeOf(s.size) > PARTITIONS)

/** Whether the kernel gives one span for each dimension of the routine. */
const isConsistent = ({ routine }: Call, { operands, dims }: Abstract): boolean =>
  operands.every(({ name, actual }) => {
    const [p, f] = routine.parameters[name] as readonly [string, string]
    return dims.get(p)!.actual === actual.rows && dims.get(f)!.actual === actual.cols
  })

function mapping({ dims, sizes }: Abstract): (span: Span<string>) => Span<string> {
  const known = new Map<Span<string>, Span<string>>()
  const sizeIn = (size: Size): Size => (typeof size === 'number' ? size : sizes.get(size)!)
  const actual = (span: Span<string>): Span<string> => {
    if (!span.parent) return dims.get(span.dim)!.actual
    const seen = known.get(span)
    if (seen) return seen
    const [of, size] = [actual(span.parent), sizeIn(span.size)]
    const mapped = fixedBound(of) <= sizeOf(size) && typeof size === 'number' ? of : pieceOf(of, size)
    known.set(span, mapped)
    return mapped
  }
  return actual
}

/** An upper bound of a span that holds whatever the keywords are. */
export const fixedBound = (span: Span<string>): number =>
  Math.min(
    span.limit,
    ...lineage(span).map(({ size }) => (typeof size === 'number' ? size : Number.POSITIVE_INFINITY)),
  )

/** The span and what it is cut from, outermost last. */
export function lineage(span: Span<string>): Span<string>[] {
  return span.parent ? [span, ...lineage(span.parent)] : [span]
}
