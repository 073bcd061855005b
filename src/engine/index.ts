/**
 * The host engine: Y = X·U·V on this CPU, weights packed once, in float32 or bfloat16.
 *
 *     const engine = await createEngine()
 *     const layer = engine.lowRank({ u, v, dtype: 'bfloat16' })
 *     const y = layer.forward(x)
 */
export { benchHost, HOST_WORKLOAD, type HostBench, type HostBenchOptions, type HostRow } from './bench.ts'
export { createEngine } from './engine.ts'
export { type InterleaveOptions, interleave, median, type Timed, timed } from './interleave.ts'
export type {
  Activation,
  BackendName,
  Engine,
  EngineInfo,
  EngineOptions,
  Factors,
  Layer,
  LayerDtype,
  LinearOptions,
  LowRankMlpOptions,
  LowRankOptions,
  Packing,
  Peaks,
  Rows,
} from './types.ts'
