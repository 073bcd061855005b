/** Default schedules between the shapes that were tuned: they fit on chip, and come near the best that a search finds. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEVICE_NAMES, DEVICES } from '../device/index.ts'
import {
  choose,
  EXACT_SUMS,
  FAMILIES,
  type Family,
  findFamily,
  formsOf,
  traceChoice,
  withinLimits,
} from '../kernels/index.ts'
import { bind, type Program } from '../nki/index.ts'
import { memoryOf, profile } from '../simulate/index.ts'
import { tune } from './index.ts'

const FUSED = FAMILIES.filter(({ name }) => name.startsWith('fused'))

/** Sizes as likely between 100 and 200 as between 1000 and 2000. */
const size = (least: number, most: number) =>
  fc.double({ min: Math.log(least), max: Math.log(most), noNaN: true }).map((x) => Math.round(Math.exp(x)))
const shape = fc.record({ M: size(1, 20000), K: size(1, 30000), r: size(1, 9000), N: size(1, 30000) })
const target = fc.constantFrom(...DEVICE_NAMES)

test('nothing is spilled or loaded twice, at any shape of a fused kernel, on any core', () => {
  fc.assert(
    fc.property(fc.constantFrom(...FUSED), shape, target, (family, dims, device) => {
      const program = traceChoice(choose(family, dims, 'default', device))
      const { tenants, overflows } = memoryOf(program, bind(program, dims, 'bfloat16'), DEVICES[device])
      expect(overflows).toBe(false)
      expect(tenants.filter(({ residence }) => residence !== 'resident')).toEqual([])
    }),
    // a rank far above those of the table, with few columns
    { numRuns: 300, examples: [[findFamily('fused_mlp'), { M: 129, K: 1, r: 5121, N: 651 }, 'trn1']] },
  )
})

test('in float32, which takes twice the room, they can be compiled', () => {
  fc.assert(
    fc.property(fc.constantFrom(...FUSED), shape, target, (family, dims, device) => {
      const program = traceChoice(choose(family, dims, 'default', device))
      expect(memoryOf(program, bind(program, dims, 'float32'), DEVICES[device]).overflows).toBe(false)
    }),
  )
})

test('no schedule is refused for what it leaves open, in elements of four bytes, of two or of one', () => {
  const names = (family: Family) =>
    new Set(formsOf(family).flatMap(({ schedules }) => Object.keys(schedules)))
  for (const family of FAMILIES)
    for (const name of names(family))
      for (const dtype of ['float32', 'bfloat16', 'float8_e4m3'] as const)
        for (const device of DEVICE_NAMES)
          for (const M of [64, 300, 5000]) {
            const dims = withinLimits(family.general, { M, K: 2048, r: 512, N: 2048 })
            const program = traceChoice(choose(family, dims, name, device, dtype))
            const what = `${family.name}:${name} in ${dtype} on ${device}`
            expect(() => bind(program, dims, dtype), what).not.toThrow()
            expect(memoryOf(program, bind(program, dims, dtype), DEVICES[device]).overflows, what).toBe(false)
          }
})

test('what was asked for stays, and is refused in words', () => {
  const family = findFamily('fused_xuv')
  const dims = { M: 5000, K: 2048, r: 512, N: 2048 }
  const choice = choose(family, dims, { transposeBy: 'dma' }, 'trn1', 'float8_e4m3')
  expect(() => bind(traceChoice(choice), dims, 'float8_e4m3')).toThrow(
    /DMA transposes elements of 2 or 4 bytes/,
  )
})

/** Within the range of the table, against every schedule with the same sums; docs/tuning.md shows how near most come. */
const FAR = 1.2

test('none is far from the best', async () => {
  const rows = fc.record({ M: size(129, 2000), K: size(1500, 9000), r: size(256, 3000), N: size(1500, 9000) })
  const tuned = fc.constantFrom('trn1' as const, 'trn2' as const)
  const names = ['fused_xuv', 'fused_xtuv', 'fused_xuv_transposed', 'fused_xtuv_transposed', 'fused_mlp']
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), rows, tuned, async (name, dims, core) => {
      const family = findFamily(name)
      const device = DEVICES[core]
      const program = traceChoice(choose(family, dims, 'default', core))
      const { metrics } = profile(program, bind(program, dims, 'bfloat16'), device)
      const sums = program.choices.accumulate!
      const fixed = { accumulate: sums === 'input' ? sums : EXACT_SUMS }
      const { best } = await tune(family, dims, 'bfloat16', device, { fixed })
      expect(metrics.total_time).toBeLessThanOrEqual(FAR * best.metrics.total_time)
    }),
    { numRuns: 8, seed: 3, endOnFailure: true },
  )
})

/** Layers of the tables at rows that are none of theirs: strips may fill SBUF, and leave loads no room to run ahead. */
test.each([
  ['trn1', { M: 1500, K: 8192, r: 4096, N: 16384 }],
  ['trn1', { M: 2049, K: 8192, r: 4096, N: 16384 }],
  ['trn2', { M: 2048, K: 8192, r: 4096, N: 16384 }],
  ['trn1', { M: 2048, K: 2048, r: 512, N: 2048 }],
] as const)('on %s at %o the default is as good as the best', async (core, dims) => {
  const [family, device] = [findFamily('fused_xuv'), DEVICES[core]]
  const program = traceChoice(choose(family, dims, 'default', core))
  const { metrics } = profile(program, bind(program, dims, 'bfloat16'), device)
  const { best } = await tune(family, dims, 'bfloat16', device, { fixed: { accumulate: EXACT_SUMS } })
  expect(metrics.total_time).toBeLessThanOrEqual(1.03 * best.metrics.total_time)
})

test('a default for each core, where it matters', () => {
  const { general } = findFamily('fused_xuv')
  const dims = { M: 2048, K: 8192, r: 4096, N: 16384 }
  const time = (core: 'trn1' | 'trn2', of: 'trn1' | 'trn2'): number => {
    const program = general.trace(general.defaultFor(dims, of))
    return profile(program, bind(program, dims, 'bfloat16'), DEVICES[core]).metrics.total_time
  }
  expect(time('trn1', 'trn2')).toBeGreaterThan(1.05 * time('trn1', 'trn1'))
  // what is not in the device tables takes that of trn2
  expect(general.defaultFor(dims, 'trn9')).toEqual(general.defaultFor(dims, 'trn2'))
  expect(general.defaultFor(dims)).toEqual(general.defaultFor(dims, 'trn1'))
})

/** Layers of the table, and layers between them. */
const AT = [
  ['fused_xuv', { K: 8192, r: 4096, N: 16384 }, [4096, 8192, 16384, 32768]],
  ['fused_xuv', { K: 4096, r: 2560, N: 14336 }, [1024, 5000]],
  ['fused_xuv', { K: 2048, r: 1280, N: 8192 }, [300, 2048]],
  ['fused_xuv', { K: 960, r: 320, N: 2560 }, [200, 3000]],
  ['fused_xuv', { K: 3584, r: 2000, N: 18944 }, [3000]],
  ['fused_xuv', { K: 3072, r: 1792, N: 8192 }, [300]],
  ['fused_xuv', { K: 6144, r: 3072, N: 6144 }, [777, 1100]],
  ['fused_xuv_transposed', { K: 2048, r: 1280, N: 8192 }, [300, 2048]],
  ['fused_xuv_transposed', { K: 4096, r: 2560, N: 14336 }, [1024]],
  ['fused_mlp_up_transposed', { K: 2048, r: 1280, N: 8192 }, [300, 2048]],
  ['fused_mlp_up_transposed', { K: 4096, r: 2560, N: 14336 }, [1024]],
  ['fused_xtuv', { K: 8192, r: 4096, N: 16384 }, [4096, 16384]],
  ['fused_xtuv', { K: 2560, r: 1024, N: 2560 }, [1000, 4000]],
] as const

test.each(DEVICE_NAMES)('on %s none loses to the blocks of the seed, at sums that are as exact', (target) => {
  for (const [name, layer, rows] of AT)
    for (const M of rows) {
      const family = findFamily(name)
      const dims = { M, ...layer }
      const choice = choose(family, dims, 'default', target)
      const exact = (EXACT_SUMS as readonly string[]).includes(String(choice.schedule.accumulate))
      const seed = { ...choose(family, dims, 'seed').schedule, ...(exact && { accumulate: 'float32' }) }
      const time = (program: Program): number =>
        profile(program, bind(program, dims, 'bfloat16'), DEVICES[target]).metrics.total_time
      const ratio = time(traceChoice(choice)) / time(choice.kernel.trace(seed))
      expect(ratio, `${name} ${JSON.stringify(dims)}`).toBeLessThanOrEqual(1.01)
    }
})
