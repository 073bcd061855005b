/**
 * A closed-form estimate of a schedule's time, by which ./defaults.ts chooses among the schedules of its tables. A strip is
 * a few phases, one after the other. In each of them
 *
 *   compute   is the sum over its steps of the slowest engine (tensor, vector or scalar): a step waits for the one before;
 *   transfer  is what its DMAs take, by rows, or what it takes to issue them;
 *   time      is the larger of the two, and of the smaller as much as SBUF has no room to load ahead for.
 *
 * The first blocks have to arrive before anything is multiplied, and the last result has to leave. Costs are those of the
 * op table and of the device tables, for operands of two bytes; what only the profiler knows is the order of instructions.
 */
import { dmaTime, type Machine, type OnChipBlock, place } from '../device/index.ts'
import { TILE_SIZE } from '../nki/index.ts'

const { pmax, gemmMovingFmax } = TILE_SIZE
/** Bytes of an operand, and of a sum. */
export const OPERAND = 2
export const SUM = 4
/** Cycles: no instruction is shorter. */
const SHORTEST = 64

/** Tiles of 128 partitions. */
export const tiles = (size: number): number => Math.ceil(size / pmax)
/** Pieces of 512 columns: a PSUM bank holds one. */
export const banks = (columns: number): number => Math.ceil(columns / gemmMovingFmax)

/** µs that each engine is busy. */
export interface Step {
  readonly tensor?: number
  readonly vector?: number
  readonly scalar?: number
}

/** DMAs of so many rows each. */
export interface Moves {
  readonly count: number
  readonly rows: number
  readonly rowBytes: number
  readonly store?: boolean
}

export interface Phase {
  readonly steps: readonly Step[]
  readonly moves: readonly Moves[]
  /** In SBUF, and what further copies let run ahead. */
  readonly blocks: readonly OnChipBlock[]
}

export interface Strip {
  readonly phases: readonly Phase[]
  /** In SBUF, over more than one phase. */
  readonly stays: readonly OnChipBlock[]
  /** What has to arrive before its first product, and what is left to do after its last one. */
  readonly first: readonly Moves[]
  readonly last: { readonly vector: number; readonly moves: readonly Moves[] }
}

export interface Estimate {
  /** µs. */
  readonly time: number
  /** To and from HBM. */
  readonly bytes: number
}

/** Of so many strips and a last, shorter one; null where blocks do not fit in SBUF, if only once. */
export function estimate(strip: Strip, times: number, rest: Strip, machine: Machine): Estimate | null {
  // inner loops first: among blocks of a size, the first one is placed first
  const blocks = [...strip.phases.flatMap((phase) => phase.blocks), ...strip.stays]
  if (!place(blocks, machine.sbuf)) return null
  const { start, end } = machine.dma
  const latency = 2 * (start + end)
  const first = transferTime(strip.first, machine)
  const last = rest.last.vector + transferTime(rest.last.moves, machine)
  return {
    time: latency + first + times * stripTime(strip, machine) + stripTime(rest, machine) + last,
    bytes: times * bytesOf(strip) + bytesOf(rest),
  }
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0)

const stripTime = ({ phases, stays }: Strip, machine: Machine): number =>
  total(
    phases.map(({ steps, moves, blocks }) => {
      const compute = total(
        steps.map(({ tensor = 0, vector = 0, scalar = 0 }) => Math.max(tensor, vector, scalar)),
      )
      const transfer = transferTime(moves, machine)
      const rotating = total(blocks.map(({ bytes }) => bytes))
      const beside = stays.filter(({ alive }) =>
        blocks.some((block) => alive.from <= block.alive.from && block.alive.from <= alive.to),
      )
      const room = machine.sbuf - rotating - total(beside.map(({ bytes }) => bytes))
      const ahead = rotating === 0 ? 1 : Math.min(1, Math.max(0, room / rotating))
      return Math.max(compute, transfer) + (1 - ahead) * Math.min(compute, transfer)
    }),
  )

const bytesOf = ({ phases }: Strip): number =>
  total(phases.flatMap(({ moves }) => moves.map(({ count, rows, rowBytes }) => count * rows * rowBytes)))

/** µs: one queue issues all loads, another one all stores, and the engines behind them serve both. */
function transferTime(moves: readonly Moves[], machine: Machine): number {
  const issue = (store: boolean): number =>
    machine.dma.issue * total(moves.filter((one) => (one.store ?? false) === store).map(({ count }) => count))
  const served = moves.map(({ count, rows, rowBytes }) => count * dmaTime(machine, rows, rowBytes))
  return Math.max(total(served), issue(false), issue(true))
}

/** The DMAs of a block, so many times: 128 rows each. */
export const rowsOf = (rows: number, columns: number, times = 1): Moves => ({
  count: tiles(rows) * times,
  rows: Math.min(rows, pmax),
  rowBytes: columns * OPERAND,
})

/** µs of a product: tiles of the contraction and of the stationary side, and moving columns. */
export const product = (contraction: number, stationary: number, moving: number, machine: Machine): number =>
  (tiles(contraction) *
    tiles(stationary) *
    (Math.max(moving, SHORTEST) + machine.matmulOverhead * banks(moving))) /
  machine.clock.tensor

/** µs of an elementwise instruction for each tile of rows, and each of so many pieces of the columns. */
export const elementwise = (
  rows: number,
  columns: number,
  pieces: number,
  machine: Machine,
  engine: 'vector' | 'scalar' = 'vector',
): number =>
  (tiles(rows) * (Math.max(columns, SHORTEST * pieces) + machine.accessCycles * pieces)) /
  machine.clock[engine]
