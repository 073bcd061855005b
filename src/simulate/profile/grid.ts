/**
 * The tiles of a buffer: the grain in which instructions order each other. A tile is the largest piece that one
 * instruction touches (usually one load), so that every operand lies in exactly one tile.
 */
import {
  type Alloc,
  type Backing,
  type Extents,
  isAlloc,
  type Loop,
  type Op,
  type Program,
  type Span,
  walk,
} from '../../nki/index.ts'

export interface Grid {
  /** Elements of a tile along each axis, and tiles along each axis. */
  readonly rows: number
  readonly cols: number
  readonly down: number
  readonly across: number
}

export const tilesOf = (grid: Grid): number => grid.down * grid.across

/** The views of every buffer, in program order; of the caller's tensors none but an output that is read again. */
export interface Access {
  readonly op: Op
  readonly role: string
  readonly rows: Span<string>
  readonly cols: Span<string>
  /** Loops around it, outermost first. */
  readonly loops: readonly Loop[]
}

export function accessesOf(program: Program): Map<Backing, Access[]> {
  const accesses = new Map<Backing, Access[]>()
  for (const [node, loops] of walk(program.body)) {
    if (node.kind === 'alloc') accesses.set(node, [])
    if (node.kind !== 'op') continue
    for (const [role, { backing, rows, cols }] of Object.entries(node.operands)) {
      const list = accesses.get(backing) ?? []
      accesses.set(backing, list)
      list.push({ op: node, role, rows, cols, loops })
    }
  }
  for (const backing of accesses.keys())
    if (!isAlloc(backing) && !(backing.output && accesses.get(backing)!.some((a) => a.role !== 'dst')))
      accesses.delete(backing)
  return accesses
}

export function gridOf(
  { p, f }: Pick<Alloc, 'p' | 'f'>,
  accesses: readonly Access[],
  extents: Extents,
): Grid {
  const [rows, down] = grain(
    p,
    accesses.map((a) => a.rows),
    extents,
  )
  const [cols, across] = grain(
    f,
    accesses.map((a) => a.cols),
    extents,
  )
  return { rows, cols, down, across }
}

/** The largest piece, if the others nest in it or are made of it; otherwise the axis is one tile. */
function grain(
  whole: Span<string>,
  pieces: readonly Span<string>[],
  { capacity }: Extents,
): [grain: number, tiles: number] {
  const all = capacity[whole.id]!
  const largest = Math.max(...pieces.map((piece) => capacity[piece.id]!))
  const nests = (span: Span<string>): boolean => {
    const size = capacity[span.id]!
    return size % largest === 0 || largest % size === 0 || size >= all
  }
  const nested = pieces.every((piece) => piece.path(whole)!.every(nests))
  return nested && pieces.length > 0 ? [largest, Math.ceil(all / largest)] : [all, 1]
}
