/**
 * The micro-kernel: C[rows, 8] (+)= A[rows, k]·B[k, 8], with every element of C in a register.
 *
 * A is a row tile of a strip, [k/4][rows][4]; B is a packed panel, [k][8]; C is written with two strides, so that one
 * kernel fills row-major Y and also the strip that the next product reads as its A. A row of a bfloat16 panel is one
 * vector of four words, column j in the lower half of word j and column j + 4 in the upper: shifts make float32 of both.
 *
 * V8's older compilers move every load of a block to its start, run out of the 15 vector registers and spill. A
 * conditional branch to the loop's exit, where the accumulators live, ends the block: after each k step it is the true end
 * test (so k may be any number). Where a step alone needs too many registers there is one after each row, which compares
 * the pointer A, a multiple of 4, with an odd constant: never true, but the compiler cannot know. Each constant is used
 * once, or V8 would merge the tests. Where registers suffice the extra tests cost up to a tenth and are left out.
 */
import {
  type Callable,
  type Expr,
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  type ModuleBuilder,
  v128,
} from '../../../wasm/index.ts'

/** Columns of a packed panel: two vectors of four. */
export const PANEL = 8
const VECTORS = PANEL / 4
const STEPS = 4
/** Where each column of a panel's row stands. */
export const PLACES = { float32: [0, 1, 2, 3, 4, 5, 6, 7], bfloat16: [0, 2, 4, 6, 1, 3, 5, 7] } as const
/** Accumulators of a step that still leave registers for all that V8 hoists. */
const UNSPLIT_SUMS = 8
/** Independent sums that hide the latency of an addition on two pipes (4 cycles each). */
const SUMS_IN_FLIGHT = 8

export const TILE_SIGNATURE = {
  params: { a: 'i32', b: 'i32', c: 'i32', k: 'i32', rowBytes: 'i32', vectorBytes: 'i32', accumulate: 'i32' },
} as const
export type TileKernel = Callable<typeof TILE_SIGNATURE>

export interface TileOptions {
  readonly rows: number
  /** Use relaxed_madd: one instruction for a multiply-add where the machine has one. */
  readonly relaxed: boolean
  /** What the panel holds. */
  readonly weights: 'float32' | 'bfloat16'
}

export function multiplyAdd(
  relaxed: boolean,
  x: Expr<'v128'>,
  y: Expr<'v128'>,
  sum: Expr<'v128'>,
): Expr<'v128'> {
  return relaxed ? f32x4.relaxed_madd(x, y, sum) : f32x4.add(sum, f32x4.mul(x, y))
}

/** Eight bfloat16 values as two vectors of float32: bfloat16 is the upper half of a float32. */
export function loadHalves(
  f: FunctionBuilder,
  address: Local<'i32'>,
  offset: number,
  [low, high]: readonly Local<'v128'>[],
): void {
  f.set(high!, v128.load(address, offset))
  f.set(low!, i32x4.shl(high!, 16))
  f.set(high!, i32x4.shl(i32x4.shr_u(high!, 16), 16))
}

export function addTile(module: ModuleBuilder, { rows, relaxed, weights }: TileOptions): TileKernel {
  return module.function(`tile_${rows}x${PANEL}_${weights}`, TILE_SIGNATURE, (f, p) => {
    const panelRowBytes = PANEL * (weights === 'bfloat16' ? 2 : 4)
    const splitRows = rows * VECTORS > UNSPLIT_SUMS
    // Few rows have few sums: step s then adds to chain s mod chains.
    const chains = Math.max(1, Math.min(STEPS, Math.floor(SUMS_IN_FLIGHT / (rows * VECTORS))))
    const end = f.local('i32', 'end')
    const row = f.local('i32', 'c_row')
    const sums = Array.from({ length: chains }, (_, chain) =>
      Array.from({ length: rows }, (_, i) =>
        Array.from({ length: VECTORS }, (_, v) => f.local('v128', `sum${chain}_${i}_${v}`)),
      ),
    )
    const b = Array.from({ length: VECTORS }, (_, v) => f.local('v128', `b${v}`))
    const x = f.local('v128', 'x')

    const eachOfC = (visit: (address: Expr<'i32'>, sum: Local<'v128'>) => void): void => {
      f.set(row, p.c)
      for (let i = 0; i < rows; i++) {
        for (let v = 0; v < VECTORS; v++) {
          visit(
            v === 0 ? row : i32.add(row, v === 1 ? p.vectorBytes : i32.mul(p.vectorBytes, v)),
            sums[0]![i]![v]!,
          )
        }
        if (i < rows - 1) f.increment(row, p.rowBytes)
      }
    }

    f.if(p.accumulate, () => eachOfC((address, sum) => f.set(sum, v128.load(address))))
    f.set(end, i32.add(p.b, i32.mul(p.k, panelRowBytes)))
    let splits = 0
    f.block((done) =>
      f.loop((again) => {
        for (let step = 0; step < STEPS; step++) {
          if (weights === 'float32')
            for (let v = 0; v < VECTORS; v++) f.set(b[v]!, v128.load(p.b, step * panelRowBytes + 16 * v))
          else loadHalves(f, p.b, step * panelRowBytes, b)
          for (let i = 0; i < rows; i++) {
            f.set(x, v128.load32_splat(p.a, 4 * (i * STEPS + step)))
            for (let v = 0; v < VECTORS; v++) {
              const sum = sums[step % chains]![i]![v]!
              f.set(sum, multiplyAdd(relaxed, x, b[v]!, sum))
            }
            if (splitRows && i < rows - 1) f.branchIf(done, i32.eq(p.a, 2 * splits++ + 1))
          }
          if (step < STEPS - 1) f.branchIf(done, i32.eq(i32.add(p.b, panelRowBytes * (step + 1)), end))
        }
        f.increment(p.a, 4 * rows * STEPS)
        f.increment(p.b, panelRowBytes * STEPS)
        f.branchIf(again, i32.ne(p.b, end))
      }),
    )
    for (let i = 0; i < rows; i++)
      for (let v = 0; v < VECTORS; v++)
        for (let chain = 1; chain < chains; chain++)
          f.set(sums[0]![i]![v]!, f32x4.add(sums[0]![i]![v]!, sums[chain]![i]![v]!))
    eachOfC((address, sum) => f.do(v128.store(address, sum)))
  })
}
