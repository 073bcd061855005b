/**
 * A layer as callers hold it: checks each call, counts those under way, and frees the packed weights after the last.
 */
import type { BackendLayer, FactorPair, LayerSpec } from './backend.ts'
import type { Layer, LayerDtype, Rows } from './types.ts'
import { keeping, rowsOf } from './validate.ts'

interface Dimensions {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly rank: number
  /** Multiply-adds per row. */
  readonly macs: number
}

function product({ u, v }: FactorPair): Dimensions {
  const [inFeatures, rank, outFeatures] = [u.shape[0]!, u.shape[1]!, v.shape[1]!]
  return { inFeatures, outFeatures, rank, macs: rank * (inFeatures + outFeatures) }
}

function dimensions(spec: LayerSpec): Dimensions {
  if (spec.kind === 'linear') {
    const [inFeatures, outFeatures] = [spec.w.shape[0]!, spec.w.shape[1]!]
    return {
      inFeatures,
      outFeatures,
      rank: Math.min(inFeatures, outFeatures),
      macs: inFeatures * outFeatures,
    }
  }
  if (spec.kind === 'lowRank') return product(spec)
  const [gate, up, down] = [product(spec.gate), product(spec.up), product(spec.down)]
  return {
    inFeatures: gate.inFeatures,
    outFeatures: down.outFeatures,
    rank: Math.max(gate.rank, up.rank, down.rank),
    macs: gate.macs + up.macs + down.macs,
  }
}

export class PackedLayer implements Layer {
  readonly dtype: LayerDtype
  readonly inFeatures: number
  readonly outFeatures: number
  readonly rank: number
  readonly bytes: number
  readonly #macs: number
  readonly #packed: BackendLayer
  readonly #onFreed: (layer: PackedLayer) => void
  #underWay = 0
  /** Why calls are refused; undefined while they are not. */
  #closed: unknown

  constructor(spec: LayerSpec, packed: BackendLayer, onFreed: (layer: PackedLayer) => void) {
    const { inFeatures, outFeatures, rank, macs } = dimensions(spec)
    this.dtype = spec.dtype
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.rank = rank
    this.#macs = macs
    this.bytes = packed.bytes
    this.#packed = packed
    this.#onFreed = onFreed
  }

  flops(rows: number): number {
    return 2 * rows * this.#macs
  }

  forward<T extends Rows>(x: T, y?: T): T {
    const { rows, out } = this.#begin(x, y)
    if (rows > 0) this.#packed.forward(x, out, rows)
    return out
  }

  async forwardAsync<T extends Rows>(x: T, y?: T): Promise<T> {
    const { rows, out } = this.#begin(x, y)
    if (rows === 0) return out
    const checkKept = keeping(x, out)
    this.#underWay++
    try {
      await this.#packed.forwardAsync(x, out, rows).finally(checkKept)
    } catch (error) {
      throw this.#closed ?? error
    } finally {
      this.#underWay--
      this.#freeWhenIdle()
    }
    return out
  }

  dispose(): void {
    this.close(new Error('The layer is disposed; pack it again with the engine to use it.'))
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Refuses further calls with `reason`; the engine calls it too. */
  close(reason: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#freeWhenIdle()
  }

  #begin<T extends Rows>(x: T, y: T | undefined): { rows: number; out: T } {
    if (this.#closed !== undefined) throw this.#closed
    const rows = rowsOf(x, y, this.inFeatures, this.outFeatures)
    const length = rows * this.outFeatures
    const out = y ?? ((x instanceof Float32Array ? new Float32Array(length) : new Uint16Array(length)) as T)
    return { rows, out }
  }

  #freeWhenIdle(): void {
    if (this.#closed === undefined || this.#underWay > 0) return
    this.#packed.dispose()
    this.#onFreed(this)
  }
}
