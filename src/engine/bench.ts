/**
 * The short benchmark of the host engine: one low-rank layer at decode and prefill sizes, each beside the bound that
 * this machine was measured to have in the same run, and fused against unfused with the same micro-kernel.
 */
import { randomTensor } from '../tensor/index.ts'
import { createEngine } from './engine.ts'
import { interleave, median, timed } from './interleave.ts'
import type { Engine, EngineInfo, EngineOptions, Layer, LayerDtype, Peaks } from './types.ts'

/** [K, r, N] of an MLP projection of Llama-3.2-1B; rows of decode and of prefill. */
export const HOST_WORKLOAD = { shape: [2048, 1280, 8192], rows: [1, 8, 128, 512] } as const

export interface HostBenchOptions extends EngineOptions {
  /** [K, r, N]; default that of HOST_WORKLOAD. */
  shape?: readonly [number, number, number]
  /** Rows of X; default those of HOST_WORKLOAD. */
  rows?: readonly number[]
  dtypes?: readonly LayerDtype[]
  rounds?: number
  /** Called after every measured row. */
  onProgress?: (done: number, total: number) => void
}

export interface HostRow {
  readonly dtype: LayerDtype
  readonly rows: number
  /** Medians of interleaved rounds. */
  readonly milliseconds: number
  readonly unfusedMilliseconds: number
  /** FLOP/s of compute-bound rows, bytes/s of weights of memory-bound ones. */
  readonly rate: number
  readonly bound: 'compute' | 'memory'
  /** rate / the measured peak of that kind; undefined without a probe for it, and for weights that a cache holds. */
  readonly ofPeak: number | undefined
}

export interface HostBench {
  readonly info: EngineInfo
  readonly shape: readonly [number, number, number]
  readonly peaks: Peaks | undefined
  readonly rows: readonly HostRow[]
}

/** Weights of decode steps come from memory: as many distinct layers as no last-level cache in use holds. */
const UNCACHED_BYTES = 160 * 2 ** 20
/** Of layers so small that this many stay in a cache, nothing can be said about reading memory. */
const MOST_PAIRS = 1024
/** Up to here a call reads every weight for too few products to hide it. */
const DECODE_ROWS = 8

interface Pair {
  readonly fused: Layer
  readonly first: Layer
  readonly second: Layer
}

/** Rejects with the signal's reason when it is aborted. */
export async function benchHost(options: HostBenchOptions = {}): Promise<HostBench> {
  const { shape, rows, rounds = 9 } = { ...HOST_WORKLOAD, ...options }
  const engine = await createEngine(options)
  try {
    const peaks = engine.measurePeaks()
    const measured: HostRow[] = []
    const dtypes = options.dtypes ?? (['float32', 'bfloat16'] as const)
    for (const dtype of dtypes) {
      const pairs = layers(engine, shape, dtype)
      for (const count of rows) {
        measured.push(await measure(pairs, dtype, count, rounds, peaks, options.signal))
        options.onProgress?.(measured.length, dtypes.length * rows.length)
      }
      for (const pair of pairs) for (const layer of Object.values<Layer>({ ...pair })) layer.dispose()
    }
    return { info: engine.info, shape, peaks, rows: measured }
  } finally {
    engine.dispose()
  }
}

function layers(engine: Engine, [K, r, N]: readonly [number, number, number], dtype: LayerDtype): Pair[] {
  const u = randomTensor([K, r], 'float32', { seed: 1, scale: 1 / Math.sqrt(K) })
  const v = randomTensor([r, N], 'float32', { seed: 2, scale: 1 / Math.sqrt(r) })
  const pair = (): Pair => ({
    fused: engine.lowRank({ u, v, dtype }),
    first: engine.linear({ w: u, dtype }),
    second: engine.linear({ w: v, dtype }),
  })
  const pairs = [pair()]
  while (!isUncached(pairs) && pairs.length < MOST_PAIRS) pairs.push(pair())
  return pairs
}

const isUncached = (pairs: readonly Pair[]) => pairs.length * pairs[0]!.fused.bytes >= UNCACHED_BYTES

async function measure(
  pairs: readonly Pair[],
  dtype: LayerDtype,
  rows: number,
  rounds: number,
  peaks: Peaks | undefined,
  signal: AbortSignal | undefined,
): Promise<HostRow> {
  const decode = rows <= DECODE_ROWS
  const used = decode ? pairs : pairs.slice(0, 1)
  const { fused } = pairs[0]!
  const x = randomTensor([rows, fused.inFeatures], 'float32', { seed: 3 }).toFloat32()
  const y = new Float32Array(rows * fused.outFeatures)
  const between = new Float32Array(rows * fused.rank)
  const [fusedTimes, unfusedTimes] = await interleave(
    [
      timed(() => used.forEach((pair) => void pair.fused.forward(x, y))),
      timed(() => used.forEach((pair) => void pair.second.forward(pair.first.forward(x, between), y))),
    ],
    { rounds: decode ? 3 * rounds : rounds, signal },
  )
  const milliseconds = median(fusedTimes!) / used.length
  const work = decode ? fused.bytes : fused.flops(rows)
  const rate = (work / milliseconds) * 1000
  const memoryPeak = isUncached(pairs) ? peaks?.readBytes : undefined
  const peak = decode ? memoryPeak : peaks?.[dtype]
  return {
    dtype,
    rows,
    milliseconds,
    unfusedMilliseconds: median(unfusedTimes!) / used.length,
    rate,
    bound: decode ? 'memory' : 'compute',
    ofPeak: peak === undefined ? undefined : rate / peak,
  }
}
