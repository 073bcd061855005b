/**
 * The right answer in float64 from operands rounded to the layer's dtype, and how far from it a backend may be.
 */
import { randomTensor, Tensor, tolerance } from '../../tensor/index.ts'
import { activations } from '../activation.ts'
import type { Engine, Layer, Rows } from '../types.ts'
import type { Case } from './cases.ts'

interface Weights {
  readonly [name: string]: Tensor
}

export interface Problem {
  readonly weights: Weights
  readonly x: Rows
  readonly layer: (engine: Engine) => Layer
  readonly expected: Float64Array
  /** Relative Frobenius error allowed. */
  readonly tolerance: number
}

export interface ProblemOptions {
  readonly seed?: number
  /** Changes the rows of X before anything is computed from them. */
  readonly edit?: (x: Tensor) => void
}

export function matmul(a: ArrayLike<number>, b: Tensor, rows: number): Float64Array {
  const [contraction, columns] = [b.shape[0]!, b.shape[1]!]
  const values = b.toFloat32()
  const out = new Float64Array(rows * columns)
  for (let m = 0; m < rows; m++) {
    for (let k = 0; k < contraction; k++) {
      const scale = a[m * contraction + k]!
      for (let n = 0; n < columns; n++) out[m * columns + n]! += scale * values[k * columns + n]!
    }
  }
  return out
}

/** Shapes of the weights that a case needs, by name. */
function weightShapes({ kind, shape: [K, r, N] }: Case): Record<string, [number, number]> {
  if (kind === 'linear') return { w: [K, N] }
  if (kind === 'lowRank') return { u: [K, r], v: [r, N] }
  const hidden = 2 * K + 1
  return {
    gateU: [K, r],
    gateV: [r, hidden],
    upU: [K, r + 5],
    upV: [r + 5, hidden],
    downU: [hidden, r + 2],
    downV: [r + 2, N],
  }
}

export function problem(c: Case, { seed = 1, edit }: ProblemOptions = {}): Problem {
  const [K, , N] = c.shape
  const { rows } = c
  const entries = Object.entries(weightShapes(c)).map(([name, [from, to]], i): [string, Tensor] => {
    const options = { seed: seed + 17 * i, scale: 1 / Math.sqrt(from) }
    const tensor = c.transposed
      ? randomTensor([to, from], c.weights, options).transpose()
      : randomTensor([from, to], c.weights, options)
    return [name, tensor]
  })
  const weights = Object.fromEntries(entries)
  const rounded = Object.fromEntries(entries.map(([name, tensor]) => [name, tensor.astype(c.dtype)]))
  const xTensor = randomTensor([rows, K], c.io, { seed: seed + 101 })
  edit?.(xTensor)
  const values = Float64Array.from(xTensor.astype(c.dtype).toFloat32())
  const bias = c.bias ? randomTensor([N], 'float32', { seed: seed + 7 }) : undefined
  const activate = activations[c.activation]
  const chain = (u: string, v: string, from: Float64Array): Float64Array =>
    matmul(matmul(from, rounded[u]!, rows), rounded[v]!, rows)

  const common = { dtype: c.dtype, activation: c.activation, ...(bias && { bias }) }
  const w = weights
  let expected: Float64Array
  let layer: Problem['layer']
  if (c.kind === 'lowRankMlp') {
    const gate = chain('gateU', 'gateV', values)
    const up = chain('upU', 'upV', values)
    expected = chain(
      'downU',
      'downV',
      gate.map((g, i) => activate(g) * up[i]!),
    )
    layer = (engine) =>
      engine.lowRankMlp({
        gate: { u: w.gateU!, v: w.gateV! },
        up: { u: w.upU!, v: w.upV! },
        down: { u: w.downU!, v: w.downV! },
        dtype: c.dtype,
        activation: c.activation,
      })
  } else {
    const raw = c.kind === 'linear' ? matmul(values, rounded.w!, rows) : chain('u', 'v', values)
    const shift = bias?.toFloat32()
    expected = raw.map((sum, i) => activate(sum + (shift ? shift[i % N]! : 0)))
    layer =
      c.kind === 'linear'
        ? (engine) => engine.linear({ w: w.w!, ...common })
        : (engine) => engine.lowRank({ u: w.u!, v: w.v!, ...common })
  }
  const contraction = entries.reduce((sum, [, tensor]) => sum + tensor.shape[0]!, 0)
  // An activation has slopes up to 1.13 and shrinks what it is given; Y in bfloat16 is rounded once more.
  const amplified = (c.activation === 'none' ? 1 : 2) * tolerance(c.dtype, contraction)
  const allowed = amplified + (c.io === 'bfloat16' ? tolerance('bfloat16', 1) : 0)
  return { weights, x: xTensor.contiguous().data as Rows, layer, expected, tolerance: allowed }
}

/** Y as numbers, whichever kind it is. */
export function valuesOf(y: Rows): Float32Array {
  return y instanceof Float32Array ? y : Tensor.wrap(y, [y.length], 'bfloat16').toFloat32()
}
