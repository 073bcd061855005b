/**
 * Three nested loops per product. Operands and the intermediates X·U and hidden are rounded to the layer's dtype, sums are
 * float64: what the fast backends approximate, in the fewest words.
 */
import { dtypeInfo, type Tensor } from '../../tensor/index.ts'
import { activations } from '../activation.ts'
import {
  type Backend,
  type BackendFactory,
  type BackendLayer,
  type FactorPair,
  type LayerSpec,
  weightsOf,
} from '../backend.ts'
import type { LayerDtype, Rows } from '../types.ts'

/** Row-major values, already rounded to the layer's dtype. */
interface Matrix {
  readonly values: Float32Array
  readonly rows: number
  readonly columns: number
}

const bfloat16 = dtypeInfo('bfloat16')

function matrix(tensor: Tensor, dtype: LayerDtype): Matrix {
  return { values: tensor.astype(dtype).toFloat32(), rows: tensor.shape[0]!, columns: tensor.shape[1]! }
}

/** A·B, every element finished by `finish(sum, row, column)`. */
function multiply(
  a: Float32Array,
  b: Matrix,
  rows: number,
  finish: (sum: number, column: number, index: number) => number,
): Float32Array {
  const { rows: contraction, columns, values } = b
  const out = new Float32Array(rows * columns)
  const sums = new Float64Array(columns)
  for (let m = 0; m < rows; m++) {
    sums.fill(0)
    for (let k = 0; k < contraction; k++) {
      const scale = a[m * contraction + k]!
      for (let n = 0; n < columns; n++) sums[n] = sums[n]! + scale * values[k * columns + n]!
    }
    for (let n = 0; n < columns; n++) out[m * columns + n] = finish(sums[n]!, n, m * columns + n)
  }
  return out
}

type Forward = (x: Float32Array, rows: number) => Float32Array

function compile(spec: LayerSpec): Forward {
  const round = dtypeInfo(spec.dtype).round
  const rounded = (sum: number): number => round(sum)
  const load = (t: Tensor): Matrix => matrix(t, spec.dtype)
  const chain = ({ u, v }: FactorPair) => {
    const [first, second] = [load(u), load(v)]
    return (x: Float32Array, rows: number, finish: (sum: number, column: number, index: number) => number) =>
      multiply(multiply(x, first, rows, rounded), second, rows, finish)
  }
  const activate = activations[spec.activation]
  if (spec.kind === 'lowRankMlp') {
    const [gate, up, down] = [chain(spec.gate), chain(spec.up), chain(spec.down)]
    return (x, rows) => {
      const gated = gate(x, rows, activate)
      const hidden = up(x, rows, (sum, _column, index) => round(gated[index]! * sum))
      return down(hidden, rows, (sum) => sum)
    }
  }
  const { bias } = spec
  const finish = (sum: number, column: number): number => activate(bias ? sum + bias[column]! : sum)
  if (spec.kind === 'lowRank') {
    const product = chain(spec)
    return (x, rows) => product(x, rows, finish)
  }
  const w = load(spec.w)
  return (x, rows) => multiply(x, w, rows, finish)
}

function layer(spec: LayerSpec): BackendLayer {
  const run = compile(spec)
  const round = dtypeInfo(spec.dtype).round
  const forward = (x: Rows, y: Rows, rows: number): void => {
    const decode = x instanceof Uint16Array ? bfloat16.decode : (value: number): number => value
    const out = run(
      Float32Array.from(x, (value) => round(decode(value))),
      rows,
    )
    y.set(y instanceof Uint16Array ? Uint16Array.from(out, (value) => bfloat16.encode(value)) : out)
  }
  return {
    bytes: 4 * weightsOf(spec).reduce((sum, tensor) => sum + tensor.size, 0),
    forward,
    forwardAsync: async (x, y, rows) => forward(x, y, rows),
    dispose() {},
  }
}

export const createReferenceBackend: BackendFactory = ({ instructionSet = 'typescript' }): Backend => {
  if (instructionSet !== 'typescript') {
    throw new RangeError(
      `createEngine: the reference backend has only 'typescript', not '${instructionSet}'.`,
    )
  }
  return {
    info: {
      backend: 'reference',
      instructionSet: 'typescript',
      instructionSets: ['typescript'],
      threads: 1,
      l1Bytes: 0,
      l2Bytes: 0,
    },
    pack: layer,
    cancel() {},
    dispose() {},
  }
}
