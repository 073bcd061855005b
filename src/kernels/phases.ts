/**
 * The phases of the kernels that have tables, for the estimate of their time: what lowrank/strip.ts, mlp/swiglu.ts and
 * matmul/product.ts do, as numbers.
 */
import type { Machine, OnChipBlock } from '../device/index.ts'
import { balanced, type Dims, type ScheduleValues, TILE_SIZE } from '../nki/index.ts'
import {
  banks,
  type Estimate,
  elementwise,
  estimate,
  type Moves,
  OPERAND,
  type Phase,
  product,
  rowsOf,
  type Strip,
  SUM,
  tiles,
} from './estimate.ts'

const { pmax, gemmMovingFmax } = TILE_SIZE

/** What a schedule of a kernel takes; null where it does not fit in SBUF. */
export type Estimated = (schedule: ScheduleValues, dims: Dims, machine: Machine) => Estimate | null

type StripOf = (schedule: ScheduleValues, dims: Dims, machine: Machine) => Strip

/** Blocks of at most so much. */
function cut(whole: number, block: ScheduleValues[string] | undefined): { size: number; blocks: number } {
  const size = balanced(whole, Number(block))
  return { size, blocks: Math.ceil(whole / size) }
}

/** Of a kernel whose outermost loop goes over strips of `dim`. */
function inStrips(dim: string, entry: string, strip: StripOf): Estimated {
  return (schedule, dims, machine) => {
    const { size, blocks } = cut(dims[dim]!, schedule[entry])
    const of = (length: number): Strip => strip(schedule, { ...dims, [dim]: length }, machine)
    return estimate(of(size), blocks - 1, of(dims[dim]! - (blocks - 1) * size), machine)
  }
}

/** When buffers of a fused kernel are alive: the steps of a strip, in order. */
const AT = { transpose: 0, project: 1, projectUp: 2, round: 3, hidden: 4, down: 5, roundDown: 6 }
const OUT = { product: 7, productUp: 8, leave: 9 }

const alive = (bytes: number, from: number, to = from): OnChipBlock => ({ bytes, alive: { from, to } })

interface Fused {
  /** Pairs of factors that share X: two in a gated MLP. */
  readonly pairs?: 1 | 2
  readonly x: 'plain' | 'transposed'
  readonly y: 'plain' | 'transposed'
  /** The gated product is multiplied by another pair, without leaving the chip. */
  readonly down?: boolean
}

/** The sizes of a strip of a fused kernel. */
interface Sizes {
  readonly rows: number
  readonly schedule: ScheduleValues
  /** Bytes of what sums are kept in; in PSUM, that of operands. */
  readonly sum: number
  readonly psum: boolean
  readonly machine: Machine
}

/** A fused low-rank product, or an MLP of such. */
export const fused = (form: Fused): Estimated =>
  inStrips('M', 'mStrip', (schedule, dims, machine) => {
    const { pairs = 1, down = false } = form
    const { M: m, K, r, N } = dims as { readonly [D in 'M' | 'K' | 'r' | 'N']: number }
    const psum = schedule.accumulate === 'psum'
    const sum = schedule.accumulate === 'float32' ? SUM : OPERAND
    const sizes: Sizes = { rows: m, schedule, sum, psum, machine }
    const until = down ? AT.down : OUT.leave
    const { phase, first } = projected(form, sizes, K, r)
    const strip = tiles(r) * m
    const out = down || pairs === 1 ? leaves(form.y, sizes, r, down ? K : N) : gated(sizes, r, N)
    return {
      phases: [
        phase,
        rounded(pairs, r, sizes),
        ...(down ? [hidden(sizes, r, N), rounded(1, r, sizes)] : []),
        out.phase,
      ],
      stays: [
        ...factorSums(pairs, strip, sum, AT.transpose, AT.round, until),
        ...(down ? factorSums(1, strip, sum, AT.hidden, AT.roundDown, OUT.leave) : []),
      ],
      first,
      last: out.last,
    }
  })

/** Sums of so many factors and, where they are not operands already, what they are rounded to. */
function factorSums(factors: number, elements: number, sum: number, from: number, round: number, to: number) {
  const each = (block: OnChipBlock): OnChipBlock[] => Array<OnChipBlock>(factors).fill(block)
  return sum === OPERAND
    ? each(alive(elements * OPERAND, from, to))
    : [...each(alive(elements * sum, from, round)), ...each(alive(elements * OPERAND, round, to))]
}

/** The second product waits for the last of it. */
const rounded = (pairs: number, r: number, { rows, sum, machine }: Sizes): Phase => ({
  steps: sum === SUM ? [{ vector: pairs * elementwise(r, rows, 1, machine) }] : [],
  moves: [],
  blocks: [],
})

/** (XU)ᵀ = Uᵀ·Xᵀ for each pair. */
function projected({ pairs = 1, x }: Fused, sizes: Sizes, K: number, r: number) {
  const { rows: m, schedule, psum, machine } = sizes
  const k = psum ? { size: K, blocks: 1 } : cut(K, schedule.kBlock)
  const rank = cut(r, schedule.rBlock)
  const byTensor = x === 'plain' && schedule.transposeBy === 'tensor'
  const loadX = (size: number, blocks: number): Moves => {
    if (x === 'transposed') return rowsOf(size, m, blocks)
    return byTensor
      ? rowsOf(m, size, blocks)
      : rowsOf(Math.min(m, pmax), pmax, blocks * tiles(m) * tiles(size))
  }
  const transposes = byTensor
    ? [{ tensor: product(K, m, pmax, machine), vector: elementwise(K, pmax * tiles(m), tiles(m), machine) }]
    : []
  const uBytes = tiles(k.size) * rank.size * OPERAND
  const phase: Phase = {
    steps: [
      ...transposes,
      {
        tensor: pairs * product(K, r, m, machine),
        vector: pairs * k.blocks * elementwise(r, m, banks(m), machine),
      },
    ],
    moves: [loadX(k.size, k.blocks), rowsOf(K, rank.size, rank.blocks * pairs)],
    blocks: [
      alive(tiles(k.size) * m * OPERAND, AT.transpose, AT.projectUp),
      ...(byTensor ? [alive(k.size * OPERAND, AT.transpose)] : []),
      alive(uBytes, AT.project),
      ...(pairs === 2 ? [alive(uBytes, AT.projectUp)] : []),
    ],
  }
  return { phase, first: [loadX(k.size, 1), rowsOf(k.size, rank.size)] }
}

/** Y = (XU)·V or Yᵀ = Vᵀ·(XU)ᵀ, a block of columns of V at a time. */
function leaves(y: Fused['y'], { rows: m, schedule, sum, psum, machine }: Sizes, r: number, N: number) {
  const n = cut(N, schedule.nBlock)
  const rank = psum ? { size: r, blocks: 1 } : cut(r, schedule.rBlock)
  // a block of the result has so many rows and columns, and there are so many tiles of rows in all of them
  const [height, width] = y === 'plain' ? [m, n.size] : [n.size, m]
  const times = y === 'plain' ? n.blocks : N / n.size
  const added = times * elementwise(height, width, banks(width), machine)
  const round = sum === SUM ? elementwise(height, width, 1, machine) : 0
  const store = { ...rowsOf(height, width), store: true }
  const vBytes = tiles(rank.size) * n.size * OPERAND
  const outBytes = width * OPERAND
  const phase: Phase = {
    steps: [
      {
        tensor: times * product(r, height, width, machine),
        vector: rank.blocks * added + times * round,
      },
    ],
    moves: [rowsOf(r, n.size, n.blocks), { ...store, count: Math.ceil(store.count * times) }],
    blocks: [
      alive(vBytes, OUT.product, psum ? OUT.leave : OUT.product),
      ...(psum ? [] : [alive(tiles(height) * width * sum, OUT.product, OUT.leave)]),
      ...(psum || sum === SUM ? [alive(outBytes, OUT.leave)] : []),
    ],
  }
  // in PSUM all but the last tile has left by then
  return { phase, last: { vector: round, moves: [psum ? { ...store, count: 1 } : store] } }
}

/** (SiLU(gate) · up)ᵀ, a block of its rows at a time. */
function gated({ rows: m, schedule, sum, machine }: Sizes, r: number, N: number) {
  const n = cut(N, schedule.nBlock)
  const rank = cut(r, schedule.rBlock)
  const times = N / n.size
  // two float32 operands in SBUF take two cycles an element
  const multiply = 2 * elementwise(n.size, m, 1, machine)
  const store = { ...rowsOf(n.size, m), store: true }
  const vBytes = tiles(rank.size) * n.size * OPERAND
  const resultBytes = tiles(n.size) * m * sum
  const phase: Phase = {
    steps: [
      {
        tensor: 2 * times * product(r, n.size, m, machine),
        vector: times * (2 * rank.blocks * elementwise(n.size, m, banks(m), machine) + multiply),
        scalar: times * elementwise(n.size, m, 1, machine, 'scalar'),
      },
    ],
    moves: [rowsOf(r, n.size, 2 * n.blocks), { ...store, count: Math.ceil(store.count * times) }],
    blocks: [
      alive(vBytes, OUT.product),
      alive(vBytes, OUT.productUp),
      alive(resultBytes, OUT.product, OUT.leave),
      alive(resultBytes, OUT.productUp, OUT.leave),
      alive(tiles(n.size) * m * OPERAND + m * SUM, OUT.leave),
    ],
  }
  return { phase, last: { vector: multiply, moves: [store] } }
}

/** The hidden activation of a whole MLP, summed in PSUM, and a block at a time into (H·U)ᵀ. */
function hidden({ rows: m, schedule, machine }: Sizes, r: number, N: number): Phase {
  const n = cut(N, schedule.nBlock)
  const rank = cut(r, schedule.rBlock)
  const vBytes = tiles(r) * n.size * OPERAND
  return {
    steps: [
      {
        tensor: 2 * product(r, N, m, machine),
        vector: elementwise(N, m, banks(m), machine),
        scalar: elementwise(N, m, banks(m), machine, 'scalar'),
      },
      { tensor: product(N, r, m, machine), vector: n.blocks * elementwise(r, m, banks(m), machine) },
    ],
    moves: [rowsOf(r, n.size, 2 * n.blocks), rowsOf(N, rank.size, rank.blocks)],
    blocks: [
      alive(vBytes, AT.hidden),
      alive(vBytes, AT.hidden),
      alive(Math.min(m, gemmMovingFmax) * SUM, AT.hidden),
      alive(tiles(n.size) * m * OPERAND, AT.hidden, AT.down),
      alive(tiles(n.size) * rank.size * OPERAND, AT.down),
    ],
  }
}

/** Y = X·W in blocks; a strip of results stays while the contraction goes by. */
const denseStrip: StripOf = (schedule, dims, machine) => {
  const { M, K, N } = dims as { readonly [D in 'M' | 'K' | 'N']: number }
  const sum = schedule.accumulate === 'float32' ? SUM : OPERAND
  const [m, n, k] = [cut(M, schedule.mBlock), cut(N, schedule.nBlock), cut(K, schedule.kBlock)]
  const round = sum === SUM ? elementwise(M, N, 1, machine) : 0
  const store = { ...rowsOf(M, N), store: true }
  const phase: Phase = {
    steps: [
      {
        tensor: n.blocks * product(K, M, n.size, machine),
        vector: k.blocks * n.blocks * elementwise(M, n.size, banks(n.size), machine) + round,
      },
    ],
    moves: [rowsOf(K, m.size, m.blocks), rowsOf(K, n.size, n.blocks), store],
    blocks: [
      alive(tiles(k.size) * m.size * OPERAND, 0),
      alive(tiles(k.size) * n.size * OPERAND, 0),
      ...(sum === SUM ? [alive(N * OPERAND, 1)] : []),
    ],
  }
  return {
    phases: [phase],
    stays: [alive(tiles(M) * N * sum, 0, 1)],
    first: [rowsOf(k.size, m.size), rowsOf(k.size, n.size)],
    last: { vector: round, moves: [store] },
  }
}

const byColumns = inStrips('N', 'nBlock', denseStrip)
const byRows = inStrips('M', 'mBlock', denseStrip)

/** The dense product, whichever loop is outermost. */
export const dense: Estimated = (schedule, ...at) =>
  (schedule.outermost === 'columns' ? byColumns : byRows)(schedule, ...at)
