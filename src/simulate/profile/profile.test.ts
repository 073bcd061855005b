import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dmaBandwidth, machineOf, trn1, trn2 } from '../../device/index.ts'
import { choose, findFamily, traceChoice } from '../../kernels/index.ts'
import { bind, type Dims } from '../../nki/index.ts'
import { type ProfileOptions, profile, sensitivity } from './index.ts'
import { Stream } from './stream.ts'
import { execute } from './timing.ts'

const time = (name: string, dims: Dims, schedule: string, device = trn1, options: ProfileOptions = {}) => {
  const program = traceChoice(choose(findFamily(name), dims, schedule))
  return profile(program, bind(program, dims, 'bfloat16'), device, options)
}

/** Random instructions, each of which may wait for earlier ones. */
const streams = fc
  .array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(1000), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 200,
  })
  .map((instructions) => {
    const stream = new Stream()
    const origin = stream.newOrigin({ op: 'any', site: 'test', tile: 'tile' })
    for (const [i, [queue, cost, on]] of instructions.entries()) {
      stream.add(queue, cost / 10, origin)
      for (const earlier of on) if (i > 0) stream.waitFor(earlier % i)
    }
    return stream
  })

describe('execution of random instructions', () => {
  it('accounts for all of the time of every engine and of the DMA engines', () => {
    fc.assert(
      fc.property(streams, fc.constantFrom(trn1, trn2), (stream, device) => {
        const { total, busy, idle, dmaBusy, dmaIdle } = execute(stream, machineOf(device))
        for (const [q, time] of busy.entries()) expect(time + idle[q]!).toBeCloseTo(total, 6)
        expect(dmaBusy + dmaIdle).toBeCloseTo(total, 6)
        expect(total).toBeGreaterThanOrEqual(Math.max(dmaBusy, ...busy) - 1e-6)
      }),
    )
  })

  it('names the instructions that wait for each other', () => {
    const stream = new Stream()
    const origin = stream.newOrigin({ op: 'nc_matmul', site: 'kernel.ts:7', tile: 'acc' })
    stream.add(0, 1, origin)
    stream.dependency[0] = 1
    stream.dependencyStart[1] = 1
    stream.add(1, 1, origin)
    stream.dependencies = 1
    stream.dependencyStart[2] = 2
    stream.dependency[1] = 0
    expect(() => execute(stream, machineOf(trn1))).toThrow(/deadlock.*nc_matmul of acc \(kernel.ts:7\)/)
  })
})

describe('cost of a profile', () => {
  const shape = (M: number) => ({ M, K: 1024, r: 512, N: 1024 })
  const streamOf = (name: string, M: number) =>
    time(name, shape(M), 'seed', trn1, { timeline: true }).timeline!.stream

  it('is proportional to the rows: instructions, and what each of them waits for', () => {
    const [once, twice, fourfold] = [8192, 16384, 32768].map((M) => streamOf('fused_xuv', M))
    expect(twice!.length).toBe(2 * once!.length)
    expect(fourfold!.length).toBe(4 * once!.length)
    // the first strips wait for less; from then on every strip waits for as much as the one before
    expect(fourfold!.dependencies - twice!.dependencies).toBe(2 * (twice!.dependencies - once!.dependencies))
    // what is kept does not grow with the program text: origins are static
    expect(fourfold!.origins.length).toBe(once!.origins.length)
  })

  it('stays proportional where a strip is spilled and blocks are loaded again', () => {
    const machine = { sbuf: 48 * 1024 }
    const lengthAt = (M: number): number =>
      time('matmul_fixed_loop_order', { M, K: 2048, N: 2048 }, 'seed', trn1, { timeline: true, machine })
        .timeline!.stream.length
    expect(lengthAt(16384) / lengthAt(8192)).toBeCloseTo(2, 1)
  })
})

describe('what a time hinges on', () => {
  const sensitivityOf = (name: string, dims: Dims, schedule: string, device = trn1) => {
    const program = traceChoice(choose(findFamily(name), dims, schedule))
    return sensitivity(program, bind(program, dims, 'bfloat16'), device)
  }

  it('is the tensor clock where the tensor engine is busy', () => {
    const { buffering, numbers } = sensitivityOf(
      'matmul_fully_optimized',
      { M: 2048, K: 2048, N: 2048 },
      'seed',
    )
    expect(numbers[0]).toMatchObject({ name: 'tensorClock' })
    expect(numbers[0]!.lowerPercent).toBeGreaterThan(5)
    expect(numbers[0]!.higherPercent).toBeLessThan(-5)
    expect(buffering.single).toBeGreaterThan(buffering.assumed)
  })

  it('is the time of a row where DMAs are small', () => {
    const { numbers } = sensitivityOf('matmul_tiled', { M: 512, K: 2048, N: 1024 }, 'default')
    expect(numbers[0]).toMatchObject({ name: 'dmaRowTime' })
    expect(numbers.find((n) => n.name === 'tensorClock')).toBeUndefined()
  })
})

describe('what does not fit', () => {
  it('spills a strip of sums, and says who lives where', () => {
    const { metrics, asWritten, memory, advice } = time(
      'matmul_fully_optimized',
      { M: 16384, K: 2048, N: 2048 },
      'seed',
    )
    expect(memory.needed).toBeGreaterThan(memory.capacity)
    expect(memory.tenants.find((t) => t.residence === 'spilled')?.name).toBe('result')
    expect(metrics.hbm_read_bytes).toBe(asWritten.hbm_read_bytes + metrics.spill_reload_bytes)
    expect(metrics.hbm_write_bytes).toBe(asWritten.hbm_write_bytes + metrics.spill_save_bytes)
    expect(metrics.spill_save_bytes).toBeGreaterThan(0)
    expect(advice.map((a) => a.rule)).toContain('spill')
  })

  it('loads a block of input again at each use', () => {
    const { metrics, traffic, asWritten } = time(
      'matmul_block_free',
      { M: 512, K: 65536, N: 1024 },
      'default',
    )
    expect(traffic.rereadBytes).toBeGreaterThan(0)
    expect(metrics.spill_save_bytes).toBe(0)
    expect(metrics.hbm_read_bytes).toBeGreaterThan(asWritten.hbm_read_bytes)
  })
})

it('takes the bandwidth of all DMA engines from the device', () => {
  expect(dmaBandwidth(machineOf(trn1))).toBe(272_000)
  expect(dmaBandwidth(machineOf(trn2))).toBe(368_000)
})
