/**
 * From a layer and a number of rows to a job: which memory each intermediate takes and which phases make it. No arithmetic
 * happens here, and nothing runs: the executor reads the words.
 */
import type { Activation, LayerDtype } from '../types.ts'
import type { KernelModule } from './kernels/module.ts'
import { type PhaseArguments, type PhaseKind, phaseWords, type Work } from './kernels/phase.ts'
import { PANEL } from './kernels/tile.ts'
import type { PackedMatrix } from './weights.ts'

/** Tasks of a phase for each thread: few enough to cost nothing, enough to level out threads of unequal speed. */
const TASKS_PER_THREAD = 16
/** The same for one row tile, which waits for weights: longer runs through memory, for the prefetchers to follow. */
const STREAMED_TASKS_PER_THREAD = 4
/** Row tiles from which on a widened panel repays the widening. */
const WIDENING_TILES = 3

export const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to

export interface Pair {
  readonly first: PackedMatrix
  readonly second: PackedMatrix
}

/** What a layer computes, by the addresses of its packed weights. */
export type LayerProgram =
  | {
      readonly kind: 'chain'
      /** One matrix, or two. */
      readonly matrices: readonly PackedMatrix[]
      /** Address of N floats, zeros where there is no bias; undefined when neither bias nor activation is wanted. */
      readonly bias: number | undefined
      readonly activation: Activation
    }
  | {
      readonly kind: 'mlp'
      readonly gate: Pair
      readonly up: Pair
      readonly down: Pair
      readonly activation: Activation
    }

/** Multiply-adds for each row. */
export function macsOf(program: LayerProgram): number {
  const matrices =
    program.kind === 'chain'
      ? program.matrices
      : [program.gate, program.up, program.down].flatMap(({ first, second }) => [first, second])
  return matrices.reduce((sum, { contraction, columns }) => sum + contraction * columns, 0)
}

/** Row tiles of some columns: the A of a product, in memory. */
interface Strip {
  readonly at: number
  readonly tileBytes: number
}

export interface Job extends Work {
  /** Staged rows: where x goes and where y comes from, with the elements from one row to the next. */
  readonly x: { readonly at: number; readonly pitch: number }
  readonly y: { readonly at: number; readonly pitch: number }
  /** End of the scratch memory in use. */
  readonly end: number
}

export interface PlanOptions {
  readonly program: LayerProgram
  /** Kind of x and y. */
  readonly io: LayerDtype
  readonly rows: number
  readonly threads: number
  readonly kernels: KernelModule
  /** Where scratch memory begins. */
  readonly scratch: number
}

/**
 * Rows of a tile: nearly equal tiles rather than full ones and a short rest, since short tiles are slow: eight rows are
 * 4 + 4, not 6 + 2.
 */
export function tileRowsOf(rows: number, maxTileRows: number): number {
  return Math.ceil(rows / Math.ceil(rows / maxTileRows))
}

export function plan(options: PlanOptions): Job {
  return new Planner(options).job()
}

class Planner {
  readonly #o: PlanOptions
  readonly #tileRows: number
  /** Tasks of a phase. */
  readonly #tasks: number
  readonly #words: number[][] = []
  #total = 0
  #after = 0
  #top: number

  constructor(options: PlanOptions) {
    this.#o = options
    this.#tileRows = tileRowsOf(options.rows, options.kernels.maxTileRows)
    const streamed = options.rows <= this.#tileRows
    this.#tasks = options.threads * (streamed ? STREAMED_TASKS_PER_THREAD : TASKS_PER_THREAD)
    this.#top = options.scratch
  }

  job(): Job {
    const { program, io, rows } = this.#o
    const [input, output] =
      program.kind === 'mlp' ? [program.gate.first, program.down.second] : ends(program.matrices)
    const elementBytes = io === 'bfloat16' ? 2 : 4
    const xPitch = roundUp(input.contraction, 4)
    const x = this.#take(rows * xPitch * elementBytes)
    const strip = this.#packed(x, xPitch * elementBytes, input)
    const pitch = output.panels * PANEL
    const y = this.#take(rows * pitch * 4)
    if (program.kind === 'chain') {
      const [first, second] = program.matrices
      const last = second ? this.#toStrip(strip, first!) : strip
      this.#toRows(last, output, y)
      if (program.bias !== undefined) this.#finish(y, pitch, program.bias, program.activation)
    } else {
      const hidden = this.#hidden(strip, program)
      this.#toRows(this.#toStrip(hidden, program.down.first), output, y)
    }
    const out = io === 'bfloat16' ? this.#round(y, pitch) : y
    return {
      phases: this.#words,
      total: this.#total,
      x: { at: x, pitch: xPitch },
      y: { at: out, pitch },
      end: this.#top,
    }
  }

  /** X as a strip. A single row is one already, unless it has to be rounded or widened. */
  #packed(x: number, xRowBytes: number, { contraction, dtype }: PackedMatrix): Strip {
    const { rows, io } = this.#o
    if (rows === 1 && io === 'float32' && dtype === 'float32') return { at: x, tileBytes: xRowBytes }
    const strip = this.#strip(contraction)
    const variant = io === 'bfloat16' ? 'bfloat16' : dtype === 'bfloat16' ? 'rounded' : 'float32'
    this.#phase('packRows', variant, Math.ceil(rows / this.#tileRows), {
      x,
      strip: strip.at,
      k: contraction,
      xRowBytes,
      tileBytes: strip.tileBytes,
      tileRows: this.#tileRows,
      rows,
    })
    return strip
  }

  /** activation(gate)·up as a strip. Both products of a level read the same strip and do not wait for each other. */
  #hidden(x: Strip, { gate, up, activation }: Extract<LayerProgram, { kind: 'mlp' }>): Strip {
    const gated = this.#toStrip(x, gate.first)
    const upped = this.#toStrip(x, up.first, 'beside')
    const hidden = this.#toStrip(gated, gate.second)
    const factor = this.#toStrip(upped, up.second, 'beside')
    const vectors = (this.#o.rows * gate.second.panels * PANEL) / 4
    const vectorsPerTask = this.#share(vectors)
    this.#phase('combine', activation, Math.ceil(vectors / vectorsPerTask), {
      gate: hidden.at,
      up: factor.at,
      vectors,
      vectorsPerTask,
    })
    return hidden
  }

  #toStrip(a: Strip, b: PackedMatrix, order?: 'beside'): Strip {
    const c = this.#strip(b.columns)
    const tileRows = this.#tileRows
    this.#product(a, b, order, {
      c: c.at,
      cTileBytes: c.tileBytes,
      rowBytes: 16,
      vectorBytes: 16 * tileRows,
      tailVectorBytes: 16 * (this.#o.rows % tileRows),
    })
    return c
  }

  #toRows(a: Strip, b: PackedMatrix, y: number): void {
    const rowBytes = b.panels * PANEL * 4
    const cTileBytes = rowBytes * this.#tileRows
    this.#product(a, b, undefined, { c: y, cTileBytes, rowBytes, vectorBytes: 16, tailVectorBytes: 16 })
  }

  #product(
    a: Strip,
    b: PackedMatrix,
    order: 'beside' | undefined,
    target: Pick<
      PhaseArguments<'product'>,
      'c' | 'cTileBytes' | 'rowBytes' | 'vectorBytes' | 'tailVectorBytes'
    >,
  ): void {
    const { rows, threads, kernels } = this.#o
    const tileRows = this.#tileRows
    const tiles = Math.floor(rows / tileRows)
    const widened = b.dtype === 'bfloat16' && kernels.widens && tiles >= WIDENING_TILES
    const panelsPerTask = this.#share(b.panels)
    const panelTasks = Math.ceil(b.panels / panelsPerTask)
    // Columns are shared out first; where they are too few, rows as well.
    const rowShares = Math.ceil(this.#tasks / 2 / panelTasks)
    const tilesPerTask = Math.max(1, threads > 1 ? Math.ceil(tiles / rowShares) : tiles)
    this.#phase(
      'product',
      widened ? 'widened' : b.dtype,
      panelTasks * Math.max(1, Math.ceil(tiles / tilesPerTask)),
      {
        ...target,
        a: a.at,
        b: b.address,
        k: b.contraction,
        kBlock: b.kBlock,
        panels: b.panels,
        panelsPerTask,
        panelTasks,
        tiles,
        tilesPerTask,
        tileRows,
        tailRows: rows % tileRows,
        aTileBytes: a.tileBytes,
      },
      order,
    )
  }

  #finish(y: number, pitch: number, bias: number, activation: Activation): void {
    const { rows } = this.#o
    const rowsPerTask = this.#share(rows)
    const args = { y, bias, rowBytes: 4 * pitch, vectors: pitch / 4, rowsPerTask, rows }
    this.#phase('finishRows', activation, Math.ceil(rows / rowsPerTask), args)
  }

  #round(y: number, pitch: number): number {
    const { rows } = this.#o
    const out = this.#take(rows * pitch * 2)
    const rowsPerTask = this.#share(rows)
    const args = {
      y,
      out,
      rowBytes: 4 * pitch,
      vectors: pitch / 4,
      outRowBytes: 2 * pitch,
      rowsPerTask,
      rows,
    }
    this.#phase('roundRows', 'bfloat16', Math.ceil(rows / rowsPerTask), args)
    return out
  }

  /** How many of `n` items make one task. */
  #share(n: number): number {
    return Math.max(1, Math.floor(n / this.#tasks))
  }

  #phase<K extends PhaseKind>(
    kind: K,
    variant: string,
    tasks: number,
    args: PhaseArguments<K>,
    order?: 'beside',
  ): void {
    if (order !== 'beside') this.#after = this.#total
    const begin = this.#total
    this.#total += tasks
    const slot = this.#o.kernels.slots[kind][variant]!
    this.#words.push(phaseWords(kind, { slot, begin, end: this.#total, after: this.#after }, args))
  }

  #strip(columns: number): Strip {
    const rowBytes = 4 * roundUp(columns, PANEL)
    return { at: this.#take(this.#o.rows * rowBytes), tileBytes: rowBytes * this.#tileRows }
  }

  #take(bytes: number): number {
    const at = this.#top
    this.#top += roundUp(bytes, 64)
    return at
  }
}

function ends(matrices: readonly PackedMatrix[]): [PackedMatrix, PackedMatrix] {
  return [matrices[0]!, matrices.at(-1)!]
}
