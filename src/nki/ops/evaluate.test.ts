/** What each instruction computes, against formulas that know nothing of blocks, offsets and strides. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Block } from '../op.ts'
import { ACTIVATIONS, type ActivationFunction, OPERATORS } from './functions.ts'
import { OPS, opTable } from './index.ts'

type Rows = readonly (readonly number[])[]
const { fround } = Math

/** These rows somewhere inside a larger array, so that offset and stride matter; 777 around them. */
function blockOf(rows: Rows, position: { row?: number; col?: number } = {}): Block {
  const cols = rows[0]!.length
  const stride = cols + 3
  const offset = 5
  const data = new Float32Array(offset + rows.length * stride + 2).fill(777)
  rows.forEach((row, i) => {
    data.set(row, offset + i * stride)
  })
  return { data, offset, stride, rows: rows.length, cols, row: 0, col: 0, ...position }
}
const rowsOf = ({ data, offset, stride, rows, cols }: Block): number[][] =>
  Array.from({ length: rows }, (_, i) => [...data.slice(offset + i * stride, offset + i * stride + cols)])
const untouched = ({ data, rows, cols }: Block): boolean =>
  data.filter((x) => x === 777).length >= data.length - rows * cols

const value = fc.float({ min: -8, max: 8, noNaN: true })
const matrix = (rows: number, cols: number) =>
  fc.array(fc.array(value, { minLength: cols, maxLength: cols }), { minLength: rows, maxLength: rows })
const sizes = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }))
/** Two matrices of one size and a column, and a second column. */
const operands = sizes.chain(([m, n]) => fc.tuple(matrix(m, n), matrix(m, n), matrix(m, 1), matrix(m, 1)))

const blank = (rows: number, cols: number): Block =>
  blockOf(Array.from({ length: rows }, () => new Array<number>(cols).fill(-1)))
/** The rows that an op computes. */
function evaluated(
  op: { evaluate(blocks: Record<string, Block>, attributes: Record<string, string | number>): void },
  [rows, cols]: [number, number],
  inputs: Record<string, Rows>,
  attributes: Record<string, string | number> = {},
): number[][] {
  const dst = blank(rows, cols)
  op.evaluate(
    { dst, ...Object.fromEntries(Object.entries(inputs).map(([role, rows]) => [role, blockOf(rows)])) },
    attributes,
  )
  expect(untouched(dst)).toBe(true)
  return rowsOf(dst)
}
const map = (a: Rows, f: (x: number, i: number, j: number) => number): number[][] =>
  a.map((row, i) => row.map((x, j) => fround(f(x, i, j))))
const transposed = (a: Rows): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!))
const shape = (a: Rows): [number, number] => [a.length, a[0]!.length]
/** In float32 every operator rounds once. */
const apply = (op: string, a: number, b: number): number =>
  fround(
    {
      add: a + b,
      subtract: a - b,
      multiply: a * b,
      divide: a / b,
      maximum: Math.max(a, b),
      minimum: Math.min(a, b),
    }[op]!,
  )
const operator = fc.constantFrom(...Object.keys(OPERATORS))
/** 0/0 is a NaN like any other, and −0 equals 0 where a maximum chooses between them. */
const same = (a: Rows, b: Rows): void => {
  expect(map(a, (x) => x + 0)).toEqual(map(b, (x) => x + 0))
}

describe('movement', () => {
  test('dma_copy and tensor_copy', () => {
    fc.assert(
      fc.property(operands, ([a]) => {
        same(evaluated(OPS.dmaCopy, shape(a), { src: a }), a)
        same(evaluated(OPS.tensorCopy, shape(a), { src: a }), a)
      }),
    )
  })
  test('dma_transpose and nc_transpose', () => {
    fc.assert(
      fc.property(operands, ([a]) => {
        same(evaluated(OPS.dmaTranspose, shape(transposed(a)), { src: a }), transposed(a))
        same(evaluated(OPS.ncTranspose, shape(transposed(a)), { data: a }), transposed(a))
      }),
    )
  })
  test('memset', () => {
    expect(evaluated(OPS.memset, [2, 3], {}, { value: 0.1 })).toEqual(
      map(
        [
          [0.1, 0.1, 0.1],
          [0.1, 0.1, 0.1],
        ],
        (x) => x,
      ),
    )
  })
  test('iota counts from the position in its dimensions', () => {
    const dst = { ...blank(2, 3), row: 128, col: 512 }
    OPS.iota.evaluate({ dst }, { offset: 7, channelMultiplier: 1000, step: 2 })
    expect(rowsOf(dst)).toEqual([
      [129031, 129033, 129035],
      [130031, 130033, 130035],
    ])
  })
})

describe('nc_matmul', () => {
  test('adds the products to dst in the order of the contraction, each and each sum rounded to float32', () => {
    const case_ = fc
      .tuple(fc.integer({ min: 1, max: 9 }), sizes)
      .chain(([k, [m, n]]) => fc.tuple(matrix(k, m), matrix(k, n), matrix(m, n)))
    fc.assert(
      fc.property(case_, ([stationary, moving, before]) => {
        const dst = blockOf(before)
        OPS.ncMatmul.evaluate({ dst, stationary: blockOf(stationary), moving: blockOf(moving) }, {})
        const expected = map(before, (x, i, j) =>
          stationary.reduce((sum, row, k) => fround(sum + fround(row[i]! * moving[k]![j]!)), x),
        )
        same(rowsOf(dst), expected)
      }),
    )
  })
})

describe('elementwise', () => {
  test('tensor_tensor', () => {
    fc.assert(
      fc.property(operands, operator, ([a, b], op) => {
        const result = evaluated(OPS.tensorTensor, shape(a), { data1: a, data2: b }, { op })
        same(
          result,
          map(a, (x, i, j) => apply(op, x, b[i]![j]!)),
        )
      }),
    )
  })
  test('tensor_scalar, with numbers and with one value per partition', () => {
    fc.assert(
      fc.property(operands, operator, operator, value, ([a, , c, d], op0, op1, n) => {
        const both = evaluated(
          OPS.tensorScalar,
          shape(a),
          { data: a, operand0: c, operand1: d },
          { op0, op1 },
        )
        same(
          both,
          map(a, (x, i) => apply(op1, apply(op0, x, c[i]![0]!), d[i]![0]!)),
        )
        const numbers = evaluated(
          OPS.tensorScalar,
          shape(a),
          { data: a },
          { op0, op1, operand0: n, operand1: 3 },
        )
        same(
          numbers,
          map(a, (x) => apply(op1, apply(op0, x, n), 3)),
        )
        const one = evaluated(OPS.tensorScalar, shape(a), { data: a, operand0: c }, { op0 })
        same(
          one,
          map(a, (x, i) => apply(op0, x, c[i]![0]!)),
        )
      }),
    )
  })
  test('scalar_tensor_tensor', () => {
    fc.assert(
      fc.property(operands, operator, operator, ([a, b, c], op0, op1) => {
        const result = evaluated(
          OPS.scalarTensorTensor,
          shape(a),
          { data: a, operand0: c, operand1: b },
          { op0, op1 },
        )
        same(
          result,
          map(a, (x, i, j) => apply(op1, apply(op0, x, c[i]![0]!), b[i]![j]!)),
        )
        const number = evaluated(
          OPS.scalarTensorTensor,
          shape(a),
          { data: a, operand1: b },
          { op0, op1, operand0: 2 },
        )
        same(
          number,
          map(a, (x, i, j) => apply(op1, apply(op0, x, 2), b[i]![j]!)),
        )
      }),
    )
  })
  test('numbers are float32, as the instruction takes them', () => {
    const [[sum]] = evaluated(
      OPS.tensorScalar,
      [1, 1],
      { data: [[1]] },
      { op0: 'multiply', operand0: 0.1 },
    ) as [[number]]
    expect(sum).toBe(fround(0.1))
  })
  test('arithmetic is in float32 where int32 is exact: 2²⁴ + 1 is rounded before it is added', () => {
    const int = (x: number): Block => ({
      data: Float64Array.of(x),
      offset: 0,
      stride: 1,
      rows: 1,
      cols: 1,
      row: 0,
      col: 0,
    })
    const sum = int(0)
    OPS.tensorTensor.evaluate({ dst: sum, data1: int(2 ** 24 + 1), data2: int(0) }, { op: 'add' })
    expect(sum.data[0]).toBe(2 ** 24)
    const copy = int(0)
    OPS.tensorCopy.evaluate({ dst: copy, src: int(2 ** 24 + 1) }, {})
    expect(copy.data[0]).toBe(2 ** 24 + 1)
  })
  test('reciprocal', () => {
    fc.assert(
      fc.property(operands, ([a]) =>
        same(
          evaluated(OPS.reciprocal, shape(a), { data: a }),
          map(a, (x) => 1 / x),
        ),
      ),
    )
  })
  test('an op may write what it reads', () => {
    const block = blockOf([[1, 2, 3]])
    OPS.tensorTensor.evaluate({ dst: block, data1: block, data2: block }, { op: 'add' })
    expect(rowsOf(block)).toEqual([[2, 4, 6]])
  })
})

test('tensor_reduce goes along the free axis, rounding at each step', () => {
  const reduction = fc.constantFrom('add', 'maximum', 'minimum', 'multiply')
  fc.assert(
    fc.property(operands, reduction, ([a], op) => {
      const result = evaluated(OPS.tensorReduce, [a.length, 1], { data: a }, { op })
      same(
        result,
        a.map(([first, ...rest]) => [rest.reduce((x, y) => apply(op, x, y), first!)]),
      )
    }),
  )
})

describe('activation functions', () => {
  const at = [-10, -8, -6, -4, -2.875, -2.5, -1, -0.125, -1e-4, 0, 1e-4, 0.5, 1, 2.875, 3, 6, 9]
  // computed with 60 digits (gelu: the Taylor series of erf, with 120), rounded to double
  const exact: Record<string, readonly number[]> = {
    exp: [
      4.5399929762484854e-5,
      0.00033546262790251185,
      0.0024787521766663585,
      0.01831563888873418,
      0.05641613950377735,
      0.0820849986238988,
      0.36787944117144233,
      0.8824969025845955,
      0.9999000049998333,
      1,
      1.0001000050001667,
      1.6487212707001282,
      Math.E,
      17.725424121461643,
      20.085536923187668,
      403.4287934927351,
      8103.083927575384,
    ],
    silu: [
      -0.00045397868702434395, -0.002682801043731825, -0.014835738939808645, -0.07194483984836623,
      -0.15353457317449468, -0.18964545005310887, -0.2689414213699951, -0.05859882832828047,
      -4.9997500000002084e-5, 0, 5.0002499999997914e-5, 0.3112296656009273, 0.7310585786300049,
      2.7214654268255054, 2.8577223804672998, 5.985164261060191, 8.998889448816124,
    ],
    sigmoid: [
      4.5397868702434395e-5, 0.0003353501304664781, 0.0024726231566347743, 0.01798620996209156,
      0.053403329799824234, 0.07585818002124355, 0.2689414213699951, 0.46879062662624377, 0.4999750000000208,
      0.5, 0.5000249999999792, 0.6224593312018546, 0.7310585786300049, 0.9465966702001758, 0.9525741268224333,
      0.9975273768433652, 0.9998766054240138,
    ],
    gelu: [
      -7.619853024160526e-23, -4.976768459417427e-15, -5.9195258702261885e-9, -0.0001266849673324797,
      -0.005807895283594755, -0.015524163314440337, -0.15865525393145705, -0.056282721896235885,
      -4.9996010577202634e-5, 0, 5.0003989422797364e-5, 0.34573123063700656, 0.8413447460685429,
      2.8691921047164053, 2.99595030590511, 5.999999994080474, 9,
    ],
    tanh: [
      -0.9999999958776927, -0.9999997749296758, -0.9999877116507956, -0.999329299739067, -0.9936546343150297,
      -0.9866142981514303, -0.7615941559557649, -0.12435300177159621, -9.999999966666667e-5, 0,
      9.999999966666667e-5, 0.46211715726000974, 0.7615941559557649, 0.9936546343150297, 0.9950547536867305,
      0.9999877116507956, 0.999999969540041,
    ],
    copy: at,
    relu: at.map((x) => Math.max(x, 0)),
    square: at.map((x) => x ** 2),
    rsqrt: at.map((x) => (x < 0 ? Number.NaN : x ** -0.5)),
  }

  test.each(Object.keys(ACTIVATIONS) as ActivationFunction[])('%s', (name) => {
    at.forEach((x, i) => {
      const expected = exact[name]![i]!
      const actual = ACTIVATIONS[name](x)
      if (!Number.isFinite(expected) || expected === 0) expect(actual + 0).toBe(expected + 0)
      else
        expect(Math.abs(actual - expected), `${name}(${x})`).toBeLessThanOrEqual(1e-13 * Math.abs(expected))
    })
  })

  test.each([
    ['silu', Number.NEGATIVE_INFINITY, 0],
    ['silu', -800, 0],
    ['silu', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['gelu', Number.NEGATIVE_INFINITY, 0],
    ['gelu', -60, 0],
    ['gelu', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['sigmoid', Number.NEGATIVE_INFINITY, 0],
    ['sigmoid', Number.POSITIVE_INFINITY, 1],
    ['relu', Number.NEGATIVE_INFINITY, 0],
  ] as const)('%s(%d) is %d', (name, x, limit) => {
    expect(ACTIVATIONS[name](x) + 0).toBe(limit)
  })

  test('NaN goes through all of them', () => {
    for (const [name, f] of Object.entries(ACTIVATIONS)) expect(f(Number.NaN), name).toBeNaN()
  })

  test('gelu rises from 2 on and follows x·Φ(x) across the seam of its two forms', () => {
    const gelu = ACTIVATIONS.gelu
    for (const seam of [-2 * Math.SQRT2, 2 * Math.SQRT2]) {
      const [below, above] = [gelu(seam - 1e-9), gelu(seam + 1e-9)]
      expect(Math.abs(above - below)).toBeLessThan(3e-9)
    }
  })

  test('activation scales, then adds the bias of its partition', () => {
    fc.assert(
      fc.property(operands, value, ([a, , bias], scale) => {
        const result = evaluated(OPS.activation, shape(a), { data: a, bias }, { op: 'relu', scale })
        same(
          result,
          map(a, (x, i) => Math.max(0, fround(x * scale + bias[i]![0]!))),
        )
        same(evaluated(OPS.activation, shape(a), { data: a }, { op: 'copy', scale: 1 }), a)
      }),
    )
  })
})

test('every op has a test here', () => {
  expect(opTable.map((op) => op.name).sort()).toEqual([
    'activation',
    'dma_copy',
    'dma_transpose',
    'iota',
    'memset',
    'nc_matmul',
    'nc_transpose',
    'reciprocal',
    'scalar_tensor_tensor',
    'tensor_copy',
    'tensor_reduce',
    'tensor_scalar',
    'tensor_tensor',
  ])
})
