/**
 * Elementwise instructions and reductions of the Vector engine (some also run on Scalar or GpSimd). They compute in
 * float32 and convert on write. N is the number of elements per partition; no instruction is shorter than 64 cycles.
 */
import type { Dtype } from '../../tensor/index.ts'
import {
  type Broken,
  bytesOf,
  defineOp,
  type Instance,
  onChip,
  optional,
  orNumber,
  type PythonArgs,
  sbuf,
} from '../op.ts'
import { each, get } from './blocks.ts'
import { operator, operatorName } from './functions.ts'

const atLeast64 = (cycles: number): number => Math.max(64, cycles)
const elementwise = () => ({ elementwise: 1 })
const FAST = new Set(['add', 'subtract', 'multiply'])

/** Two inputs take 2N, unless both are in SBUF, in bfloat16, and only added, subtracted or multiplied (L-ISA). */
const isFast =
  (inputs: readonly string[], ops: readonly string[]) =>
  ({ memory, dtype, attributes }: Instance): boolean =>
    inputs.every((role) => memory[role] === 'sbuf' && dtype[role] === 'bfloat16') &&
    ops.every((op) => FAST.has(String(attributes[op])))
const isFastPair = isFast(['data1', 'data2'], ['op'])
const isFastChain = isFast(['data', 'operand1'], ['op0', 'op1'])

const notBothPsum =
  (first: string, second: string) =>
  ({ memory }: { memory: Record<string, string> }): Broken | null =>
    memory[first] === 'psum' && memory[second] === 'psum'
      ? { what: `both ${first} and ${second} are in PSUM`, fix: 'copy one of them to SBUF with tensor_copy' }
      : null

export const tensorCopy = defineOp({
  name: 'tensor_copy',
  summary: 'dst = src, converted to the dtype of dst.',
  engines: ['vector', 'scalar', 'gpsimd'],
  operands: { dst: onChip('A', 'B'), src: onChip('A', 'B') },
  evaluate: ({ dst, src }) => each(dst!, (i, j) => get(src!, i, j)),
  cycles: ({ size }) => atLeast64(size.B),
  tally: elementwise,
  python: {
    legacy: (t) => `${t.dst} = nisa.tensor_copy(${t.src}, dtype=${t.dtype})`,
    current: (t) => `nisa.tensor_copy(${t.dst}, ${t.src})`,
  },
})

export const tensorTensor = defineOp({
  name: 'tensor_tensor',
  summary: 'dst = data1 op data2, elementwise.',
  engines: ['vector', 'gpsimd'],
  operands: { dst: onChip('A', 'B'), data1: onChip('A', 'B'), data2: onChip('A', 'B') },
  attributes: { op: operatorName },
  rule: notBothPsum('data1', 'data2'),
  evaluate({ dst, data1, data2 }, { op }) {
    const f = operator(op)
    each(dst!, (i, j) => f(get(data1!, i, j), get(data2!, i, j)))
  },
  // one input in each memory: both ports are read at once
  cycles: (n) => atLeast64(n.memory.data1 !== n.memory.data2 || isFastPair(n) ? n.size.B : 2 * n.size.B),
  tally: elementwise,
  python: {
    legacy: (t) =>
      t.op === 'add' && t.dst === t.data1
        ? `${t.dst} += ${t.data2}`
        : `${t.dst} = nisa.tensor_tensor(${t.data1}, ${t.data2}, op=nl.${t.op}, dtype=${t.dtype})`,
    current: (t) => `nisa.tensor_tensor(${t.dst}, ${t.data1}, ${t.data2}, nl.${t.op})`,
  },
})

export const tensorScalar = defineOp({
  name: 'tensor_scalar',
  summary: 'dst = (data op0 operand0) op1 operand1, with numbers or one value per partition.',
  engines: ['vector', 'scalar', 'gpsimd'],
  operands: {
    dst: onChip('A', 'B'),
    data: onChip('A', 'B'),
    operand0: orNumber(sbuf('A', '1')),
    operand1: orNumber(optional(sbuf('A', '1'))),
  },
  attributes: { op0: operatorName, op1: { ...operatorName, optional: true } },
  rule({ memory, attributes }) {
    const second = memory.operand1 !== undefined || attributes.operand1 !== undefined
    if (second === (attributes.op1 !== undefined)) return null
    return second
      ? { what: 'operand1 is given without op1', fix: 'give op1, or leave operand1 out' }
      : { what: 'op1 is given without operand1', fix: 'give operand1, or leave op1 out' }
  },
  evaluate({ dst, data, operand0, operand1 }, { op0, op1, operand0: number0, operand1: number1 }) {
    const first = operator(op0)
    const second = op1 === undefined ? (x: number) => x : operator(op1)
    each(dst!, (i, j) => {
      const a = operand0 ? get(operand0, i, 0) : Number(number0)
      const b = operand1 ? get(operand1, i, 0) : Number(number1)
      return second(first(get(data!, i, j), a), b)
    })
  },
  cycles: ({ size }) => atLeast64(size.B),
  tally: elementwise,
  python: {
    legacy: (t) => `${t.dst} = nisa.tensor_scalar(${t.data}${chain(t)}, dtype=${t.dtype})`,
    current: (t) => `nisa.tensor_scalar(${t.dst}, ${t.data}${chain(t)})`,
  },
})
/** `, op0=…, operand0=…` and, where there is one, the second operator. */
const chain = (t: PythonArgs): string =>
  `, op0=nl.${t.op0}, operand0=${t.operand0}${t.op1 ? `, op1=nl.${t.op1}, operand1=${t.operand1}` : ''}`

export const scalarTensorTensor = defineOp({
  name: 'scalar_tensor_tensor',
  summary:
    'dst = (data op0 operand0) op1 operand1, operand0 a number or one value per partition, operand1 a tile.',
  engines: ['vector'],
  operands: {
    dst: onChip('A', 'B'),
    data: onChip('A', 'B'),
    operand0: orNumber(sbuf('A', '1')),
    operand1: onChip('A', 'B'),
  },
  attributes: { op0: operatorName, op1: operatorName },
  rule: notBothPsum('data', 'operand1'),
  evaluate({ dst, data, operand0, operand1 }, { op0, op1, operand0: number0 }) {
    const first = operator(op0)
    const second = operator(op1)
    each(dst!, (i, j) => {
      const a = operand0 ? get(operand0, i, 0) : Number(number0)
      return second(first(get(data!, i, j), a), get(operand1!, i, j))
    })
  },
  cycles: (n) => atLeast64(isFastChain(n) ? n.size.B : 2 * n.size.B),
  tally: elementwise,
  python: {
    legacy: (t) => `${t.dst} = nisa.scalar_tensor_tensor(data=${t.data}${chain(t)}, dtype=${t.dtype})`,
    current: (t) => `nisa.scalar_tensor_tensor(${t.dst}, ${t.data}${chain(t)})`,
  },
})

const isHalf = (dtype: Dtype): boolean => bytesOf(dtype) === 2

export const tensorReduce = defineOp({
  name: 'tensor_reduce',
  summary: 'dst[p] = op over the free axis of data[p, :].',
  engines: ['vector'],
  // what dst does not have is C: then it is inferred from data
  operands: { dst: onChip('A', '1'), data: onChip('A', 'C') },
  attributes: { op: { oneOf: ['add', 'maximum', 'minimum', 'multiply'] } },
  evaluate({ dst, data }, { op }) {
    const f = operator(op)
    each(dst!, (i) => {
      let result = get(data!, i, 0)
      for (let j = 1; j < data!.cols; j++) result = f(result, get(data!, i, j))
      return result
    })
  },
  cycles: ({ size, dtype, attributes }) =>
    atLeast64(
      dtype.data === 'bfloat16' && (attributes.op === 'add' || attributes.op === 'maximum')
        ? size.C / 2
        : size.C,
    ),
  tally: elementwise,
  python: {
    legacy: (t) =>
      `${t.dst} = nisa.tensor_reduce(nl.${t.op}, ${t.data}, axis=(1,), dtype=${t.dtype}, keepdims=True)`,
    current: (t) => `nisa.tensor_reduce(${t.dst}, nl.${t.op}, ${t.data}, axis=1, keepdims=True)`,
  },
})

export const reciprocal = defineOp({
  name: 'reciprocal',
  summary: 'dst = 1 / data, elementwise.',
  engines: ['vector'],
  operands: { dst: onChip('A', 'B'), data: onChip('A', 'B') },
  evaluate: ({ dst, data }) => each(dst!, (i, j) => 1 / get(data!, i, j)),
  cycles: ({ size }) => atLeast64(8 * size.B),
  tally: elementwise,
  python: {
    legacy: (t) => `${t.dst} = nisa.reciprocal(${t.data}, dtype=${t.dtype})`,
    current: (t) => `nisa.reciprocal(${t.dst}, ${t.data})`,
  },
})

export const memset = defineOp({
  name: 'memset',
  summary: 'dst = value.',
  engines: ['vector', 'gpsimd'],
  operands: { dst: onChip('A', 'B') },
  attributes: { value: { number: true } },
  evaluate: ({ dst }, { value }) => each(dst!, () => Number(value)),
  cycles: ({ size, dtype, attributes }) =>
    atLeast64(attributes.value === 0 && isHalf(dtype.dst!) ? size.B / 2 : size.B),
  tally: elementwise,
  python: {
    legacy: (t) => `${t.dst} = nisa.memset(${t.shape}, ${t.value}, dtype=${t.dtype})`,
    current: (t) => `nisa.memset(${t.dst}, ${t.value})`,
  },
})
