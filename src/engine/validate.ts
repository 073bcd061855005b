/**
 * The front door's checks, the same for every backend. A message says what, where, the limit and how to fix it.
 */
import type { Tensor } from '../tensor/index.ts'
import type { FactorPair, LayerSpec } from './backend.ts'
import type {
  Activation,
  BackendName,
  EngineOptions,
  Factors,
  LayerDtype,
  LinearOptions,
  LowRankMlpOptions,
  LowRankOptions,
  Packing,
  Rows,
} from './types.ts'

const ACTIVATIONS: readonly Activation[] = ['none', 'silu', 'gelu', 'relu']
const LAYER_DTYPES: readonly LayerDtype[] = ['float32', 'bfloat16']
const PACKINGS: readonly Packing[] = ['plain', 'compact']

/** Whatever a caller passed, for a message of one line. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value !== 'object') return String(value).split('\n')[0]!
  return Array.isArray(value) ? 'an array' : 'an object'
}

function oneOf<T extends string>(where: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new TypeError(`${where} is ${shown(value)}; use one of ${allowed.join(', ')}.`)
}

function matrix(where: string, tensor: Tensor): Tensor {
  if (!Array.isArray(tensor?.shape) || typeof tensor.toFloat32 !== 'function') {
    throw new TypeError(`${where} is not a Tensor; make one with Tensor.from(values, shape, dtype).`)
  }
  const shape = `[${tensor.shape.join(', ')}]`
  if (tensor.shape.length !== 2) {
    throw new RangeError(`${where} has shape ${shape}; a matrix of two dimensions is needed.`)
  }
  if (!tensor.shape.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw new RangeError(`${where} has shape ${shape}; every dimension must be a whole number of at least 1.`)
  }
  // Backends read float32 values and bfloat16 bits in place; other formats are widened, which loses nothing.
  return tensor.dtype === 'float32' || tensor.dtype === 'bfloat16' ? tensor : tensor.astype('float32')
}

function factors(where: string, pair: Factors): FactorPair {
  const u = matrix(`${where}u`, pair?.u)
  const v = matrix(`${where}v`, pair?.v)
  if (u.shape[1] !== v.shape[0]) {
    throw new RangeError(
      `${where}u is [K, r] = [${u.shape}] but ${where}v is [r, N] = [${v.shape}]; the two ranks must be equal.`,
    )
  }
  return { u, v }
}

function stored(
  where: string,
  { dtype, packing: given }: { dtype: LayerDtype; packing?: Packing | undefined },
) {
  oneOf(`${where}: dtype`, dtype, LAYER_DTYPES)
  const packing = given ?? (dtype === 'bfloat16' ? 'compact' : 'plain')
  oneOf(`${where}: packing`, packing, PACKINGS)
  if (packing === 'compact' && dtype !== 'bfloat16') {
    throw new TypeError(
      `${where}: packing is "compact", which is for bfloat16 weights; leave it out for ${dtype}.`,
    )
  }
  return { dtype, packing }
}

function biasOf(where: string, bias: Float32Array | Tensor | undefined, n: number): Float32Array | undefined {
  if (bias === undefined) return undefined
  const values = bias instanceof Float32Array ? bias.slice() : bias?.toFloat32?.()
  if (!(values instanceof Float32Array))
    throw new TypeError(`${where} is neither a Float32Array nor a Tensor.`)
  if (values.length !== n) {
    throw new RangeError(`${where} has ${values.length} elements; N = ${n} are needed, one per out-feature.`)
  }
  return values
}

export function linearSpec(options: LinearOptions): LayerSpec {
  const w = matrix('linear: w', options?.w)
  return {
    kind: 'linear',
    ...stored('linear', options),
    w,
    bias: biasOf('linear: bias', options.bias, w.shape[1]!),
    activation: oneOf('linear: activation', options.activation ?? 'none', ACTIVATIONS),
  }
}

export function lowRankSpec(options: LowRankOptions): LayerSpec {
  const { u, v } = factors('lowRank: ', options)
  return {
    kind: 'lowRank',
    ...stored('lowRank', options),
    u,
    v,
    bias: biasOf('lowRank: bias', options.bias, v.shape[1]!),
    activation: oneOf('lowRank: activation', options.activation ?? 'none', ACTIVATIONS),
  }
}

export function lowRankMlpSpec(options: LowRankMlpOptions): LayerSpec {
  const gate = factors('lowRankMlp: gate.', options?.gate)
  const up = factors('lowRankMlp: up.', options.up)
  const down = factors('lowRankMlp: down.', options.down)
  if (gate.u.shape[0] !== up.u.shape[0]) {
    throw new RangeError(
      `lowRankMlp: gate takes K = ${gate.u.shape[0]} features but up takes ${up.u.shape[0]}; both read the same X.`,
    )
  }
  if (gate.v.shape[1] !== up.v.shape[1] || gate.v.shape[1] !== down.u.shape[0]) {
    throw new RangeError(
      `lowRankMlp: gate gives ${gate.v.shape[1]} hidden features, up ${up.v.shape[1]}, and down takes ` +
        `${down.u.shape[0]}; the three must be equal.`,
    )
  }
  return {
    kind: 'lowRankMlp',
    ...stored('lowRankMlp', options),
    gate,
    up,
    down,
    activation: oneOf('lowRankMlp: activation', options.activation ?? 'silu', ACTIVATIONS),
  }
}

/** Options of createEngine that any backend could take; whether it has the instruction set, it says itself. */
export function engineOptions(options: EngineOptions, backends: readonly BackendName[]) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(`createEngine: options is ${shown(options)}; pass an object, or nothing.`)
  }
  const { backend = 'auto', threads, instructionSet, signal } = options
  oneOf('createEngine: backend', backend, ['auto', ...backends])
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1 && threads <= 1024)) {
    throw new RangeError(
      `createEngine: threads is ${shown(threads)}; use a whole number from 1 to 1024, or leave it out.`,
    )
  }
  if (instructionSet !== undefined && typeof instructionSet !== 'string') {
    throw new TypeError(
      `createEngine: instructionSet is ${shown(instructionSet)}; use a name of engine.info.instructionSets.`,
    )
  }
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw new TypeError(
      `createEngine: signal is ${shown(signal)}; use the signal of an AbortController, or leave it out.`,
    )
  }
  return { backend, threads, instructionSet, signal }
}

/** Like ArrayBuffer.prototype.detached, which Node 20 has not. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

/** Rows of a call, or an error: x must be whole rows of K, y as many rows of N, apart in memory. */
export function rowsOf(x: Rows, y: Rows | undefined, inFeatures: number, outFeatures: number): number {
  if (!(x instanceof Float32Array || x instanceof Uint16Array)) {
    throw new TypeError('forward: x is neither a Float32Array nor a Uint16Array of bfloat16 bits.')
  }
  for (const [name, array] of Object.entries({ x, y }))
    if (array?.length === 0 && isDetached(array.buffer))
      throw new TypeError(
        `forward: ${name} was transferred to somebody else, and has no elements; pass a copy.`,
      )
  const rows = x.length / inFeatures
  if (!Number.isInteger(rows)) {
    throw new RangeError(`forward: x has ${x.length} elements, not whole rows of K = ${inFeatures}.`)
  }
  if (y === undefined) return rows
  if (x instanceof Float32Array ? !(y instanceof Float32Array) : !(y instanceof Uint16Array)) {
    throw new TypeError('forward: y is of another kind than x; both Float32Array or both Uint16Array.')
  }
  if (y.length !== rows * outFeatures) {
    throw new RangeError(
      `forward: y has ${y.length} elements; ${rows} rows of N = ${outFeatures} need ${rows * outFeatures}.`,
    )
  }
  if (
    x.buffer === y.buffer &&
    x.byteOffset < y.byteOffset + y.byteLength &&
    y.byteOffset < x.byteOffset + x.byteLength
  ) {
    throw new RangeError('forward: x and y overlap in memory; pass another y.')
  }
  return rows
}

/**
 * For a call in the background, which reads x and writes y in place: refuses memory that a resize can take away meanwhile,
 * and gives a check, for when the call has settled, that neither array was transferred to somebody else.
 */
export function keeping(x: Rows, y: Rows): () => void {
  const arrays = Object.entries({ x, y }).map(([name, array]) => ({ name, array, length: array.length }))
  for (const { name, array } of arrays) {
    // the ES2024 member is not in the types of ES2023; shared buffers only ever grow
    if ((array.buffer as { resizable?: boolean }).resizable)
      throw new TypeError(
        `forwardAsync: ${name} lies in a resizable ArrayBuffer, which could shrink during the call; pass a copy, or use forward.`,
      )
  }
  return () => {
    for (const { name, array, length } of arrays)
      if (array.length !== length)
        throw new Error(
          `forwardAsync: ${name} was transferred during the call; leave x and y alone until it settles.`,
        )
  }
}
