/** Kernels made up at random (test/random-kernels.ts). Whatever is accepted must compute X·W, as float64 does. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { build, recipe, STEPS } from '../../../test/random-kernels.ts'
import { bind } from '../../nki/index.ts'
import { type Dtype, type RandomOptions, randomTensor, Tensor, tolerance } from '../../tensor/index.ts'
import { float64, matrixOf } from './algebra.ts'
import { count } from './count.ts'
import { run } from './run.ts'

const dim = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(1, 31, 32, 33, 127, 128, 129, 256, 257),
)

/** Signs alternate along one axis only: each sum of the product has terms of one sign, so its relative error has a bound. */
function oneSigned(shape: [number, number], dtype: Dtype, options: RandomOptions, axis: 0 | 1): Tensor {
  const values = randomTensor(shape, dtype, options)
    .toFloat32()
    .map((value, at) => {
      const along = axis === 0 ? Math.floor(at / shape[1]) : at % shape[1]
      return along % 2 === 0 ? Math.abs(value) : -Math.abs(value)
    })
  return Tensor.from(values, shape, dtype)
}

test('random kernels compute the product, and issue exactly its MACs', () => {
  fc.assert(
    fc.property(
      recipe,
      fc.record({ M: dim, K: dim, N: dim }),
      fc.constantFrom<Dtype>('float32', 'bfloat16', 'float16'),
      fc.integer({ min: 0, max: 1000 }),
      (r, dims, dtype, seed) => {
        const { M, K, N } = dims
        const program = build(r)
        const x = oneSigned(r.natural ? [M, K] : [K, M], dtype, { seed }, r.natural ? 0 : 1)
        const w = oneSigned([K, N], dtype, { seed: seed + 1, scale: 1 / Math.sqrt(K) }, 1)
        const lhs = r.natural ? matrixOf(x) : float64.transpose(matrixOf(x))
        const product = float64.matmul(lhs, matrixOf(w)).data
        const expected = product.map((value) => r.steps.reduce((sum, step) => STEPS[step](sum), value))
        const allowed = tolerance(dtype, K, 2 + r.steps.length)
        const size = (values: Float64Array): number =>
          Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
        for (const precision of ['hardware', 'float32'] as const) {
          const actual = run(program, { x, w }, { precision }).toFloat32()
          const error = size(expected.map((value, i) => value - actual[i]!))
          const within = precision === 'hardware' ? allowed : tolerance('float32', K, 2 + r.steps.length)
          // what relu takes away was rounded too: errors are relative to the larger of product and result
          expect(error).toBeLessThanOrEqual(within * Math.max(size(product), size(expected)))
        }
        expect(count(program, bind(program, dims, dtype)).macs).toBe(M * K * N)
      },
    ),
    { numRuns: 60 },
  )
})
