import { afterAll, describe, expect, test } from 'vitest'
import { randomTensor } from '../../tensor/index.ts'
import { instructionSets, sameBits } from '../conformance/native.ts'
import { createEngine } from '../engine.ts'
import type { Rows } from '../types.ts'

const GUARD = 64
/** A call of so few rows stores them at once; fewer yet would be summed in another order. */
const FEW = 6

describe.each(instructionSets)('large Y, which may go past the caches, %s', async (instructionSet) => {
  for (const threads of [1, 2, 3]) {
    const engine = await createEngine({ backend: 'native', threads, instructionSet })
    afterAll(() => engine.dispose())

    // whole panels; half a panel at the end; rows that begin at different places in their lines
    test.each([1024, 1040, 1037])(
      `N = %i, ${threads} threads: every row, wherever Y begins, and nothing beside`,
      (N) => {
        const [K, r] = [40, 24]
        const u = randomTensor([K, r], 'float32', { seed: 1 })
        const v = randomTensor([r, N], 'float32', { seed: 2 })
        const bias = randomTensor([N], 'float32', { seed: 3 }).toFloat32()
        const layer = engine.lowRank({ u, v, dtype: 'bfloat16', bias, activation: 'relu' })
        for (const Values of [Float32Array, Uint16Array]) {
          const size = Values.BYTES_PER_ELEMENT
          const rows = FEW * Math.ceil((2.1 * engine.info.l2Bytes) / (FEW * N * size))
          const values = randomTensor([rows, K], 'bfloat16', { seed: 4 })
          const x = Values === Float32Array ? values.toFloat32() : (values.data as Uint16Array)
          const expected = new Values(rows * N)
          for (let row = 0; row < rows; row += FEW) {
            const end = Math.min(row + FEW, rows)
            layer.forward(x.subarray(row * K, end * K), expected.subarray(row * N, end * N))
          }
          for (const place of [0, size, 16, 32, 64 - size]) {
            const memory = new Values(rows * N + (2 * GUARD) / size).fill(7)
            const start = GUARD / size + place / size
            const y: Rows = memory.subarray(start, start + rows * N)
            layer.forward(x, y)
            expect(sameBits(y, expected), `Y of ${Values.name} at ${place}`).toBe(true)
            const beside = [...memory.subarray(0, start), ...memory.subarray(start + rows * N)]
            expect(new Set(beside), `beside Y of ${Values.name} at ${place}`).toEqual(new Set([7]))
          }
        }
      },
    )
  }
})
