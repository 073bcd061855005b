/** Matrices in float64: what kernels are verified against. */
import { ACTIVATIONS, type ActivationFunction, type Algebra, type Matrix } from '../../nki/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { TileProduct } from './tile-product.ts'

let product: TileProduct | null = null

export const matrixOf = (tensor: Tensor): Matrix => ({
  rows: tensor.shape[0]!,
  cols: tensor.shape[1]!,
  data: Float64Array.from(tensor.toFloat32()),
})

export const float64: Algebra = {
  /** Blocked for the tile product: the contraction in order, 128 at a time. */
  matmul(a, b) {
    if (a.cols !== b.rows) throw new RangeError(`matmul of ${shape(a)} and ${shape(b)}`)
    product ??= new TileProduct('float64')
    const { data: x } = float64.transpose(a)
    const data = new Float64Array(a.rows * b.cols)
    for (let k = 0; k < a.cols; k += 128)
      for (let j = 0; j < b.cols; j += 512)
        for (let i = 0; i < a.rows; i += 128) {
          const [depth, cols, rows] = [
            Math.min(128, a.cols - k),
            Math.min(512, b.cols - j),
            Math.min(128, a.rows - i),
          ]
          product.multiplyAdd(
            { data, offset: i * b.cols + j, stride: b.cols, rows, cols },
            { data: x, offset: k * a.rows + i, stride: a.rows, rows: depth, cols: rows },
            { data: b.data, offset: k * b.cols + j, stride: b.cols, rows: depth, cols },
          )
        }
    return { rows: a.rows, cols: b.cols, data }
  },
  transpose(a) {
    const data = new Float64Array(a.data.length)
    for (let i = 0; i < a.rows; i++)
      for (let j = 0; j < a.cols; j++) data[j * a.rows + i] = a.data[i * a.cols + j]!
    return { rows: a.cols, cols: a.rows, data }
  },
  times(a, b) {
    if (a.data.length !== b.data.length) throw new RangeError(`times of ${shape(a)} and ${shape(b)}`)
    return { ...a, data: a.data.map((value, i) => value * b.data[i]!) }
  },
  activation: (name, a) => ({ ...a, data: a.data.map(ACTIVATIONS[name as ActivationFunction]) }),
}

const shape = ({ rows, cols }: Matrix): string => `[${rows}, ${cols}]`
