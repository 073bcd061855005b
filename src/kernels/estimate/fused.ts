/**
 * The fused kernels as blocks in time: what lowrank/strip.ts and mlp/swiglu.ts do, loop for loop. Numbers in spans are places
 * in their text.
 */
import type { Interval, Machine } from '../../device/index.ts'
import { type ScheduleValues, TILE_SIZE } from '../../nki/index.ts'
import { type Around, Block } from './block.ts'
import {
  banks,
  bytesOf,
  cut,
  elementwise,
  multiplication,
  OPERAND,
  product,
  rowsOf,
  SUM,
  tiles,
  zeroing,
} from './costs.ts'
import type { Line } from './line.ts'
import { around, type Expected, inStrips, span, stored } from './strips.ts'

const { pmax, gemmMovingFmax } = TILE_SIZE

interface Fused {
  /** Pairs of factors that share X: two in a gated MLP. */
  readonly pairs?: 1 | 2
  readonly x: 'plain' | 'transposed'
  readonly y: 'plain' | 'transposed'
  /** The gated product is multiplied by another pair, without leaving the chip. */
  readonly down?: boolean
}

/** What the steps of a fused kernel share. */
interface Context {
  /** Rows of a whole strip. */
  readonly m: number
  readonly schedule: ScheduleValues
  /** Bytes of what sums are kept in; in PSUM, that of operands. */
  readonly sum: number
  readonly psum: boolean
  readonly machine: Machine
  readonly strips: Around
}

/** A part of a strip: its blocks, and what it does with so many rows. */
interface Part<Made> {
  readonly blocks: readonly Block[]
  run(line: Line, m: number): Made
}

/** A fused low-rank product, or an MLP of such. */
export const fused = (form: Fused): Expected =>
  inStrips('M', 'mStrip', (schedule, dims, machine, strips) => {
    const { pairs = 1, down = false, y } = form
    const { M: m, K, r, N } = dims as { readonly [D in 'M' | 'K' | 'r' | 'N']: number }
    const psum = schedule.accumulate === 'psum'
    const sum = schedule.accumulate === 'float32' ? SUM : OPERAND
    const context: Context = { m, schedule, sum, psum, machine, strips }
    const first = projected(form, context, K, r)
    const middle = down ? hidden(context, r, N) : null
    const last = pairs === 2 && !down ? gated(context, r, N) : leaving(y, context, r, down ? K : N)
    return {
      blocks: [...first.blocks, ...(middle?.blocks ?? []), ...last.blocks],
      strip(line, rows) {
        const factors = first.run(line, rows)
        last.run(line, rows, middle ? [middle.run(line, rows, factors)] : factors)
      },
    }
  })

/** Where sums of a factor are kept over a strip, and what they are rounded to. */
function factor({ m, sum, machine, strips }: Context, r: number, own: Interval, until: number) {
  const sums = new Block(
    bytesOf(r, m, sum),
    tiles(r) * banks(m),
    sum === SUM ? own : span(own.from, until),
    [strips],
    machine,
  )
  if (sum !== SUM) return { sums, operand: sums }
  return { sums, operand: new Block(bytesOf(r, m), tiles(r), span(own.to, until), [strips], machine) }
}

/** (XU)ᵀ = Uᵀ·Xᵀ for each pair. */
function projected({ pairs = 1, x, down }: Fused, context: Context, K: number, r: number): Part<Block[]> {
  const { m, schedule, psum, machine, strips, sum } = context
  const k = psum ? { size: K, sizes: [K] } : cut(K, schedule.kBlock)
  const rank = cut(r, schedule.rBlock)
  const byTensor = x === 'plain' && schedule.transposeBy === 'tensor'
  const inK = psum ? [strips] : [around(k.sizes.length, 2, 20), strips]
  const inR = [around(rank.sizes.length, 10, 19), ...inK]
  const until = down ? 55 : 95
  const factors = Array.from({ length: pairs }, (_, i) => factor(context, r, span(1, 21 + i), until))
  const xTiles = x === 'transposed' ? tiles(k.size) : tiles(k.size) * tiles(m)
  const xBlock = new Block(bytesOf(k.size, m), xTiles, span(3, 19), inK, machine)
  const xRows = new Block(k.size * OPERAND, 1, span(5, 7), [around(tiles(m), 4, 8), ...inK], machine)
  const u = factors.map(
    (_, i) =>
      new Block(bytesOf(k.size, rank.size), tiles(k.size), span(11 + 3 * i, 13 + 3 * i), inR, machine),
  )
  function loadX(line: Line, rows: number, depth: number): void {
    if (!byTensor) {
      const columns = tiles(depth)
      const { count, rows: tall, rowBytes } = rowsOf(rows, depth / columns)
      const squares = { count: count * columns, rows: tall, rowBytes }
      line.load(xBlock, x === 'plain' ? squares : rowsOf(depth, rows))
      return
    }
    const { sizes } = cut(rows, pmax)
    line.turn(xBlock)
    for (const [i, tall] of sizes.entries()) {
      line.load(xRows, rowsOf(tall, depth))
      const work = {
        tensor: product(depth, pmax, pmax, machine),
        vector: elementwise(depth, tall, 1, machine),
        pieces: tiles(depth),
      }
      line.product(work, [{ of: xRows }], xBlock, i / sizes.length)
    }
  }
  return {
    blocks: [
      ...(byTensor ? [xRows] : []),
      ...u,
      ...new Set([...factors.map(({ sums }) => sums), ...factors.map(({ operand }) => operand)]),
      xBlock,
    ],
    run(line, rows) {
      for (const { sums } of factors)
        if (psum) line.turn(sums)
        else line.zero(sums, zeroing(r, rows, sum, machine), sums.tiles)
      for (const depth of k.sizes) {
        loadX(line, rows, depth)
        // what was transposed on chip is there by rows, as many as a product takes at a time
        const group = 1 / banks(rows)
        const xPart = byTensor ? { of: xBlock, from: group, to: group } : { of: xBlock }
        for (const wide of rank.sizes)
          for (const [i, block] of u.entries()) {
            line.load(block, rowsOf(depth, wide))
            const work = multiplication(depth, wide, rows, machine)
            line.product(work, [{ of: block }, xPart], factors[i]!.sums)
          }
      }
      return rounded(line, factors, r, rows, machine)
    },
  }
}

/** Sums as operands of the next product. */
function rounded(
  line: Line,
  factors: readonly { readonly sums: Block; readonly operand: Block }[],
  r: number,
  rows: number,
  machine: Machine,
): Block[] {
  return factors.map(({ sums, operand }) => {
    if (operand !== sums) line.convert(sums, operand, elementwise(r, rows, 1, machine))
    return operand
  })
}

/** A result of so many rows and columns, out of blocks of V of so many columns, a block of the rank after the other. */
function summed(
  line: Line,
  { v, operand, result }: { readonly v: Block; readonly operand: Block; readonly result: Block },
  depths: readonly number[],
  columns: number,
  [rows, wide]: readonly [number, number],
  sum: number,
  machine: Machine,
): void {
  line.zero(result, zeroing(rows, wide, sum, machine), result.tiles)
  const r = depths.reduce((total, depth) => total + depth, 0)
  let done = 0
  for (const depth of depths) {
    line.load(v, rowsOf(depth, columns))
    const part = { of: operand, from: done / r, to: (done + depth) / r }
    line.product(multiplication(depth, rows, wide, machine), [{ of: v }, part], result)
    done += depth
  }
}

interface After {
  readonly blocks: readonly Block[]
  run(line: Line, m: number, operands: readonly Block[]): void
}

/** Y = (XU)·V or Yᵀ = Vᵀ·(XU)ᵀ, a block of columns of V at a time. */
function leaving(
  y: Fused['y'],
  { m, schedule, sum, psum, machine, strips }: Context,
  r: number,
  N: number,
): After {
  const n = cut(N, schedule.nBlock)
  const rank = psum ? { size: r, sizes: [r] } : cut(r, schedule.rBlock)
  const inN = [around(n.sizes.length, 60, 90), strips]
  const inR = psum ? inN : [around(rank.sizes.length, 62, 68), ...inN]
  // a block of the result has so many rows and columns
  const shape = (rows: number, columns: number): readonly [number, number] =>
    y === 'plain' ? [rows, columns] : [columns, rows]
  const [height, width] = shape(m, n.size)
  const v = new Block(
    bytesOf(rank.size, n.size),
    tiles(rank.size),
    psum ? span(61, 85) : span(63, 65),
    inR,
    machine,
  )
  const result = new Block(
    bytesOf(height, width, sum),
    tiles(height) * banks(width),
    span(61, 85),
    inN,
    machine,
  )
  const out = new Block(width * OPERAND, 1, span(81, 83), [around(tiles(height), 80, 85), ...inN], machine)
  return {
    blocks: psum ? [out, v] : [v, ...(sum === SUM ? [out] : []), result],
    run(line, m, [operand]) {
      for (const columns of n.sizes) {
        const [rows, wide] = shape(m, columns)
        if (psum) {
          line.load(v, rowsOf(r, columns))
          const work = multiplication(r, pmax, wide, machine)
          for (const tall of cut(rows, pmax).sizes) {
            line.turn(out)
            line.product(work, [{ of: v }, { of: operand! }], out)
            line.store(out, rowsOf(tall, wide))
          }
          continue
        }
        summed(line, { v, operand: operand!, result }, rank.sizes, columns, [rows, wide], sum, machine)
        stored(line, result, sum === SUM ? out : null, rows, wide, machine)
      }
    },
  }
}

/** (SiLU(gate) · up)ᵀ, a block of its rows at a time. */
function gated({ m, schedule, sum, machine, strips }: Context, r: number, N: number): After {
  const n = cut(N, schedule.nBlock)
  const rank = cut(r, schedule.rBlock)
  const inN = [around(n.sizes.length, 60, 94), strips]
  const half = (i: number) => {
    const at = 61 + 10 * i
    const inR = [around(rank.sizes.length, at + 1, at + 8), ...inN]
    return {
      result: new Block(bytesOf(n.size, m, sum), tiles(n.size) * banks(m), span(at, 87), inN, machine),
      v: new Block(bytesOf(rank.size, n.size), tiles(rank.size), span(at + 3, at + 5), inR, machine),
    }
  }
  const halves = [half(0), half(1)]
  const activation = new Block(bytesOf(n.size, m), tiles(n.size), span(81, 93), inN, machine)
  const out = new Block(m * OPERAND, 1, span(91, 92), [around(tiles(n.size), 90, 93), ...inN], machine)
  const silu = new Block(m * SUM, 1, span(83, 85), [around(tiles(n.size), 82, 86), ...inN], machine)
  return {
    blocks: [...halves.map(({ v }) => v), silu, out, ...halves.map(({ result }) => result), activation],
    run(line, m, operands) {
      for (const columns of n.sizes) {
        for (const [i, { result, v }] of halves.entries())
          summed(line, { v, operand: operands[i]!, result }, rank.sizes, columns, [columns, m], sum, machine)
        // two operands in SBUF, one of them float32, take two cycles an element
        const work = {
          scalar: elementwise(columns, m, 1, machine, 'scalar'),
          vector: 2 * elementwise(columns, m, 1, machine),
          pieces: tiles(columns),
        }
        line.turn(activation)
        line.product(
          work,
          halves.map(({ result }) => ({ of: result })),
          activation,
        )
        stored(line, activation, out, columns, m, machine)
      }
    },
  }
}

/** The hidden activation of a whole MLP, summed in PSUM, and a block at a time into (H·U)ᵀ. */
function hidden(context: Context, r: number, N: number) {
  const { m, schedule, sum, machine, strips } = context
  const n = cut(N, schedule.nBlock)
  const rank = cut(r, schedule.rBlock)
  const inN = [around(n.sizes.length, 30, 55), strips]
  const weights = [32, 33].map((at) => new Block(bytesOf(r, n.size), tiles(r), span(at, 45), inN, machine))
  const inTiles = [around(tiles(n.size), 38, 43), around(banks(m), 36, 44), ...inN]
  const silu = new Block(Math.min(m, gemmMovingFmax) * SUM, 1, span(39, 42), inTiles, machine)
  const activation = new Block(bytesOf(n.size, m), tiles(n.size) * banks(m), span(35, 52), inN, machine)
  const u = new Block(
    bytesOf(n.size, rank.size),
    tiles(n.size),
    span(47, 49),
    [around(rank.sizes.length, 46, 51), ...inN],
    machine,
  )
  const down = factor(context, r, span(29, 56), 95)
  return {
    blocks: [silu, u, ...weights, activation, ...new Set([down.sums, down.operand])],
    run(line: Line, m: number, operands: readonly Block[]): Block {
      line.zero(down.sums, zeroing(r, m, sum, machine), down.sums.tiles)
      for (const columns of n.sizes) {
        for (const block of weights) line.load(block, rowsOf(r, columns))
        line.turn(activation)
        const gate = multiplication(r, columns, m, machine)
        const both = {
          ...gate,
          tensor: 2 * gate.tensor,
          scalar: elementwise(columns, m, banks(m), machine, 'scalar'),
        }
        const read = [...weights, ...operands].map((of) => ({ of }))
        line.product(both, read, activation)
        for (const wide of rank.sizes) {
          line.load(u, rowsOf(columns, wide))
          const work = multiplication(columns, wide, m, machine)
          line.product(work, [{ of: u }, { of: activation, to: 1 / banks(m) }], down.sums)
        }
      }
      return rounded(line, [down], r, m, machine)[0]!
    },
  }
}
