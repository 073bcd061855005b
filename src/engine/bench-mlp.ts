/**
 * What one call for a whole SVD-compressed SwiGLU MLP wins over three low-rank calls: gate and up share each strip of X,
 * and the hidden rows go from one product to the next without passing through memory or JavaScript.
 */
import { randomTensor } from '../tensor/index.ts'
import { createEngine } from './engine.ts'
import { interleave, median, timed } from './interleave.ts'
import type { EngineInfo, EngineOptions, Factors, LayerDtype } from './types.ts'

export interface MlpBenchOptions extends EngineOptions {
  /** [features, hidden, rank]; default [2048, 8192, 1280], the MLP of Llama-3.2-1B. */
  shape?: readonly [number, number, number]
  /** Rows of X; default 128 and 512. */
  rows?: readonly number[]
  dtypes?: readonly LayerDtype[]
  rounds?: number
}

export interface MlpRow {
  readonly dtype: LayerDtype
  readonly rows: number
  /** Medians of interleaved rounds. */
  readonly milliseconds: number
  /** Three calls of lowRank, gate with its activation; the product gate ⊙ up between them is not counted. */
  readonly threeCallsMilliseconds: number
  /** That product, in JavaScript: what three calls need in addition. */
  readonly productMilliseconds: number
}

/** Rejects with the signal's reason when it is aborted. */
export async function benchMlp(options: MlpBenchOptions = {}): Promise<{ info: EngineInfo; rows: MlpRow[] }> {
  const { shape = [2048, 8192, 1280], rows = [128, 512], rounds = 9, signal } = options
  const [features, hidden, rank] = shape
  const factors = (from: number, to: number, seed: number): Factors => ({
    u: randomTensor([from, rank], 'float32', { seed, scale: 1 / Math.sqrt(from) }),
    v: randomTensor([rank, to], 'float32', { seed: seed + 1, scale: 1 / Math.sqrt(rank) }),
  })
  const [gate, up, down] = [
    factors(features, hidden, 1),
    factors(features, hidden, 3),
    factors(hidden, features, 5),
  ]
  const engine = await createEngine(options)
  try {
    const measured: MlpRow[] = []
    for (const dtype of options.dtypes ?? (['float32', 'bfloat16'] as const)) {
      const mlp = engine.lowRankMlp({ gate, up, down, dtype })
      const gateLayer = engine.lowRank({ ...gate, dtype, activation: 'silu' })
      const [upLayer, downLayer] = [engine.lowRank({ ...up, dtype }), engine.lowRank({ ...down, dtype })]
      for (const count of rows) {
        signal?.throwIfAborted()
        const x = randomTensor([count, features], 'float32', { seed: 7 }).toFloat32()
        const y = new Float32Array(count * features)
        const [gated, linear] = [new Float32Array(count * hidden), new Float32Array(count * hidden)]
        const [one, three, product] = await interleave(
          [
            timed(() => mlp.forward(x, y)),
            timed(() => {
              gateLayer.forward(x, gated)
              upLayer.forward(x, linear)
              downLayer.forward(linear, y)
            }),
            timed(() => {
              for (let i = 0; i < gated.length; i++) linear[i]! *= gated[i]!
            }),
          ],
          { rounds },
        )
        measured.push({
          dtype,
          rows: count,
          milliseconds: median(one!),
          threeCallsMilliseconds: median(three!),
          productMilliseconds: median(product!),
        })
      }
      for (const layer of [mlp, gateLayer, upLayer, downLayer]) layer.dispose()
    }
    return { info: engine.info, rows: measured }
  } finally {
    engine.dispose()
  }
}
