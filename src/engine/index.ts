/**
 * The host engine: Y = X·U·V on this CPU, weights packed once, in float32 or bfloat16.
 *
 *     const engine = await createEngine()
 *     const layer = engine.lowRank({ u, v, dtype: 'bfloat16' })
 *     const y = layer.forward(x)
 */
export { createEngine } from './engine.ts'
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
  Rows,
} from './types.ts'
