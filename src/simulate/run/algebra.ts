/** Matrices in float64: what kernels are verified against. */
import { ACTIVATIONS, type ActivationFunction, type Algebra, type Matrix } from '../../nki/index.ts'
import type { Tensor } from '../../tensor/index.ts'

export const matrixOf = (tensor: Tensor): Matrix => ({
  rows: tensor.shape[0]!,
  cols: tensor.shape[1]!,
  data: Float64Array.from(tensor.toFloat32()),
})

export const float64: Algebra = {
  matmul(a, b) {
    const data = new Float64Array(a.rows * b.cols)
    for (let i = 0; i < a.rows; i++)
      for (let k = 0; k < a.cols; k++) {
        const x = a.data[i * a.cols + k]!
        const row = k * b.cols
        const out = i * b.cols
        for (let j = 0; j < b.cols; j++) data[out + j]! += x * b.data[row + j]!
      }
    return { rows: a.rows, cols: b.cols, data }
  },
  transpose(a) {
    const data = new Float64Array(a.data.length)
    for (let i = 0; i < a.rows; i++)
      for (let j = 0; j < a.cols; j++) data[j * a.rows + i] = a.data[i * a.cols + j]!
    return { rows: a.cols, cols: a.rows, data }
  },
  times: (a, b) => ({ ...a, data: a.data.map((value, i) => value * b.data[i]!) }),
  activation: (name, a) => ({ ...a, data: a.data.map(ACTIVATIONS[name as ActivationFunction]) }),
}
