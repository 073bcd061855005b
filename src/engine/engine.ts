/**
 * The one way in: picks a backend, keeps its layers, and ends it after the last call.
 */
import type { Backend, BackendFactory, LayerSpec } from './backend.ts'
import { PackedLayer } from './layer.ts'
import type {
  BackendName,
  Engine,
  EngineInfo,
  EngineOptions,
  LinearOptions,
  LowRankMlpOptions,
  LowRankOptions,
  Peaks,
} from './types.ts'
import { engineOptions, linearSpec, lowRankMlpSpec, lowRankSpec } from './validate.ts'

/** Loaded on demand, so that a program which uses one backend does not load the others. Fastest first. */
const factories: Partial<Record<BackendName, () => Promise<BackendFactory>>> = {
  native: async () => (await import('./native/index.ts')).createNativeBackend,
  wasm: async () => (await import('./wasm/index.ts')).createWasmBackend,
  reference: async () => (await import('./reference/index.ts')).createReferenceBackend,
}
const NAMES = Object.keys(factories) as BackendName[]

/**
 * Starts an engine. Rejects with one clear line when the asked backend cannot work here, or with the signal's reason.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { backend, threads, instructionSet, signal } = engineOptions(options, NAMES)
  signal?.throwIfAborted()
  const notes: string[] = []
  for (const name of backend === 'auto' ? NAMES : [backend]) {
    let started: Backend
    try {
      started = await (await factories[name]!())({ threads, instructionSet })
    } catch (error) {
      if (backend !== 'auto') throw error
      notes.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      continue
    }
    if (signal?.aborted) {
      started.dispose()
      throw signal.reason
    }
    return new HostEngine(started, notes, signal)
  }
  throw new Error(`createEngine: no backend works here. ${notes.join(' ')}`)
}

class HostEngine implements Engine {
  readonly info: EngineInfo
  readonly #backend: Backend
  readonly #layers = new Set<PackedLayer>()
  readonly #signal: AbortSignal | undefined
  #closed: unknown
  #ended = false

  constructor(backend: Backend, notes: readonly string[], signal: AbortSignal | undefined) {
    this.#backend = backend
    this.info = { ...backend.info, notes }
    this.#signal = signal
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  measurePeaks(): Peaks | undefined {
    if (this.#closed !== undefined) throw this.#closed
    return this.#backend.measurePeaks?.()
  }

  lowRank(options: LowRankOptions): PackedLayer {
    return this.#pack(() => lowRankSpec(options))
  }

  linear(options: LinearOptions): PackedLayer {
    return this.#pack(() => linearSpec(options))
  }

  lowRankMlp(options: LowRankMlpOptions): PackedLayer {
    return this.#pack(() => lowRankMlpSpec(options))
  }

  dispose(): void {
    this.#close(new Error('The engine is disposed; start another with createEngine.'))
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #pack(check: () => LayerSpec): PackedLayer {
    if (this.#closed !== undefined) throw this.#closed
    const spec = check()
    const layer = new PackedLayer(spec, this.#backend.pack(spec), (freed) => {
      this.#layers.delete(freed)
      this.#endWhenIdle()
    })
    this.#layers.add(layer)
    return layer
  }

  readonly #abort = (): void => {
    this.#close(this.#signal?.reason)
    if (!this.#ended) this.#backend.cancel()
  }

  #close(reason: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#signal?.removeEventListener('abort', this.#abort)
    for (const layer of [...this.#layers]) layer.close(reason)
    this.#endWhenIdle()
  }

  #endWhenIdle(): void {
    if (this.#closed === undefined || this.#layers.size > 0 || this.#ended) return
    this.#ended = true
    this.#backend.dispose()
  }
}
