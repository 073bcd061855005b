/**
 * Activations on four floats, and the two passes that use them. exp follows Cephes expf: x = n·ln2 + f, |f| ≤ ln2/2, a
 * polynomial of degree 6 in f (relative error below 2e-7), and n put into the exponent. erf is Abramowitz and Stegun
 * 7.1.26 (absolute error below 1.5e-7). Both carry NaN through and overflow to infinity.
 */
import {
  type Expr,
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  type ModuleBuilder,
  v128,
} from '../../../wasm/index.ts'
import { argumentsOf, TASK_SIGNATURE } from './phase.ts'

export const ACTIVATIONS = ['none', 'relu', 'silu', 'gelu'] as const
type ActivationName = (typeof ACTIVATIONS)[number]

function horner(x: Expr<'v128'>, coefficients: readonly number[]): Expr<'v128'> {
  return coefficients
    .slice(1)
    .reduce<Expr<'v128'>>(
      (sum, c) => f32x4.add(f32x4.mul(sum, x), f32x4.const(c)),
      f32x4.const(coefficients[0]!),
    )
}

/** e^x: at least 2^-126, and infinity from about 88.4 on. */
function exp(f: FunctionBuilder, x: Expr<'v128'>): Expr<'v128'> {
  const clamped = f.local('v128', 'clamped')
  const n = f.local('v128', 'n')
  const fraction = f.local('v128', 'fraction')
  f.set(clamped, f32x4.min(f32x4.max(x, f32x4.const(-87.33)), f32x4.const(89)))
  f.set(n, f32x4.nearest(f32x4.mul(clamped, f32x4.const(Math.LOG2E))))
  // ln2 in two parts, the first with few enough bits that n times it is exact.
  f.set(fraction, f32x4.sub(clamped, f32x4.mul(n, f32x4.const(0.693359375))))
  f.set(fraction, f32x4.add(fraction, f32x4.mul(n, f32x4.const(2.1219444005469057e-4))))
  const polynomial = horner(fraction, [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1])
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.const(127)), 23)
  return f32x4.mul(polynomial, scale)
}

/** erf(z) for z ≥ 0. */
function erf(f: FunctionBuilder, z: Local<'v128'>): Expr<'v128'> {
  const t = f.local('v128', 't')
  f.set(t, f32x4.div(f32x4.const(1), f32x4.add(f32x4.const(1), f32x4.mul(z, f32x4.const(0.3275911)))))
  const polynomial = f32x4.mul(
    t,
    horner(t, [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592]),
  )
  return f32x4.sub(f32x4.const(1), f32x4.mul(polynomial, exp(f, f32x4.neg(f32x4.mul(z, z)))))
}

function activate(f: FunctionBuilder, kind: ActivationName, x: Local<'v128'>): Expr<'v128'> {
  if (kind === 'none') return x
  if (kind === 'relu') return f32x4.max(x, f32x4.const(0))
  if (kind === 'silu') return f32x4.div(x, f32x4.add(f32x4.const(1), exp(f, f32x4.neg(x))))
  const z = f.local('v128', 'z')
  f.set(z, f32x4.mul(f32x4.abs(x), f32x4.const(Math.SQRT1_2)))
  const sign = v128.and(x, i32x4.const(0x80000000))
  return f32x4.mul(f32x4.mul(x, f32x4.const(0.5)), f32x4.add(f32x4.const(1), v128.xor(erf(f, z), sign)))
}

export function addFinishRows(module: ModuleBuilder, kind: ActivationName) {
  return module.function(`finish_rows_${kind}`, TASK_SIGNATURE, (f, { phase, index }) => {
    const args = argumentsOf('finishRows', phase)
    const [row, end, y, bias, i] = ['row', 'end', 'y', 'bias', 'i'].map((name) => f.local('i32', name)) as [
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
    ]
    const x = f.local('v128', 'x')
    f.set(row, i32.mul(index, args.rowsPerTask))
    f.set(end, i32.add(row, args.rowsPerTask))
    f.if(i32.lt_u(args.rows, end), () => f.set(end, args.rows))
    f.forEach(row, { from: row, to: end }, () => {
      f.set(y, i32.add(args.y, i32.mul(row, args.rowBytes)))
      f.set(bias, args.bias)
      f.forEach(i, { from: 0, to: args.vectors }, () => {
        f.set(x, f32x4.add(v128.load(y), v128.load(bias)))
        f.do(v128.store(y, activate(f, kind, x)))
        f.increment(y, 16)
        f.increment(bias, 16)
      })
    })
  })
}

export function addCombine(module: ModuleBuilder, kind: ActivationName) {
  return module.function(`combine_${kind}`, TASK_SIGNATURE, (f, { phase, index }) => {
    const args = argumentsOf('combine', phase)
    const [at, end] = [f.local('i32', 'at'), f.local('i32', 'end')]
    const [x, up] = [f.local('v128', 'x'), f.local('v128', 'up')]
    f.set(at, i32.mul(index, args.vectorsPerTask))
    f.set(end, i32.add(at, args.vectorsPerTask))
    f.if(i32.lt_u(args.vectors, end), () => f.set(end, args.vectors))
    f.forEach(at, { from: at, to: end }, () => {
      f.set(x, v128.load(i32.add(args.gate, i32.shl(at, 4))))
      f.set(up, v128.load(i32.add(args.up, i32.shl(at, 4))))
      f.do(v128.store(i32.add(args.gate, i32.shl(at, 4)), f32x4.mul(activate(f, kind, x), up)))
    })
  })
}
