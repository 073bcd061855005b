import { afterAll, describe, expect, test } from 'vitest'
import { randomTensor, Tensor } from '../../tensor/index.ts'
import { instructionSets } from '../conformance/native.ts'
import { createEngine } from '../engine.ts'

/** Sets with which the native engine can store bfloat16 weights in 12 bits. */
const compactSets = instructionSets.filter((name) => name.startsWith('avx512'))

const [K, N] = [301, 230]
const gaussian = randomTensor([K, N], 'bfloat16', { seed: 3 }).toFloat32()
/** A group is 8 rows of a panel of 32 columns. */
const inGroup = (i: number): number => Math.floor(i / N / 8)

const WEIGHTS: Record<string, { value: (w: number, i: number) => number; bytes: [number, number] }> = {
  'of like size': { value: (w) => w, bytes: [0.75, 0.8] },
  'half of them zero': { value: (w, i) => (i % 2 ? w : 0), bytes: [0.75, 0.8] },
  'all zero': { value: () => -0, bytes: [0.75, 0.77] },
  'smaller than any normal number': { value: (w) => w * 2 ** -130, bytes: [0.75, 0.77] },
  'small beside zero': { value: (w, i) => (i % 3 ? w * 2 ** -122 : 0), bytes: [0.75, 0.77] },
  'as great as can be coded': {
    value: (w) => Math.sign(w) * 2 ** (126.9 - (Math.abs(w) % 2)),
    bytes: [0.75, 0.77],
  },
  'of another size in each group': { value: (w, i) => w * 2 ** ((inGroup(i) * 7) % 90), bytes: [0.75, 0.8] },
  'far apart in every thirteenth group': {
    value: (w, i) => (inGroup(i) % 13 === 4 ? w * 2 ** -(i % 40) : w),
    bytes: [0.8, 0.88],
  },
  'with an infinity and a NaN': {
    value: (w, i) => (i === 5 ? Number.POSITIVE_INFINITY : i === 29_000 ? Number.NaN : w),
    bytes: [0.75, 0.81],
  },
  'far apart everywhere': { value: (w, i) => w * 2 ** -(i % 40), bytes: [1, 1] },
}

describe.each(compactSets)('weights in 12 bits, %s', async (instructionSet) => {
  const engine = await createEngine({ backend: 'native', threads: 2, instructionSet })
  afterAll(() => engine.dispose())

  test.each(Object.keys(WEIGHTS))('%s: Y is the same to the last bit', (name) => {
    const { value, bytes } = WEIGHTS[name]!
    const w = Tensor.from(gaussian.map(value), [K, N], 'bfloat16')
    const [expected, layer] = (['plain', 'compact'] as const).map((packing) =>
      engine.linear({ w, dtype: 'bfloat16', packing }),
    )
    const ofPlain = layer!.bytes / expected!.bytes
    expect(ofPlain).toBeGreaterThanOrEqual(bytes[0])
    expect(ofPlain).toBeLessThanOrEqual(bytes[1])
    for (const rows of [1, 2, 5, 8, 13, 14, 31, 250]) {
      const x = randomTensor([rows, K], 'float32', { seed: rows }).toFloat32()
      expect(layer!.forward(x), `${rows} rows`).toEqual(expected!.forward(x))
    }
  })
})
