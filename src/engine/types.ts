/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What callers see of the host engine: options, layers and what a layer knows about itself.
 * Words as everywhere: X [M,K], U [K,r], V [r,N], W [K,N], Y [M,N]; M = rows = tokens, N = out-features.
 */
import type { Tensor } from '../tensor/index.ts'

/** How weights are stored and what operands of a product are rounded to; sums are float32 in both. */
export type LayerDtype = 'float32' | 'bfloat16'

/** silu(x) = x / (1 + e^-x); gelu(x) = x·Φ(x), the exact form with erf. */
export type Activation = 'none' | 'silu' | 'gelu' | 'relu'

/**
 * How bfloat16 weights are kept. 'compact': in 12 bits each, none of them changed, where the instruction set can read them
 * (AVX-512) and their magnitudes lie close enough; else, and everywhere else, 'plain'. `layer.bytes` says what came of it.
 * A quarter less memory, and one row in three quarters of the time, for a percent of the time of many rows (docs/engine.md).
 */
export type Packing = 'plain' | 'compact'

export type BackendName = 'native' | 'wasm' | 'reference'

/** Rows of activations, row-major: float32 values, or bfloat16 bits. X and Y of one call are of the same kind. */
export type Rows = Float32Array | Uint16Array

export interface EngineOptions {
  /** 'auto' (default): native where the addon loads, else wasm, else reference; `info` says which and why. */
  backend?: 'auto' | BackendName
  /** Threads that share one call, the caller included. Default: what the machine has. */
  threads?: number
  /** One of `info.instructionSets`, for comparisons. Default: the best. */
  instructionSet?: string
  /** Aborting it closes the engine: calls not yet begun reject with its reason, begun ones finish. */
  signal?: AbortSignal
}

export interface EngineInfo {
  readonly backend: BackendName
  /** For example 'avx512-bf16', 'avx2', 'neon', 'plain', 'simd128', 'typescript'. */
  readonly instructionSet: string
  /** What this backend could use on this machine, best first. */
  readonly instructionSets: readonly string[]
  readonly threads: number
  /** Cache sizes per core that strips are sized by, in bytes. */
  readonly l1Bytes: number
  readonly l2Bytes: number
  /** Why 'auto' did not take a faster backend, one line each; empty when it took the first. */
  readonly notes: readonly string[]
}

interface Epilogue {
  /** Added to every row before the activation; N elements. */
  bias?: Float32Array | Tensor
  activation?: Activation
}

export interface Factors {
  /** [K, r] and [r, N]; any strides (a transposed view needs no copy), any dtype of tensor/. */
  u: Tensor
  v: Tensor
}

interface Stored {
  dtype: LayerDtype
  /** Default: 'compact' for bfloat16, else 'plain'. */
  packing?: Packing | undefined
}

/** Y = activation(X·U·V + bias). */
export interface LowRankOptions extends Factors, Epilogue, Stored {}

/** Y = activation(X·W + bias). */
export interface LinearOptions extends Epilogue, Stored {
  w: Tensor
}

/** Y = (activation(X·Ug·Vg) ⊙ (X·Uu·Vu))·Ud·Vd: the SVD-compressed SwiGLU block of a Llama MLP. */
export interface LowRankMlpOptions extends Stored {
  gate: Factors
  up: Factors
  down: Factors
  /** Of the gate; default 'silu'. */
  activation?: Activation
}

/** Packed weights and the one product they are for. */
export interface Layer {
  readonly dtype: LayerDtype
  /** K and N: elements per row of X and of Y. */
  readonly inFeatures: number
  readonly outFeatures: number
  /** r of a low-rank layer; min(K, N) of a linear one; the largest of the three of an MLP. */
  readonly rank: number
  /** Memory that the packed weights take in this engine. */
  readonly bytes: number
  /** Multiplications and additions of one call with that many rows. */
  flops(rows: number): number
  /**
   * X is rows·K elements; gives Y, rows·N elements, in `y` if one is passed, else in a fresh array.
   * Reuse `y` where speed counts: fresh memory costs page faults.
   */
  forward<T extends Rows>(x: T, y?: T): T
  /**
   * The same without work on the JavaScript thread. Leave `x` and `y` alone until it settles: native code works in that
   * memory. Above all, do not transfer their buffers (structuredClone, postMessage, transfer): once the new owner is
   * collected the call would read and write freed memory. Afterwards such a call rejects, but what it wrote is written.
   * Buffers that could shrink are refused; those of a SharedArrayBuffer cannot be transferred and are always safe.
   */
  forwardAsync<T extends Rows>(x: T, y?: T): Promise<T>
  /** Frees the packed weights once the calls under way have finished. Idempotent. */
  dispose(): void
  [Symbol.dispose](): void
}

/** What the machine could do at most, measured now, on all threads of the engine. */
export interface Peaks {
  /** FLOP/s of multiply-adds in registers. */
  readonly float32: number
  readonly bfloat16: number
  /** Bytes/s of reading memory that no cache holds. */
  readonly readBytes: number
}

export interface Engine {
  readonly info: EngineInfo
  /** The bounds that benchmarks divide by; undefined where the backend has no probes for them. */
  measurePeaks(): Peaks | undefined
  lowRank(options: LowRankOptions): Layer
  linear(options: LinearOptions): Layer
  lowRankMlp(options: LowRankMlpOptions): Layer
  /** Disposes every layer and ends the threads once the calls under way have finished. Idempotent. */
  dispose(): void
  [Symbol.dispose](): void
}
