import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { DEVICES } from '../device/index.ts'
import { alone, findFamily } from '../kernels/index.ts'
import { bind, type Dims, type Kernel, kernel, type ScheduleValues } from '../nki/index.ts'
import { leastTime, profile } from '../simulate/index.ts'
import { type Cache, cacheKey, candidates, diskCache, memoryCache, modelVersion, tune } from './index.ts'

const family = findFamily('fused_xuv')
const dims = { M: 300, K: 640, r: 320, N: 1100 }
const few = { fixed: { accumulate: 'input', transposeBy: 'dma', kBlock: 512 } }
const folder = mkdtempSync(join(tmpdir(), 'tune-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const modelled = (kernel: Kernel, schedule: ScheduleValues, shape: Dims, device = DEVICES.trn1) => {
  const program = kernel.trace(schedule)
  return profile(program, bind(program, shape, 'bfloat16'), device).metrics
}

describe('the best', () => {
  /** Every candidate profiled at the full shape: what the search must find without doing so. */
  const exhaustive = (kernel: Kernel, shape: Dims, fixed: ScheduleValues, device = DEVICES.trn1): number =>
    Math.min(
      ...candidates(kernel, shape, fixed, device.name).map(
        (s) => modelled(kernel, s, shape, device).total_time,
      ),
    )

  test.each([
    ['fused_xuv', { M: 300, K: 640, r: 320, N: 1100 }, {}],
    ['fused_xuv', { M: 1300, K: 8192, r: 1280, N: 2048 }, { transposeBy: 'tensor', accumulate: 'float32' }],
    ['matmul_fully_optimized', { M: 2100, K: 1024, N: 3000 }, { accumulate: 'float32' }],
    ['matmul_fixed_loop_order', { M: 700, K: 3000, N: 900 }, {}],
  ] as const)('of %s at %o %o is that of all candidates profiled', async (name, shape, fixed) => {
    const { general } = findFamily(name)
    for (const device of [DEVICES.trn1, DEVICES.trn2]) {
      const { best, tried, degrees } = await tune(findFamily(name), shape, 'bfloat16', device, { fixed })
      expect(tried).toBe(candidates(general, shape, fixed, device.name).length + degrees.length)
      expect(best.metrics.total_time).toBeLessThanOrEqual(1.015 * exhaustive(general, shape, fixed, device))
      expect(best.metrics.total_time).toBe(modelled(general, best.schedule, shape, device).total_time)
    }
  })

  test('is no slower than any schedule with a name', async () => {
    const shape = { M: 9000, K: 2048, r: 1280, N: 2048 }
    const { best } = await tune(family, shape, 'bfloat16', DEVICES.trn2)
    for (const schedule of [family.general.defaultFor(shape), ...Object.values(family.general.schedules)]) {
      const { total_time } = modelled(family.general, schedule, shape, DEVICES.trn2)
      expect(best.metrics.total_time).toBeLessThanOrEqual(1.01 * total_time)
    }
  })

  test('in elements of one byte is among the schedules that the hardware takes', async () => {
    const { best, trials } = await tune(family, dims, 'float8_e4m3', DEVICES.trn2, { fixed: { kBlock: 512 } })
    expect(best.schedule.transposeBy).toBe('tensor')
    expect(trials.length).toBeGreaterThan(10)
    await expect(tune(family, dims, 'int8', DEVICES.trn2)).rejects.toThrow(/multiplies floating point only/)
  })

  test('of a kernel whose strip grows with the rows fits at all of them', async () => {
    // strips of all rows fit at a few thousand rows, and not at these
    const shape = { M: 65536, K: 512, N: 2048 }
    const { best, trials } = await tune(findFamily('matmul_fully_optimized'), shape, 'bfloat16', DEVICES.trn1)
    expect(best.schedule.outermost).toBe('rows')
    expect(best.metrics.spill_save_bytes).toBe(0)
    expect(trials.some(({ outcome }) => outcome === 'capacity')).toBe(true)
  })
})

test('no execution is shorter than the least time', () => {
  const size = fc.integer({ min: 1, max: 1500 })
  fc.assert(
    fc.property(
      fc.record({ M: size, K: size, r: size, N: size }),
      fc.nat(),
      fc.constantFrom(DEVICES.trn1, DEVICES.trn2, DEVICES.trn3),
      (shape, i, device) => {
        const all = candidates(family.general, shape)
        const program = family.general.trace(all[i % all.length])
        const binding = bind(program, shape, 'bfloat16')
        const { total_time } = profile(program, binding, device).metrics
        expect(leastTime(program, binding, device)).toBeLessThanOrEqual(total_time * (1 + 1e-6))
      },
    ),
    { numRuns: 40 },
  )
})

test('values that cut nothing are not tried twice', () => {
  const strips = (M: number) =>
    new Set(
      candidates(family.general, { ...dims, M })
        .slice(1) // the default may have sizes of its own
        .filter(({ kBlock, rBlock }) => kBlock === 256 && rBlock === 256)
        .map(({ mStrip }) => mStrip),
    )
  expect(strips(200)).toEqual(new Set([256]))
  expect(strips(5000)).toEqual(new Set([256, 512, 640, 768, 1024, 2048]))
})

describe('a search', () => {
  test('tells what the copies of loaded blocks are worth, and loses none by it', async () => {
    const { best, degrees, trials } = await tune(family, { ...dims, M: 2000 }, 'bfloat16', DEVICES.trn1)
    expect(degrees.map(({ schedule }) => schedule.buffers)).toEqual([1, 2, 3, 4])
    for (const trial of degrees) expect(trials).toContainEqual(trial)
    const [one, two, , four] = degrees.map(({ seconds }) => seconds) as [number, number, number, number]
    expect(two).toBeLessThan(0.95 * one)
    expect(best.metrics.total_time).toBeLessThanOrEqual(1.01 * four)
  })

  test('keeps to a degree that is given', async () => {
    const fixed = { ...few.fixed, buffers: 1 }
    const { best, degrees } = await tune(family, dims, 'bfloat16', DEVICES.trn1, { fixed })
    expect(best.schedule.buffers).toBe(1)
    expect(degrees).toEqual([])
  })

  test('leaves an entry buffers alone that a kernel gives a meaning of its own', async () => {
    const copy = kernel({
      name: 'copy',
      summary: 'Y = X',
      inputs: { x: ['M', 'N'] },
      output: ['M', 'N'],
      schedule: {},
      choices: { buffers: ['auto', 'two'] },
      reference: (_, { x }) => x,
      macs: () => 0,
      trace({ nl, nisa }, { x, y }, { M, N }, s) {
        for (const m of nl.affineRange(M.tiles(128))) {
          const rows = nl.sbuf('rows', [m, N], x.dtype, { buffers: s.buffers === 'two' ? 2 : 1 })
          nisa.dmaCopy({ dst: rows, src: x.at(m) })
          nisa.dmaCopy({ dst: y.at(m), src: rows })
        }
      },
    })
    const own = alone({ group: 'own' }, copy)
    const { tried, degrees } = await tune(own, { M: 1000, N: 64 }, 'bfloat16', DEVICES.trn1)
    expect([tried, degrees]).toEqual([2, []])
  })

  test('says what became of every candidate, the best first', async () => {
    const { best, tried, trials } = await tune(family, dims, 'bfloat16', DEVICES.trn1)
    expect(trials).toHaveLength(tried)
    expect(trials[0]).toMatchObject({ schedule: best.schedule, outcome: 'profiled' })
    for (const { outcome, seconds, cost } of trials) {
      expect(cost !== null).toBe(outcome === 'profiled')
      if (outcome === 'bound') expect(seconds).toBeGreaterThan(0)
    }
  })

  test('that is stopped goes on from the cache', async () => {
    const cache = memoryCache()
    let puts = 0
    const counting: Cache = {
      get: (key) => cache.get(key),
      put(key, cost) {
        puts++
        cache.put(key, cost)
      },
    }
    const controller = new AbortController()
    const onProgress = () => puts >= 3 && controller.abort()
    const stopped = tune(family, dims, 'bfloat16', DEVICES.trn1, {
      cache: counting,
      signal: controller.signal,
      onProgress,
    })
    await expect(stopped).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
    const before = puts
    const resumed = await tune(family, dims, 'bfloat16', DEVICES.trn1, { cache: counting })
    const { trials } = resumed
    expect(puts).toBe(trials.filter(({ outcome }) => outcome === 'profiled').length)
    expect(before).toBeLessThan(puts)
    expect(resumed).toEqual(await tune(family, dims, 'bfloat16', DEVICES.trn1))
  })
})

describe('the cache on disk', () => {
  const search = (lines: string[] = [], at = folder) =>
    tune(family, dims, 'bfloat16', DEVICES.trn2, { ...few, cache: diskCache(at, (line) => lines.push(line)) })

  test('gives the same again, to several at a time', async () => {
    const [first, second] = await Promise.all([search(), search()])
    expect(second).toEqual(first)
    const files = readdirSync(folder)
    expect(files.length).toBeGreaterThan(0)
    expect(await search()).toEqual(first)
    expect(readdirSync(folder)).toEqual(files)
  })

  test('replaces damaged files, and says so in one line', async () => {
    const first = await search()
    for (const [i, file] of readdirSync(folder).entries())
      writeFileSync(join(folder, file), ['', '{"metrics": {}}', 'null', '[1'][i % 4]!)
    const lines: string[] = []
    expect(await search(lines)).toEqual(first)
    expect(lines).toEqual([expect.stringMatching(/holds a damaged file/)])
    for (const file of readdirSync(folder)) JSON.parse(readFileSync(join(folder, file), 'utf8'))
  })

  test('may be a folder that cannot be written, or a file', async () => {
    const first = await search()
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    chmodSync(folder, 0o500)
    for (const at of [join(folder, 'new'), join(file, 'in-it')]) {
      const lines: string[] = []
      expect(await search(lines, at)).toEqual(first)
      // root may write everywhere
      if (process.getuid?.() !== 0 || at.startsWith(file)) expect(lines).toHaveLength(1)
    }
    chmodSync(folder, 0o700)
  })

  test('knows a cost by all that it depends on', () => {
    const key = (
      dtype: 'bfloat16' | 'float32',
      shape: Dims,
      schedule: ScheduleValues,
      device = DEVICES.trn1,
    ) => {
      const program = family.general.trace(schedule)
      return cacheKey(program, bind(program, shape, dtype), device, 1)
    }
    const slower = { ...DEVICES.trn1, calibrated: {} }
    const keys = [
      key('bfloat16', dims, {}),
      key('float32', dims, {}),
      key('bfloat16', { ...dims, M: 301 }, {}),
      key('bfloat16', dims, { kBlock: 256 }),
      key('bfloat16', dims, {}, DEVICES.trn2),
      key('bfloat16', dims, {}, slower),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    expect(key('bfloat16', dims, {})).toBe(keys[0])
    expect(modelVersion()).toMatch(/^[0-9a-f]{64}$/)
  })
})
