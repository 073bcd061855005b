import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Block, opTable } from '../../nki/index.ts'
import { randomTensor } from '../../tensor/index.ts'
import { float64 } from './algebra.ts'
import { matmulInto } from './matmul.ts'

const definition = opTable.find(({ name }) => name === 'nc_matmul')!

/** A rectangle in the middle of a larger array, as tiles of a block are. */
function block(rows: number, cols: number, seed: number): Block {
  const stride = cols + 3
  const data = randomTensor([rows + 1, stride], 'float32', { seed }).toFloat32()
  return { data, offset: 2, stride, rows, cols, row: 0, col: 0 }
}

describe('matmulInto', () => {
  test('is the definition of nc_matmul, bit by bit, and leaves all else alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 128 }),
        fc.integer({ min: 1, max: 128 }),
        fc.integer({ min: 1, max: 512 }),
        fc.nat(),
        (c, a, b, seed) => {
          const [dst, stationary, moving] = [block(a, b, seed), block(c, a, seed + 1), block(c, b, seed + 2)]
          const expected = { ...dst, data: dst.data.slice() as Float32Array }
          definition.evaluate({ dst: expected, stationary, moving }, {})
          matmulInto(dst, stationary, moving)
          expect(dst.data).toEqual(expected.data)
        },
      ),
      { numRuns: 25 },
    )
  })

  test('carries NaN and infinity', () => {
    const one = (value: number): Block => ({
      data: new Float32Array([value]),
      offset: 0,
      stride: 1,
      rows: 1,
      cols: 1,
      row: 0,
      col: 0,
    })
    const dst = one(0)
    matmulInto(dst, one(Number.POSITIVE_INFINITY), one(2))
    expect(dst.data[0]).toBe(Number.POSITIVE_INFINITY)
    matmulInto(dst, one(Number.NaN), one(2))
    expect(dst.data[0]).toBeNaN()
  })
})

test('float64.matmul is the sum of products at any shape', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 140 }),
      fc.integer({ min: 1, max: 140 }),
      fc.integer({ min: 1, max: 530 }),
      fc.nat(),
      (rows, depth, cols, seed) => {
        const matrix = (r: number, c: number, s: number) => ({
          rows: r,
          cols: c,
          data: Float64Array.from(randomTensor([r, c], 'float32', { seed: s }).toFloat32()),
        })
        const [a, b] = [matrix(rows, depth, seed), matrix(depth, cols, seed + 1)]
        const { data } = float64.matmul(a, b)
        for (const [i, j] of [
          [0, 0],
          [rows - 1, cols - 1],
          [rows >> 1, cols >> 1],
        ] as const) {
          let sum = 0
          for (let k = 0; k < depth; k++) sum += a.data[i * depth + k]! * b.data[k * cols + j]!
          expect(data[i * cols + j]).toBe(sum)
        }
      },
    ),
    { numRuns: 15 },
  )
})
