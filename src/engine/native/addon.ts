/** Loads the C++ addon that scripts/build-native.mjs leaves in build/, and says what it offers. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Rows } from '../types.ts'

/** A matrix as it lies in the caller's memory; strides in elements. */
export interface AddonMatrix {
  readonly data: Rows
  readonly offset: number
  readonly rows: number
  readonly columns: number
  readonly rowStride: number
  readonly columnStride: number
}

export interface AddonLayerSpec {
  readonly kind: 'linear' | 'lowRank' | 'lowRankMlp'
  readonly dtype: 'float32' | 'bfloat16'
  readonly activation: 'none' | 'silu' | 'gelu' | 'relu'
  /** Bfloat16 weights in 12 bits each, losslessly, where the instruction set and the weights allow it. */
  readonly compact: boolean
  readonly bias: Float32Array | undefined
  /** linear: w. lowRank: u, v. lowRankMlp: u and v of gate, of up, of down. */
  readonly weights: readonly AddonMatrix[]
}

export interface AddonLayer {
  readonly bytes: number
  forward(x: Rows, y: Rows, rows: number): void
  forwardAsync(x: Rows, y: Rows, rows: number): Promise<void>
  close(): void
}

export interface AddonEngine {
  cancel(): void
  close(): void
  /** FLOP/s of multiply-adds in registers, all threads together. */
  measurePeak(bfloat16: boolean): number
  /** Bytes/s of reading that many bytes, each thread its share. */
  measureReadBandwidth(bytes: number): number
}

export interface Addon {
  /** Usable on this machine, best first. */
  readonly instructionSets: readonly string[]
  readonly l1Bytes: number
  readonly l2Bytes: number
  /** Packed weights and scratch of all engines of the process: pieces ever allocated, and bytes that are held now. */
  memoryUse(): { readonly allocations: number; readonly bytes: number }
  /** `alwaysTeam`: even calls that one thread would finish sooner run on all. */
  readonly Engine: new (
    instructionSet: string,
    threads: number,
    alwaysTeam: boolean,
  ) => AddonEngine
  readonly Layer: new (engine: AddonEngine, spec: AddonLayerSpec) => AddonLayer
}

/** The same three levels up from src/engine/native and from dist/engine/native. NEURONMM_ADDON names another build. */
const builtAddon = fileURLToPath(new URL('../../../build/neuronmm.node', import.meta.url))

/** Throws an Error of one line where there is no addon or it does not load. */
export function loadAddon(): Addon {
  const file = process.env.NEURONMM_ADDON ?? builtAddon
  if (!existsSync(file)) {
    throw new Error('the native addon is not built; install a C++ compiler and run `npm rebuild neuronmm`.')
  }
  try {
    return createRequire(import.meta.url)(file) as Addon
  } catch (error) {
    throw new Error(`the native addon does not load: ${String((error as Error).message).split('\n')[0]}`)
  }
}
