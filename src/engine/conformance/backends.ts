/** The backends and instruction sets that work on this machine, so that one table runs against each of them. */
import { createEngine } from '../engine.ts'
import type { BackendName } from '../types.ts'

/** All threads take part in every call, however small: read by an engine when it is loaded or starts. */
process.env.NEURONMM_TEAM = 'always'

const NAMES: readonly BackendName[] = ['native', 'wasm', 'reference']

export interface Variant {
  readonly backend: BackendName
  readonly instructionSet: string
}

export interface Missing {
  readonly backend: BackendName
  readonly reason: string
}

async function variantsOf(backend: BackendName): Promise<Variant[] | Missing> {
  try {
    const engine = await createEngine({ backend })
    engine.dispose()
    return engine.info.instructionSets.map((instructionSet) => ({ backend, instructionSet }))
  } catch (error) {
    return { backend, reason: String(error) }
  }
}

const found = await Promise.all(NAMES.map(variantsOf))

/** Every instruction set of every backend. */
export const variants: readonly Variant[] = found.flatMap((v) => (Array.isArray(v) ? v : []))
export const missing: readonly Missing[] = found.flatMap((v) => (Array.isArray(v) ? [] : [v]))
/** Every backend once, with its best instruction set. */
export const backends: readonly BackendName[] = [...new Set(variants.map((v) => v.backend))]
