/** Every rule of the advice, on a kernel that it is meant for and on one that it is not. */
import { expect, test } from 'vitest'
import { DEVICES, type DeviceName } from '../../device/index.ts'
import { choose, findFamily, type ScheduleRequest, traceChoice } from '../../kernels/index.ts'
import { bind, type Dims } from '../../nki/index.ts'
import { profile } from './index.ts'

function modelled(
  name: string,
  dims: Dims,
  schedule: ScheduleRequest = 'default',
  target: DeviceName = 'trn1',
) {
  const program = traceChoice(choose(findFamily(name), dims, schedule))
  return profile(program, bind(program, dims, 'bfloat16'), DEVICES[target])
}
type Case = Parameters<typeof modelled>

const LAYER = { M: 2048, K: 8192, r: 4096, N: 16384 }
const SQUARE = { M: 1024, K: 2048, N: 2048 }
const LONG_STRIP = { M: 16384, K: 2048, N: 2048 }
const WIDE: Case = [
  'fused_xuv',
  { M: 65536, K: 256, r: 256, N: 512 },
  { mStrip: 65536, accumulate: 'float32' },
]
const SEED: Case = ['fused_xuv', LAYER, 'seed']

/** [rule, a kernel that it speaks about, a kernel that it does not] */
const RULES: [string, Case, Case][] = [
  ['unvalidated', ['matmul_tiled', SQUARE, 'default', 'trn3'], ['matmul_tiled', SQUARE, 'default', 'trn2']],
  ['does-not-fit', WIDE, ['fused_xuv', { ...WIDE[1], M: 8192 }, WIDE[2]!]],
  ['spill', ['matmul_fully_optimized', LONG_STRIP, 'seed'], ['matmul_fully_optimized', SQUARE, 'seed']],
  ['reread', ['matmul_block_free', { M: 256, K: 65536, N: 1024 }], ['matmul_block_free', SQUARE]],
  ['small-dma', ['matmul_tiled', SQUARE], SEED],
  ['memory-bound', ['matmul_tiled', SQUARE], SEED],
  ['transposes', ['matmul_tiled_natural_lhs', SQUARE], ['fused_xuv', { M: 64, K: 2048, r: 1280, N: 8192 }]],
  ['single-buffered', ['matmul_fully_optimized', LONG_STRIP, 'seed'], SEED],
  [
    'vector-bound',
    ['matmul_fully_optimized', { M: 2048, K: 2048, N: 2048 }, { kBlock: 128 }],
    ['matmul_fully_optimized', { M: 2048, K: 2048, N: 2048 }, { kBlock: 1024 }],
  ],
  ['exact-sums', ['fused_xuv', { ...LAYER, M: 8192 }, { accumulate: 'float32', mStrip: 512 }], SEED],
  ['idle-tensor', ['matmul_tiled', SQUARE], SEED],
]

test.each(RULES)('%s', (rule, meant, notMeant) => {
  const said = modelled(...meant).advice.find((advice) => advice.rule === rule)
  expect(said?.text).toMatch(/^\w.*\.$/)
  expect(said?.text).not.toMatch(/NaN|Infinity|undefined/)
  expect(modelled(...notMeant).advice.map((advice) => advice.rule)).not.toContain(rule)
})

test('a block that is loaded once needs no second copy', () => {
  const { advice } = modelled('fused_xuv', { M: 300, K: 700, r: 257, N: 1100 })
  expect(advice.map(({ rule }) => rule)).not.toContain('single-buffered')
})

test('small DMAs are given in bytes a row, beside what is needed', () => {
  const { text } = modelled('matmul_tiled', SQUARE).advice.find(({ rule }) => rule === 'small-dma')!
  const [, average, row] = /moves (\d+) KiB \(128 rows of (\d+) bytes\)/.exec(text)!
  expect(Number(row) * 128).toBeGreaterThan((Number(average) - 1) * 1024)
  expect(text).toContain('Below 256 KiB (128 rows of 2048 bytes)')
})

test('what does not fit is still a profile, and a table of who would live where', () => {
  const { memory, metrics } = modelled(...WIDE)
  expect(memory.overflows).toBe(true)
  expect(memory.peak).toBeGreaterThan(memory.capacity)
  expect(metrics.total_time).toBeGreaterThan(0)
  for (const tenant of memory.tenants) {
    expect(tenant.address).toBeNull()
    expect(tenant.site).toMatch(/\.ts:\d+/)
    expect(tenant.bytesPerPartition).toBeGreaterThan(0)
  }
})

test('where everything fits, no two tenants of SBUF that live together overlap', () => {
  const { memory } = modelled(...SEED)
  const sbuf = memory.tenants.filter((tenant) => tenant.memory === 'sbuf')
  expect(memory.peak).toBeLessThanOrEqual(memory.capacity)
  for (const a of sbuf)
    for (const b of sbuf) {
      if (a === b || a.sharesWith.includes(b.name)) continue
      const apart =
        a.address! + a.takenBytesPerPartition <= b.address! ||
        b.address! + b.takenBytesPerPartition <= a.address!
      expect(apart, `${a.name} and ${b.name}`).toBe(true)
    }
})
