import { expect, test } from 'vitest'
import { randomTensor } from '../../tensor/index.ts'
import { addon, sameBits } from '../conformance/native.ts'
import { createEngine } from '../engine.ts'
import type { Engine } from '../types.ts'

async function start(team: 'always' | undefined): Promise<Engine> {
  if (team) process.env.NEURONMM_TEAM = team
  try {
    return await createEngine({ backend: 'native', threads: 3 })
  } finally {
    delete process.env.NEURONMM_TEAM
  }
}

test.skipIf(!addon)(
  'whoever runs a call, one thread or all, the result is the same bit for bit',
  async () => {
    const [team, asItPays] = [await start('always'), await start(undefined)]
    for (const [K, r, N] of [
      [64, 16, 96],
      [130, 47, 333],
      [700, 256, 900],
    ] as const) {
      const factors = {
        u: randomTensor([K, r], 'float32', { seed: 1 }),
        v: randomTensor([r, N], 'float32', { seed: 2 }),
      }
      for (const dtype of ['float32', 'bfloat16'] as const) {
        const layers = [team, asItPays].map((engine) =>
          engine.lowRank({ ...factors, dtype, activation: 'silu' }),
        )
        for (const rows of [1, 2, 9, 61]) {
          const x = randomTensor([rows, K], 'float32', { seed: rows }).toFloat32()
          const expected = layers[0]!.forward(x)
          // A burst: alone at first, then on the woken team.
          for (let call = 0; call < 12; call++) expect(sameBits(layers[1]!.forward(x), expected)).toBe(true)
          expect(sameBits(await layers[1]!.forwardAsync(x), expected)).toBe(true)
        }
      }
    }
    for (const engine of [team, asItPays]) engine.dispose()
  },
)
