/**
 * What an implementation of the engine provides. Arguments arrive checked: a backend never sees a wrong length, zero
 * rows, or a call after dispose, so that all backends refuse the same things with the same words.
 */
import type { Tensor } from '../tensor/index.ts'
import type { Activation, EngineInfo, LayerDtype, Packing, Peaks, Rows } from './types.ts'

/** Factors [K,r] and [r,N]: 2-D, float32 or bfloat16, any strides. */
export interface FactorPair {
  readonly u: Tensor
  readonly v: Tensor
}

interface Stored {
  readonly dtype: LayerDtype
  /** Backends that know only one take it for a wish. */
  readonly packing: Packing
}

export interface LinearSpec extends Stored {
  readonly kind: 'linear'
  readonly w: Tensor
  readonly bias: Float32Array | undefined
  readonly activation: Activation
}

export interface LowRankSpec extends FactorPair, Stored {
  readonly kind: 'lowRank'
  readonly bias: Float32Array | undefined
  readonly activation: Activation
}

export interface LowRankMlpSpec extends Stored {
  readonly kind: 'lowRankMlp'
  readonly gate: FactorPair
  readonly up: FactorPair
  readonly down: FactorPair
  readonly activation: Activation
}

export type LayerSpec = LinearSpec | LowRankSpec | LowRankMlpSpec

/** All weights of a layer in order: w; u and v; or u and v of gate, of up, of down. */
export function weightsOf(spec: LayerSpec): Tensor[] {
  if (spec.kind === 'linear') return [spec.w]
  const pairs = spec.kind === 'lowRank' ? [spec] : [spec.gate, spec.up, spec.down]
  return pairs.flatMap(({ u, v }) => [u, v])
}

export interface BackendLayer {
  /** Memory that the packed weights take. */
  readonly bytes: number
  /** rows ≥ 1; x and y are of one kind and of exactly rows·K and rows·N elements, and do not overlap. */
  forward(x: Rows, y: Rows, rows: number): void
  /** Rejects only when `Backend.cancel` came before the work began. */
  forwardAsync(x: Rows, y: Rows, rows: number): Promise<void>
  /** Called once, after every call has settled. */
  dispose(): void
}

export interface Backend {
  readonly info: Omit<EngineInfo, 'notes'>
  /** Absent where the backend has no probes. */
  measurePeaks?(): Peaks
  /** Packs the weights; the tensors are not used after it returns. */
  pack(spec: LayerSpec): BackendLayer
  /** Calls of forwardAsync that have not begun reject; those that have begun finish. */
  cancel(): void
  /** Called once, after every layer is disposed. */
  dispose(): void
}

export interface BackendOptions {
  /** ≥ 1. Undefined: what the machine has. */
  readonly threads: number | undefined
  /** Undefined: the best. A name that the backend does not have is refused, saying which it has. */
  readonly instructionSet: string | undefined
}

/** Throws an Error with one clear line when this backend cannot work here. */
export type BackendFactory = (options: BackendOptions) => Promise<Backend> | Backend
