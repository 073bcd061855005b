import { expect, test } from 'vitest'
import { benchHost } from './bench.ts'
import { interleave, median, timed } from './interleave.ts'

test('every candidate runs once a round, in turning order, and once unmeasured', async () => {
  const order: string[] = []
  const times = await interleave(
    [
      () => order.push('a'),
      timed(async () => {
        order.push('b')
      }),
    ],
    { rounds: 2 },
  )
  expect(order.join('')).toBe('ababba')
  expect(times.map((t) => t.length)).toEqual([2, 2])
  expect(median([3, 1, 2])).toBe(2)
})

test('the short benchmark reports each row beside its bound', async () => {
  const bench = await benchHost({ shape: [640, 640, 640], rows: [1, 16], dtypes: ['bfloat16'], rounds: 1 })
  expect(bench.rows.map((row) => [row.rows, row.bound])).toEqual([
    [1, 'memory'],
    [16, 'compute'],
  ])
  for (const row of bench.rows) {
    expect(row.milliseconds).toBeGreaterThan(0)
    expect(row.ofPeak === undefined).toBe(bench.peaks === undefined)
  }
  // a thousand layers of 3 x 3 stay in the cache
  const tiny = await benchHost({ shape: [3, 3, 3], rows: [1], rounds: 1 })
  expect(tiny.rows.map((row) => row.ofPeak)).toEqual([undefined, undefined])
  await expect(benchHost({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
})
