/** The backends that work on this machine, so that one table runs against each of them. */
import { createEngine } from '../engine.ts'
import type { BackendName } from '../types.ts'

const NAMES: readonly BackendName[] = ['native', 'wasm', 'reference']

export interface Availability {
  readonly name: BackendName
  /** Why it does not work here; undefined where it does. */
  readonly missing: string | undefined
}

async function availability(name: BackendName): Promise<Availability> {
  try {
    const engine = await createEngine({ backend: name })
    engine.dispose()
    return { name, missing: undefined }
  } catch (error) {
    return { name, missing: String(error) }
  }
}

export const availabilities: readonly Availability[] = await Promise.all(NAMES.map(availability))
export const backends: readonly BackendName[] = availabilities.filter((a) => !a.missing).map((a) => a.name)
