/**
 * How large the keywords of a kernel may be: what an instruction or a PSUM bank can take, wherever it is a keyword that
 * keeps a piece within it.
 */
import { isAlloc, Param, type Program, type Span, sizeOf, TILE_SIZE, walk } from '../nki/index.ts'
import { fixedBound, lineage, type Plan } from './plan.ts'

export interface Bound {
  readonly max: number
  /** The same where pieces must be whole tiles. */
  readonly min: number
  /** What sets it. */
  readonly by: string
}

export function boundsOf(program: Program, plan: Plan): Map<Param, Bound> {
  const bounds = new Map<Param, Bound>()
  const need = (span: Span<string>, max: number, by: string): void => {
    if (fixedBound(span) <= max) return
    const size = lineage(span).find((s) => s.size instanceof Param && sizeOf(s.size) <= max)?.size
    if (size instanceof Param && max < (bounds.get(size)?.max ?? Number.POSITIVE_INFINITY))
      bounds.set(size, { max, min: 1, by })
  }
  for (const { op, role, backing, rows, cols } of plan.uses) {
    if (backing && isAlloc(backing))
      for (const [whole, tile, span] of [
        [backing.p, backing.tile, rows],
        [backing.f, backing.freeTile, cols],
      ] as const)
        for (const { size } of tile === null ? [] : span.path(whole)!)
          if (size instanceof Param && size !== tile && size.value === sizeOf(tile!))
            bounds.set(size, { max: size.value, min: size.value, by: 'a whole tile' })
    const { p, f } = op.spec.operands[role]!
    for (const [letter, span] of [
      [p, rows],
      [f, cols],
    ] as const) {
      const limit = op.spec.limits[letter]
      if (limit) need(span, limit.max, `nl.tile_size.${limit.name}`)
    }
  }
  const bank = (span: Span<string>): void => need(span, TILE_SIZE.psumFmax, 'nl.tile_size.psum_fmax')
  plan.accumulators.forEach(bank)
  for (const [node] of walk(program.body)) {
    if (node.kind !== 'alloc' || !isAlloc(node) || node.memory !== 'psum' || plan.covered.has(node)) continue
    const { p, tile, f, freeTile } = node
    if (freeTile === null) bank(f)
    // as many tiles as the kernel was traced with: they were found to fit the banks
    for (const [span, size] of [
      [p, tile],
      [f, freeTile],
    ] as const)
      if (size !== null) need(span, span.bound, 'the banks of PSUM')
  }
  return bounds
}
