import { expect, test } from 'vitest'
import { activations, erf } from './activation.ts'

// NIST DLMF table values and Mathematica's Erf to 16 digits.
test.each([
  [0, 0],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [2.4, 0.9993114861033549],
  [2.6, 0.9997639655834707],
  [3.5, 0.9999992569016276],
  [7, 1],
])('erf(%d)', (x, value) => {
  expect(erf(x)).toBeCloseTo(value, 14)
  expect(erf(-x)).toBeCloseTo(-value, 14)
})

test('activations at known points', () => {
  expect(erf(Number.NaN)).toBeNaN()
  expect(activations.silu(1)).toBeCloseTo(0.7310585786300049, 15)
  expect(activations.gelu(1)).toBeCloseTo(0.8413447460685429, 15)
  expect(activations.relu(Number.NaN)).toBeNaN()
  expect(activations.relu(-3)).toBe(0)
})
