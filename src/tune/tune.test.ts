import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { DEVICES } from '../device/index.ts'
import { findFamily } from '../kernels/index.ts'
import { bind } from '../nki/index.ts'
import { profile } from '../simulate/index.ts'
import { candidates, diskCache, tune } from './index.ts'

const family = findFamily('fused_xuv')
const dims = { M: 300, K: 640, r: 320, N: 1100 }
const folder = mkdtempSync(join(tmpdir(), 'tune-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('the best is as fast as every named schedule, and its cost is what the profiler says', async () => {
  const { best, tried, ranking } = await tune(family, dims, 'bfloat16', DEVICES.trn1)
  expect(tried).toBe(candidates(family.general, dims).length)
  for (const schedule of [family.general.defaultFor(dims), ...Object.values(family.general.schedules)]) {
    const program = family.general.trace(schedule)
    const { metrics } = profile(program, bind(program, dims, 'bfloat16'), DEVICES.trn1)
    expect(best.metrics.total_time).toBeLessThanOrEqual(metrics.total_time * 1.005)
  }
  const program = family.general.trace(best.schedule)
  const { metrics } = profile(program, bind(program, dims, 'bfloat16'), DEVICES.trn1)
  expect(best.metrics.total_time).toBe(metrics.total_time)
  expect(ranking[0]).toBe(best)
})

test('a second search reads the cache and finds the same', async () => {
  const few = { fixed: { accumulate: 'input', kBlock: 512 }, cache: diskCache(folder) }
  const first = await tune(family, dims, 'bfloat16', DEVICES.trn2, few)
  const files = readdirSync(folder)
  expect(files.length).toBeGreaterThan(0)
  const second = await tune(family, dims, 'bfloat16', DEVICES.trn2, few)
  expect(second).toEqual(first)
  expect(readdirSync(folder)).toEqual(files)
  // another dtype is another cost
  await tune(family, dims, 'float32', DEVICES.trn2, few)
  expect(readdirSync(folder).length).toBeGreaterThan(files.length)
})

test('it stops when told to', async () => {
  const controller = new AbortController()
  const search = tune(family, dims, 'bfloat16', DEVICES.trn1, {
    signal: controller.signal,
    onProgress: (done) => done === 3 && controller.abort(),
  })
  await expect(search).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
})

test('values that cut nothing are not tried twice', () => {
  const strips = (M: number) =>
    new Set(
      candidates(family.general, { ...dims, M })
        .filter(({ kBlock, rBlock }) => kBlock === 256 && rBlock === 256)
        .map(({ mStrip }) => mStrip),
    )
  expect(strips(200)).toEqual(new Set([256]))
  expect(strips(5000)).toEqual(new Set([256, 512, 1024, 2048]))
})
