/** Every form of every kernel, against float64, at shapes that divide nothing. */
import { describe, expect, test } from 'vitest'
import type { Dims, Kernel } from '../nki/index.ts'
import { check } from '../simulate/index.ts'
import { FAMILIES, formsOf } from './index.ts'

const RAGGED: Dims = { M: 150, K: 300, r: 70, N: 530 }
const WIDE: Dims = { M: 257, K: 129, r: 200, N: 1100 }
const SINGLE: Dims = { M: 1, K: 1, r: 1, N: 1 }
const ALIGNED: Dims = { M: 128, K: 256, r: 128, N: 512 }

const forms = FAMILIES.flatMap(formsOf)
const fitting = (kernel: Kernel, dims: Dims): Dims =>
  Object.fromEntries(
    kernel.dims.map((dim) => [dim, Math.min(dims[dim]!, kernel.limits[dim] ?? Number.POSITIVE_INFINITY)]),
  )

describe.each(forms.map((kernel) => [kernel.name, kernel] as const))('%s', (_, kernel) => {
  test.each([RAGGED, WIDE, SINGLE, ALIGNED])('is right at %o in float32 and bfloat16', (shape) => {
    for (const dtype of ['float32', 'bfloat16'] as const) {
      const result = check(kernel, fitting(kernel, shape), dtype, { seed: 1 })
      expect(result.relativeError, dtype).toBeLessThanOrEqual(result.tolerance)
    }
  })

  test.each(Object.keys(kernel.schedules))('is right with schedule %s', (name) => {
    const result = check(kernel, fitting(kernel, RAGGED), 'bfloat16', {
      seed: 2,
      schedule: kernel.schedules[name]!,
    })
    expect(result.ok).toBe(true)
  })

  const choices = Object.entries(kernel.choices).flatMap(([name, words]) =>
    words.map((word) => [name, word] as const),
  )
  test.each(choices)('is right with %s = %s', (name, word) => {
    const result = check(kernel, fitting(kernel, RAGGED), 'bfloat16', { seed: 3, schedule: { [name]: word } })
    expect(result.ok).toBe(true)
  })

  const options = Object.entries(kernel.options).flatMap(([name, words]) =>
    words.map((word) => [name, word] as const),
  )
  test.each(options)('is right with option %s = %s', (name, word) => {
    const result = check(kernel, fitting(kernel, RAGGED), 'bfloat16', { seed: 4, options: { [name]: word } })
    expect(result.ok).toBe(true)
  })
})
