/**
 * Many calls, sync and async, on layers that come and go; what the process has grown by at the end is a leak.
 */
import { randomTensor } from '../../tensor/index.ts'
import { createEngine } from '../engine.ts'
import type { BackendName } from '../types.ts'

export interface SoakResult {
  readonly calls: number
  /** Resident memory at the end less that after the first fifth. */
  readonly grownBytes: number
}

/** A layer of 1 MiB is packed anew every 50 calls; a lost one in ten calls would show as 2 MiB per 100. */
export async function soak(backend: BackendName, calls: number): Promise<SoakResult> {
  const engine = await createEngine({ backend, threads: 2 })
  const [K, r, N] = backend === 'reference' ? [96, 32, 80] : [384, 256, 640]
  const factors = [1, 2].map((seed) => ({
    u: randomTensor([K, r], 'float32', { seed }),
    v: randomTensor([r, N], 'float32', { seed: seed + 10 }),
  }))
  const layerOf = (i: number) => engine.lowRank({ ...factors[i % 2]!, dtype: i % 2 ? 'bfloat16' : 'float32' })
  const x = new Float32Array(16 * K).fill(1)
  const y = new Float32Array(16 * N)
  let layer = layerOf(0)
  let settled = 0
  for (let i = 0; i < calls; i++) {
    if (i % 50 === 49) {
      layer.dispose()
      layer = layerOf((i + 1) / 50)
    }
    const rows = 1 + (i % 16)
    if (i % 3 === 0) await layer.forwardAsync(x.subarray(0, rows * K), y.subarray(0, rows * N))
    else layer.forward(x.subarray(0, rows * K), y.subarray(0, rows * N))
    if (i === Math.floor(calls / 5)) settled = process.memoryUsage().rss
  }
  engine.dispose()
  return { calls, grownBytes: process.memoryUsage().rss - settled }
}
