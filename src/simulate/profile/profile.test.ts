import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dmaBandwidth, machineOf, trn1, trn2 } from '../../device/index.ts'
import { choose, findFamily, traceChoice } from '../../kernels/index.ts'
import { bind, type Dims } from '../../nki/index.ts'
import { type ProfileOptions, profile } from './index.ts'
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

const small = fc.record({
  M: fc.integer({ min: 1, max: 1500 }),
  K: fc.integer({ min: 1, max: 1500 }),
  r: fc.integer({ min: 1, max: 700 }),
  N: fc.integer({ min: 1, max: 1500 }),
})

describe('kernels of random shapes', () => {
  it('move what is written where everything fits, and never beat a bound', () => {
    fc.assert(
      fc.property(
        small,
        fc.constantFrom('default', 'seed'),
        fc.constantFrom(trn1, trn2),
        (dims, schedule, device) => {
          const { asWritten, metrics, bounds } = time('fused_xuv', dims, schedule, device)
          expect(metrics.hbm_read_bytes).toBe(asWritten.hbm_read_bytes)
          expect(metrics.hbm_write_bytes).toBe(asWritten.hbm_write_bytes)
          expect(metrics.total_time).toBeGreaterThanOrEqual(Math.max(bounds.compute, bounds.memory))
        },
      ),
      { numRuns: 30 },
    )
  })

  it('are no slower with more bandwidth or a faster clock', () => {
    fc.assert(
      fc.property(
        small,
        fc.constantFrom(trn1, trn2),
        fc.double({ min: 1, max: 4, noNaN: true }),
        (dims, device, factor) => {
          const machine = { ...machineOf(device), throttle: null }
          const base = time('fused_xuv', dims, 'seed', device, { machine }).metrics.total_time
          const dma = { ...machine.dma, engineBandwidth: machine.dma.engineBandwidth * factor }
          const clock = { ...machine.clock, tensor: machine.clock.tensor * factor }
          for (const faster of [
            { ...machine, dma },
            { ...machine, clock },
          ])
            expect(
              time('fused_xuv', dims, 'seed', device, { machine: faster }).metrics.total_time,
            ).toBeLessThanOrEqual(base * (1 + 1e-6))
        },
      ),
      { numRuns: 20 },
    )
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
