/** All kernels of an engine in one module: made once for the features of this machine, shared by its threads. */
import { type MemoryLimits, ModuleBuilder } from '../../../wasm/index.ts'
import { ACTIVATIONS, addCombine, addFinishRows } from './activation.ts'
import { addExecutor } from './executor.ts'
import type { PhaseKind } from './phase.ts'
import { addPeak, addRead } from './probe.ts'
import { addProduct } from './product.ts'
import { addPackRows, addRoundRows } from './rows.ts'
import { addTile } from './tile.ts'

export interface ModuleOptions {
  readonly relaxed: boolean
  readonly memory: MemoryLimits
  /** Where the job stands in memory. */
  readonly jobAddress: number
}

export interface KernelModule {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Rows of a tile, at most. */
  readonly maxTileRows: number
  /** Whether widening a panel first pays for many row tiles: shifts and separate multiplications share their pipes. */
  readonly widens: boolean
  /** Table slots of the task functions: kind, then variant. */
  readonly slots: Readonly<Record<PhaseKind, Readonly<Record<string, number>>>>
}

/**
 * Six rows of two vectors, fused, are 12 accumulators and the most that 15 registers hold; with a separate multiplication
 * the product needs a register too, and four rows are left.
 */
export const tileRowsFor = (relaxed: boolean): number => (relaxed ? 6 : 4)

export function buildModule({ relaxed, memory, jobAddress }: ModuleOptions): KernelModule {
  const module = new ModuleBuilder()
  module.importMemory('env', 'memory', memory)
  const finished = module.importFunction('env', 'finished', { params: {} })
  const tileRows = tileRowsFor(relaxed)
  const firstTileSlot = (weights: 'float32' | 'bfloat16'): number =>
    Array.from({ length: tileRows }, (_, i) =>
      module.slot(addTile(module, { rows: i + 1, relaxed, weights })),
    )[0]!
  const tiles = { float32: firstTileSlot('float32'), bfloat16: firstTileSlot('bfloat16') }
  const product = (weights: 'float32' | 'bfloat16' | 'widened'): number =>
    module.slot(
      addProduct(module, { firstTileSlot: tiles[weights === 'bfloat16' ? weights : 'float32'], weights }),
    )
  const byActivation = (add: typeof addFinishRows): Record<string, number> =>
    Object.fromEntries(ACTIVATIONS.map((kind) => [kind, module.slot(add(module, kind))]))
  const slots = {
    product: { float32: product('float32'), bfloat16: product('bfloat16'), widened: product('widened') },
    packRows: {
      float32: module.slot(addPackRows(module, 'float32', false)),
      rounded: module.slot(addPackRows(module, 'float32', true)),
      bfloat16: module.slot(addPackRows(module, 'bfloat16', false)),
    },
    finishRows: byActivation(addFinishRows),
    combine: byActivation(addCombine),
    roundRows: { bfloat16: module.slot(addRoundRows(module)) },
    peak: { float32: module.slot(addPeak(module, relaxed)) },
    read: { bytes: module.slot(addRead(module)) },
  }
  addExecutor(module, jobAddress, finished)
  return { bytes: module.toBytes(), maxTileRows: tileRows, widens: !relaxed, slots }
}
