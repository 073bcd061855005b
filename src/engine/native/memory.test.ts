import { afterAll, describe, expect, test } from 'vitest'
import { randomTensor } from '../../tensor/index.ts'
import { addon } from '../conformance/native.ts'
import { createEngine } from '../engine.ts'
import type { LayerDtype, Packing } from '../types.ts'

const SCRATCH_BYTES = 64 * 2 ** 20

describe.skipIf(!addon)('memory of the native engine', async () => {
  if (!addon) return
  const { memoryUse } = addon
  const before = memoryUse().bytes
  const engine = await createEngine({ backend: 'native', threads: 2 })
  afterAll(() => {
    engine.dispose()
    expect(memoryUse().bytes).toBe(before)
  })
  const layerOf = (dtype: LayerDtype, [K, r, N]: readonly [number, number, number], packing?: Packing) =>
    engine.lowRank({
      u: randomTensor([K, r], 'bfloat16', { seed: 1 }),
      v: randomTensor([r, N], 'bfloat16', { seed: 2 }),
      dtype,
      packing,
    })

  test.each([
    ['float32', 'plain', 4, 4],
    ['bfloat16', 'plain', 2, 2],
    // in 12 bits where that can be done
    ['bfloat16', 'compact', 1.5, 2],
  ] as const)(
    'what is held is the packed factors and at most 64 MiB of scratch, %s, %s',
    (dtype, packing, leastBytes, mostBytes) => {
      for (const [K, r, N] of [
        [512, 64, 512],
        [2048, 320, 3000],
        [1000, 999, 1001],
      ] as const) {
        const layer = layerOf(dtype, [K, r, N], packing)
        const held = memoryUse().bytes - before
        const weights = r * (K + N)
        // Panels are padded to whole vectors, and the last half of a huge page at most is rounded up.
        const padding = mostBytes * 64 * (K + r) + 2 ** 20
        expect(layer.bytes).toBeGreaterThanOrEqual(leastBytes * weights)
        expect(layer.bytes).toBeLessThanOrEqual(mostBytes * weights + padding)
        expect(held - layer.bytes).toBeGreaterThan(0)
        expect(held - layer.bytes).toBeLessThanOrEqual(SCRATCH_BYTES)
        layer.dispose()
        expect(memoryUse().bytes - before).toBeLessThanOrEqual(SCRATCH_BYTES)
      }
    },
  )

  test('calls allocate nothing, whatever their rows', async () => {
    const layers = (['float32', 'bfloat16'] as const).map((dtype) => layerOf(dtype, [256, 96, 320]))
    const { allocations, bytes } = memoryUse()
    for (const layer of layers) {
      for (const rows of [1, 8, 40, 129, 700, 3000]) {
        const x = new Float32Array(rows * 256)
        const y = new Float32Array(rows * 320)
        layer.forward(x, y)
        await layer.forwardAsync(x, y)
      }
    }
    expect(memoryUse()).toEqual({ allocations, bytes })
    for (const layer of layers) layer.dispose()
  })
})
