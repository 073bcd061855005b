import { describe, expect, it } from 'vitest'
import { compare } from './compare.ts'
import { roundInPlace } from './convert.ts'
import { DTYPES, type Dtype } from './dtype.ts'
import { randomTensor } from './random.ts'
import { tolerance } from './tolerance.ts'

/** X·W for a few outputs, rounded to the dtype after each block of the contraction; and the same in float64. */
function product(dtype: Dtype, contraction: number, block: number, distribution: 'normal' | 'uniform') {
  const [rows, columns] = [16, 16]
  const x = randomTensor([rows, contraction], dtype, { seed: 1, distribution }).toFloat32()
  const scale = 0.25 // so that the longest product stays below 240, where float8_e4m3 ends
  const w = randomTensor([columns, contraction], dtype, { seed: 2, distribution, scale }).toFloat32()
  const rounded = new Float32Array(rows * columns)
  const exact = new Float64Array(rows * columns)
  for (let start = 0; start < contraction; start += block) {
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let [part, sum] = [0, 0]
        for (let k = start; k < Math.min(start + block, contraction); k++) {
          const [a, b] = [x[i * contraction + k]!, w[j * contraction + k]!]
          part = Math.fround(part + Math.fround(a * b))
          sum += a * b
        }
        rounded[i * columns + j]! += part
        exact[i * columns + j]! += sum
      }
    roundInPlace(rounded, dtype)
  }
  return compare(rounded, exact).relativeError
}

describe('tolerance', () => {
  const lengths = [1, 100, 512, 1024, 5000, 16384]

  describe.each(['float32', 'bfloat16', 'float16', 'float8_e4m3'] as const)('%s', (dtype) => {
    it.each(lengths)('covers a product of contraction %d, closely', (contraction) => {
      const block = dtype === 'float32' ? contraction : 512
      for (const distribution of ['normal', 'uniform'] as const) {
        const error = product(dtype, contraction, block, distribution)
        expect(error).toBeLessThanOrEqual(tolerance(dtype, contraction))
        if (contraction > 1) expect(error).toBeGreaterThan(tolerance(dtype, contraction) / 10)
      }
    })
  })

  it('catches what is rounded far too often', () => {
    expect(product('bfloat16', 4096, 1, 'normal')).toBeGreaterThan(tolerance('bfloat16', 4096))
  })

  it('catches bfloat16 arithmetic passed off as float32, and float8 as bfloat16', () => {
    expect(product('bfloat16', 512, 512, 'normal')).toBeGreaterThan(tolerance('float32', 16384))
    expect(product('float8_e4m3', 512, 512, 'normal')).toBeGreaterThan(tolerance('bfloat16', 16384))
  })

  it('stays within 1e-5 in float32 and 1e-2 in bfloat16, and grows with the contraction', () => {
    expect(tolerance('float32', 28000)).toBeLessThan(1e-5)
    expect(tolerance('bfloat16', 28000)).toBeLessThan(1e-2)
    for (const dtype of DTYPES.filter((d) => !d.startsWith('int'))) {
      const series = lengths.map((length) => tolerance(dtype, length))
      expect(series).toEqual(series.toSorted((a, b) => a - b))
      expect(series[0]).toBeGreaterThan(0)
    }
  })

  it('integers are exact', () => {
    expect(['int8', 'int32'].map((dtype) => tolerance(dtype as Dtype, 4096))).toEqual([0, 0])
  })

  it.each([0, -1, Number.NaN, Infinity])('refuses a contraction of %d', (contraction) => {
    expect(() => tolerance('float32', contraction)).toThrow(
      `contraction length ${contraction} must be a number from 1.`,
    )
  })
})
