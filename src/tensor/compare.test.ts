import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compare } from './compare.ts'
import { Tensor } from './tensor.ts'

const f32 = (...values: number[]) => Float32Array.from(values)

describe('compare', () => {
  it('gives the relative Frobenius error and the largest difference', () => {
    expect(compare(f32(3, 4.5, 0), f32(3, 4, 0))).toEqual({
      relativeError: 0.1,
      maxAbsError: 0.5,
      mismatchedNaN: 0,
    })
  })

  it('agrees with the formula on any numbers, and does not see their scale', () => {
    const numbers = fc.double({ min: -1, max: 1, noNaN: true })
    const pairs = fc.array(fc.tuple(numbers, numbers), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(pairs, fc.integer({ min: -60, max: 60 }), (list, exponent) => {
        const actual = Float32Array.from(list, ([x]) => x * 2 ** exponent)
        const expected = Float64Array.from(list, ([, y]) => y * 2 ** exponent)
        const reference = Math.hypot(...expected)
        const error = Math.hypot(...expected.map((y, i) => actual[i]! - y))
        fc.pre(Math.min(error, reference) > 1e-200)
        const { relativeError } = compare(actual, expected)
        expect(Math.abs(relativeError - error / reference)).toBeLessThanOrEqual((1e-12 * error) / reference)
      }),
    )
  })

  it('squares neither overflow nor underflow', () => {
    const near = (expected: number, actual: number) =>
      compare(f32(actual), Float64Array.of(expected)).relativeError
    expect(near(1e300, 0)).toBe(1)
    expect(near(2 ** -1000, 2 ** -100) / 2 ** 900).toBe(1)
  })

  it('takes tensors of any layout, and int32 exactly', () => {
    const matrix = Tensor.from([1, 2, 3, 4], [2, 2], 'bfloat16')
    expect(compare(matrix.transpose(), f32(1, 3, 2, 4)).relativeError).toBe(0)
    const big = Tensor.from([2 ** 30 + 1], [1], 'int32')
    expect(compare(big, Float64Array.of(2 ** 30)).maxAbsError).toBe(1)
  })

  it('zeros match zeros, and nothing else does', () => {
    expect(compare(f32(0, -0), f32(0, 0)).relativeError).toBe(0)
    expect(compare(f32(1e-30, 0), f32(0, 0)).relativeError).toBe(Infinity)
    expect(compare(f32(), f32()).relativeError).toBe(0)
  })

  it('NaN on one side only fails any check; on both sides it matches', () => {
    expect(compare(f32(1, NaN, NaN), f32(1, 2, NaN))).toEqual({
      relativeError: Infinity,
      maxAbsError: Infinity,
      mismatchedNaN: 1,
    })
    expect(compare(f32(1, 2), f32(NaN, 2)).mismatchedNaN).toBe(1)
    expect(compare(f32(1.5, NaN), f32(1, NaN))).toEqual({
      relativeError: 0.5,
      maxAbsError: 0.5,
      mismatchedNaN: 0,
    })
  })

  it('an infinity matches itself and does not hide the error of the rest', () => {
    expect(compare(f32(Infinity, 1.5), f32(Infinity, 1)).relativeError).toBe(0.5)
    for (const wrong of [f32(-Infinity, 1), f32(3e38, 1)])
      expect(compare(wrong, f32(Infinity, 1)).relativeError).toBe(Infinity)
    expect(compare(f32(Infinity, 1), f32(2, 1)).relativeError).toBe(Infinity)
  })

  it('refuses what has not the same shape', () => {
    const [wide, tall] = [Tensor.zeros([2, 3], 'float32'), Tensor.zeros([3, 2], 'float32')]
    expect(() => compare(wide, tall)).toThrow(
      'compare: actual has shape [2,3], expected has shape [3,2]. Make them the same.',
    )
    expect(() => compare(wide, f32(1, 2))).toThrow(
      'compare: actual has 6 elements, expected has 2 elements. Make them the same.',
    )
  })
})
