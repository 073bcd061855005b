/** Rows in and out: X into the row tiles of a strip, Y rounded to bfloat16. */
import {
  type Expr,
  type FunctionBuilder,
  f32x4,
  i16x8,
  i32,
  i32x4,
  type Local,
  type ModuleBuilder,
  v128,
} from '../../../wasm/index.ts'
import { argumentsOf, TASK_SIGNATURE } from './phase.ts'

/** Float32 lanes rounded to bfloat16 and widened again: nearest, ties to even; NaN stays NaN. */
function roundToBfloat16(f: FunctionBuilder, x: Local<'v128'>): Expr<'v128'> {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.const(1))
  const rounded = f.local('v128', 'rounded')
  f.set(rounded, v128.and(i32x4.add(i32x4.add(x, i32x4.const(0x7fff)), odd), i32x4.const(0xffff0000)))
  return v128.bitselect(rounded, i32x4.const(0x7fc00000), f32x4.eq(x, x))
}

/** `round` rounds float32 rows to bfloat16, which a bfloat16 layer multiplies; bfloat16 rows are widened, exactly. */
export function addPackRows(module: ModuleBuilder, from: 'float32' | 'bfloat16', round: boolean) {
  const bytes = from === 'bfloat16' ? 2 : 4
  return module.function(
    `pack_rows_${from}${round ? '_rounded' : ''}`,
    TASK_SIGNATURE,
    (f, { phase, index }) => {
      const args = argumentsOf('packRows', phase)
      const [rows, i, source, target, k, end] = ['rows', 'i', 'source', 'target', 'k', 'end'].map((name) =>
        f.local('i32', name),
      ) as [Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>]
      const x = f.local('v128', 'x')
      f.set(rows, i32.sub(args.rows, i32.mul(index, args.tileRows)))
      f.if(i32.lt_u(args.tileRows, rows), () => f.set(rows, args.tileRows))
      f.forEach(i, { from: 0, to: rows }, () => {
        f.set(source, i32.add(args.x, i32.mul(i32.add(i32.mul(index, args.tileRows), i), args.xRowBytes)))
        f.set(target, i32.add(i32.add(args.strip, i32.mul(index, args.tileBytes)), i32.mul(i, 16)))
        // Rows are staged with up to three elements of padding, which the product never reads.
        f.set(end, i32.add(source, i32.mul(args.k, bytes)))
        f.forEach(k, { from: source, to: end, step: 4 * bytes }, () => {
          f.set(x, from === 'bfloat16' ? i32x4.shl(i32x4.load16x4_u(k), 16) : v128.load(k))
          f.do(v128.store(target, round ? roundToBfloat16(f, x) : x))
          f.increment(target, i32.mul(rows, 16))
        })
      })
    },
  )
}

export function addRoundRows(module: ModuleBuilder) {
  return module.function('round_rows', TASK_SIGNATURE, (f, { phase, index }) => {
    const args = argumentsOf('roundRows', phase)
    const [row, end, y, out, i] = ['row', 'end', 'y', 'out', 'i'].map((name) => f.local('i32', name)) as [
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
    ]
    const [low, high] = [f.local('v128', 'low'), f.local('v128', 'high')]
    f.set(row, i32.mul(index, args.rowsPerTask))
    f.set(end, i32.add(row, args.rowsPerTask))
    f.if(i32.lt_u(args.rows, end), () => f.set(end, args.rows))
    f.forEach(row, { from: row, to: end }, () => {
      f.set(y, i32.add(args.y, i32.mul(row, args.rowBytes)))
      f.set(out, i32.add(args.out, i32.mul(row, args.outRowBytes)))
      f.forEach(i, { from: 0, to: args.vectors, step: 2 }, () => {
        f.set(low, v128.load(y))
        f.set(high, v128.load(y, 16))
        const halves = [roundToBfloat16(f, low), roundToBfloat16(f, high)].map((half) =>
          i32x4.shr_u(half, 16),
        )
        f.do(v128.store(out, i16x8.narrow_i32x4_u(halves[0]!, halves[1]!)))
        f.increment(y, 32)
        f.increment(out, 16)
      })
    })
  })
}
