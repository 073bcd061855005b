/** What a kernel does, a block at a time, in the order of its text; and a meter of how much it is. */
import { dmaTime, type Machine } from '../../device/index.ts'
import type { Block } from './block.ts'

/** DMAs of so many rows each. */
export interface Moves {
  readonly count: number
  readonly rows: number
  readonly rowBytes: number
}

/** µs that each engine is busy with a product, or with what is done to a result; in so many pieces. */
export interface Work {
  readonly tensor?: number
  readonly scalar?: number
  readonly vector: number
  readonly pieces: number
}

/** An operand, or tiles of it, from one share of it to another. */
export interface Part {
  readonly of: Block
  readonly from?: number
  readonly to?: number
}

/** What a kernel does, in the order of its text. */
export interface Line {
  /** Turns to the next instance of a block that is neither loaded nor zeroed. */
  turn(block: Block): void
  load(block: Block, moves: Moves): void
  /** GpSimd zeroes a block, in so many pieces. */
  zero(block: Block, time: number, pieces: number): void
  /**
   * A product into a block: the first piece of it goes through a whole contraction, tile by tile, as these are there, and
   * so does the last one, after which operands may go. `share`: where in the block it begins.
   */
  product(work: Work, operands: readonly Part[], into: Block, share?: number): void
  /** The vector engine makes a block out of another one, tile by tile. */
  convert(block: Block, to: Block, time: number): void
  /** Stores what was made, which may then go. */
  store(block: Block, moves: Moves): void
}

/** How much of all that there is. */
export class Meter implements Line {
  /** To and from HBM. */
  bytes = 0
  /** For how many µs each of them is busy: the queues of DMA, the engines behind them, and those that compute. */
  readonly busy = { loads: 0, stores: 0, transfers: 0, tensor: 0, vector: 0 }

  constructor(private readonly machine: Machine) {}

  turn(): void {}
  zero(): void {}

  load(_: Block, moves: Moves): void {
    this.move('loads', moves)
  }

  product({ tensor = 0, vector }: Work): void {
    this.busy.tensor += tensor
    this.busy.vector += vector
  }

  convert(_block: Block, _to: Block, time: number): void {
    this.busy.vector += time
  }

  store(_: Block, moves: Moves): void {
    this.move('stores', moves)
  }

  private move(queue: 'loads' | 'stores', { count, rows, rowBytes }: Moves): void {
    this.bytes += count * rows * rowBytes
    this.busy[queue] += count * this.machine.dma.issue
    this.busy.transfers += count * dmaTime(this.machine, rows, rowBytes)
  }
}
