import { expect, test } from 'vitest'
import { randomTensor } from '../../tensor/index.ts'
import { createEngine } from '../engine.ts'

/** More threads than cores, and phases that run beside each other: threads fall asleep at every barrier there is. */
test('no wake-up is lost, whatever order the tasks finish in', async () => {
  const engine = await createEngine({ backend: 'wasm', threads: 5 })
  const factors = (from: number, to: number, seed: number) => ({
    u: randomTensor([from, 96], 'float32', { seed, scale: 0.1 }),
    v: randomTensor([96, to], 'float32', { seed: seed + 1, scale: 0.1 }),
  })
  const mlp = engine.lowRankMlp({
    gate: factors(128, 512, 1),
    up: factors(128, 512, 3),
    down: factors(512, 128, 5),
    dtype: 'float32',
  })
  const x = randomTensor([200, 128], 'float32', { seed: 9 }).toFloat32()
  const y = mlp.forward(x)
  for (let i = 0; i < 30; i++) {
    expect(mlp.forward(x)).toEqual(y)
    expect(await mlp.forwardAsync(x)).toEqual(y)
  }
  engine.dispose()
}, 30_000)
