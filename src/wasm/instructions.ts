/**
 * The instructions that the kernels use, as typed expressions: `f32x4.add(a, b)` takes two `Expr<'v128'>` and is one.
 * An operand of the wrong type does not compile, so a stack that does not balance cannot be written. Operands are
 * evaluated left to right, which is the order in which their bytes stand: the generators rely on it to place loads.
 * Opcodes: WebAssembly Core Specification 5.4; SIMD prefix 0xfd, atomics 0xfe; relaxed SIMD from its proposal, now
 * part of WebAssembly 3.0.
 */
import { type Bytes, signed, unsigned } from './encoding.ts'

export type ValueType = 'i32' | 'i64' | 'f32' | 'v128'

/** Binary code of each value type. */
export const VALUE_TYPE_CODES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  v128: 0x7b,
}

/** Code that leaves one value of type T on the stack. */
export interface Expr<T extends ValueType> {
  readonly type: T
  readonly code: Bytes
}

/** A plain number stands for an i32 constant. */
export type Operand<T extends ValueType> = T extends 'i32' ? Expr<'i32'> | number : Expr<T>

/** One operand for each type in a list of types. */
export type Operands<P extends readonly ValueType[]> = { [K in keyof P]: Operand<P[K]> }

export function toExpr<T extends ValueType>(operand: Operand<T>): Expr<T> {
  const expr: Expr<ValueType> = typeof operand === 'number' ? i32.const(operand) : operand
  return expr as Expr<T>
}

export function codeOf(operands: readonly (Expr<ValueType> | number)[]): number[] {
  return operands.flatMap((operand) => (typeof operand === 'number' ? i32.const(operand).code : operand.code))
}

/** An instruction without immediates: operand types (only the compiler reads them), result type, opcode bytes. */
function op<const P extends readonly ValueType[], R extends ValueType>(
  _params: P,
  result: R,
  ...opcode: number[]
) {
  return (...operands: Operands<P>): Expr<R> => ({
    type: result,
    code: [...codeOf(operands as readonly (Expr<ValueType> | number)[]), ...opcode],
  })
}

/** A load; the alignment is a hint (log2 of bytes), the offset is added to the address without wrapping. */
function load<R extends ValueType>(result: R, align: number, ...opcode: number[]) {
  return (address: Operand<'i32'>, offset = 0): Expr<R> => ({
    type: result,
    code: [...codeOf([address]), ...opcode, align, ...unsigned(offset)],
  })
}

/** Code that leaves nothing on the stack. */
export interface Statement {
  readonly type: 'void'
  readonly code: Bytes
}

function store<const T extends ValueType>(_value: T, align: number, ...opcode: number[]) {
  return (address: Operand<'i32'>, value: Operand<T>, offset = 0): Statement => ({
    type: 'void',
    code: [...codeOf([address, value]), ...opcode, align, ...unsigned(offset)],
  })
}

const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)]
const atomic = (opcode: number): number[] => [0xfe, ...unsigned(opcode)]

export const i32 = {
  const: (value: number): Expr<'i32'> => ({ type: 'i32', code: [0x41, ...signed(value)] }),
  load: load('i32', 2, 0x28),
  load16_u: load('i32', 1, 0x2f),
  store: store('i32', 2, 0x36),
  store16: store('i32', 1, 0x3b),
  eqz: op(['i32'], 'i32', 0x45),
  eq: op(['i32', 'i32'], 'i32', 0x46),
  ne: op(['i32', 'i32'], 'i32', 0x47),
  lt_u: op(['i32', 'i32'], 'i32', 0x49),
  ge_u: op(['i32', 'i32'], 'i32', 0x4f),
  add: op(['i32', 'i32'], 'i32', 0x6a),
  sub: op(['i32', 'i32'], 'i32', 0x6b),
  mul: op(['i32', 'i32'], 'i32', 0x6c),
  div_u: op(['i32', 'i32'], 'i32', 0x6e),
  rem_u: op(['i32', 'i32'], 'i32', 0x70),
  and: op(['i32', 'i32'], 'i32', 0x71),
  or: op(['i32', 'i32'], 'i32', 0x72),
  shl: op(['i32', 'i32'], 'i32', 0x74),
  shr_u: op(['i32', 'i32'], 'i32', 0x76),
  /** `first` where `condition` is not zero, else `second`. */
  select: (first: Operand<'i32'>, second: Operand<'i32'>, condition: Operand<'i32'>): Expr<'i32'> => ({
    type: 'i32',
    code: [...codeOf([first, second, condition]), 0x1b],
  }),
  atomic: {
    load: load('i32', 2, ...atomic(0x10)),
    store: store('i32', 2, ...atomic(0x17)),
    /** Adds and gives the value before. */
    add: (address: Operand<'i32'>, value: Operand<'i32'>, offset = 0): Expr<'i32'> => ({
      type: 'i32',
      code: [...codeOf([address, value]), ...atomic(0x1e), 2, ...unsigned(offset)],
    }),
  },
}

export const memory = {
  atomic: {
    /** Wakes up to `count` waiters (-1: all) on an address; gives how many. */
    notify: (address: Operand<'i32'>, count: Operand<'i32'>, offset = 0): Expr<'i32'> => ({
      type: 'i32',
      code: [...codeOf([address, count]), ...atomic(0x00), 2, ...unsigned(offset)],
    }),
    /** Sleeps while the word holds `expected`, until a notify; without time limit. Traps where sleeping is forbidden. */
    wait32: (address: Operand<'i32'>, expected: Operand<'i32'>, offset = 0): Expr<'i32'> => ({
      type: 'i32',
      code: [...codeOf([address, expected]), 0x42, ...signed(-1), ...atomic(0x01), 2, ...unsigned(offset)],
    }),
  },
}

export const f32 = {
  load: load('f32', 2, 0x2a),
  store: store('f32', 2, 0x38),
}

/** Sixteen bytes, little endian, of four 32-bit lanes. */
const lanes32 = (lanes: Uint32Array | Float32Array): number[] => [...new Uint8Array(lanes.buffer)]

export const v128 = {
  load: load('v128', 4, ...simd(0x00)),
  load32_splat: load('v128', 2, ...simd(0x09)),
  load64_splat: load('v128', 3, ...simd(0x0a)),
  store: store('v128', 4, ...simd(0x0b)),
  store32_lane: (address: Operand<'i32'>, value: Operand<'v128'>, lane: number, offset = 0): Statement => ({
    type: 'void',
    code: [...codeOf([address, value]), ...simd(0x5a), 2, ...unsigned(offset), lane],
  }),
  and: op(['v128', 'v128'], 'v128', ...simd(0x4e)),
  or: op(['v128', 'v128'], 'v128', ...simd(0x50)),
  xor: op(['v128', 'v128'], 'v128', ...simd(0x51)),
  /** Bits of `first` where `mask` has ones, else of `second`. */
  bitselect: op(['v128', 'v128', 'v128'], 'v128', ...simd(0x52)),
}

export const i32x4 = {
  const: (value: number): Expr<'v128'> => ({
    type: 'v128',
    code: [...simd(0x0c), ...lanes32(new Uint32Array(4).fill(value >>> 0))],
  }),
  /** Four unsigned 16-bit values from memory, one in each lane. */
  load16x4_u: load('v128', 3, ...simd(0x04)),
  add: op(['v128', 'v128'], 'v128', ...simd(0xae)),
  shl: op(['v128', 'i32'], 'v128', ...simd(0xab)),
  shr_u: op(['v128', 'i32'], 'v128', ...simd(0xad)),
  trunc_sat_f32x4_s: op(['v128'], 'v128', ...simd(0xf8)),
}

export const i16x8 = {
  /** Four lanes of each operand as unsigned 16-bit values, saturating. */
  narrow_i32x4_u: op(['v128', 'v128'], 'v128', ...simd(0x86)),
}

export const f32x4 = {
  const: (value: number): Expr<'v128'> => ({
    type: 'v128',
    code: [...simd(0x0c), ...lanes32(new Float32Array(4).fill(value))],
  }),
  splat: op(['f32'], 'v128', ...simd(0x13)),
  eq: op(['v128', 'v128'], 'v128', ...simd(0x41)),
  lt: op(['v128', 'v128'], 'v128', ...simd(0x43)),
  gt: op(['v128', 'v128'], 'v128', ...simd(0x44)),
  nearest: op(['v128'], 'v128', ...simd(0x6a)),
  abs: op(['v128'], 'v128', ...simd(0xe0)),
  neg: op(['v128'], 'v128', ...simd(0xe1)),
  add: op(['v128', 'v128'], 'v128', ...simd(0xe4)),
  sub: op(['v128', 'v128'], 'v128', ...simd(0xe5)),
  mul: op(['v128', 'v128'], 'v128', ...simd(0xe6)),
  div: op(['v128', 'v128'], 'v128', ...simd(0xe7)),
  min: op(['v128', 'v128'], 'v128', ...simd(0xe8)),
  max: op(['v128', 'v128'], 'v128', ...simd(0xe9)),
  /** a·b + c, rounded once or twice as the machine likes (relaxed SIMD). */
  relaxed_madd: op(['v128', 'v128', 'v128'], 'v128', ...simd(0x105)),
}

export const f64x2 = {
  add: op(['v128', 'v128'], 'v128', ...simd(0xf0)),
  mul: op(['v128', 'v128'], 'v128', ...simd(0xf2)),
}
