/**
 * Traces against the rules of the Trace Event Format, as Perfetto's importer applies them: it cannot be run in a test.
 * And against the profile that they show: nothing lost, nothing added.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Device, machineOf, trn1, trn2 } from '../../device/index.ts'
import { choose, findFamily, type ScheduleRequest, traceChoice } from '../../kernels/index.ts'
import { bind, type Dims } from '../../nki/index.ts'
import { type Profile, profile } from '../profile/index.ts'
import { type TraceEvent, traceOf } from './index.ts'

function traced(
  name: string,
  dims: Dims,
  schedule: ScheduleRequest = 'default',
  device: Device = trn1,
  maxSlices?: number,
) {
  const program = traceChoice(choose(findFamily(name), dims, schedule))
  const result = profile(program, bind(program, dims, 'bfloat16'), device, { timeline: true })
  const trace = traceOf(name, result.timeline!, maxSlices)
  // what a reader gets is text
  const { traceEvents } = JSON.parse(JSON.stringify(trace.file)) as { traceEvents: TraceEvent[] }
  return { result, trace, events: traceEvents }
}

/** Nanoseconds: the times of a trace are whole ones, written as µs. */
const ns = (us: number): number => Math.round(us * 1000)

/** As Perfetto finds it: 0 counts as missing, and a missing one is the main thread, which has the number of its process. */
const threadOf = ({ pid, tid }: TraceEvent): number => tid || pid

/** The rules of the format. Slices must nest: each is inside of what is open on its track, or after it. */
function validate(events: readonly TraceEvent[]): void {
  const named = new Set<number>()
  const open = new Map<number, number[]>()
  let last = 0
  for (const [i, event] of events.entries()) {
    const where = `event ${i}: ${JSON.stringify(event)}`
    expect(Number.isFinite(event.ts) && event.ts >= last, where).toBe(true)
    expect(event.ts * 1000, where).toBeCloseTo(ns(event.ts), 3)
    last = event.ts
    expect(Number.isInteger(event.pid), where).toBe(true)
    expect(event.name.length, where).toBeGreaterThan(0)
    if (event.ph === 'M' && event.name === 'thread_name') {
      // one name for a track, and none for that of process-wide events
      expect(named.has(threadOf(event)) || threadOf(event) === event.pid, where).toBe(false)
      named.add(threadOf(event))
    }
    if (event.ph === 'C') {
      expect(Object.keys(event.args!).length, where).toBeGreaterThan(0)
      for (const value of Object.values(event.args!))
        expect(typeof value === 'number' && Number.isFinite(value) && value >= 0, where).toBe(true)
    }
    if (event.ph !== 'X') continue
    const thread = threadOf(event)
    expect(named.has(thread), where).toBe(true)
    expect(event.dur! >= 0, where).toBe(true)
    expect(event.dur! * 1000, where).toBeCloseTo(ns(event.dur!), 3)
    const stack = open.get(thread) ?? []
    while (stack.length > 0 && stack.at(-1)! <= ns(event.ts)) stack.pop()
    const end = ns(event.ts + event.dur!)
    if (stack.length > 0) expect(end, where).toBeLessThanOrEqual(stack.at(-1)!)
    stack.push(end)
    open.set(thread, stack)
  }
}

const TRACKS = { tensor: 'Tensor', vector: 'Vector', scalar: 'Scalar', gpsimd: 'GpSimd' } as const

/** Every instruction is there, and the tracks are as busy as the profile says. */
function showsAllOf({ metrics: m, mix, memory }: Profile, events: readonly TraceEvent[]): void {
  const slices = events.filter(({ ph }) => ph === 'X')
  const byName = new Map<string, number>()
  for (const { name } of slices) byName.set(name, (byName.get(name) ?? 0) + 1)
  expect(Object.fromEntries(byName)).toEqual(mix)
  const track = (name: string) =>
    events.find((e) => e.ph === 'M' && e.name === 'thread_name' && e.args?.name === name)!.tid!
  for (const [engine, name] of Object.entries(TRACKS)) {
    const own = slices.filter(({ tid }) => tid === track(name))
    const metric = `${engine}_engine_active_time` as 'tensor_engine_active_time'
    expect(own.length).toBe(m[`${engine}_engine_instruction_count` as 'tensor_engine_instruction_count'])
    // each end is rounded to a nanosecond
    const busy = own.reduce((sum, { dur }) => sum + dur!, 0)
    expect(Math.abs(busy - m[metric] * 1e6)).toBeLessThanOrEqual(1e-3 * own.length + 1e-6)
  }
  const counters = events.filter(({ ph }) => ph === 'C')
  const levels = (name: string) =>
    counters.filter((e) => e.name === name).map((e) => 1024 * Number(Object.values(e.args!)[0]))
  expect(levels('SBUF').at(-1)).toBe(0)
  expect(levels('PSUM').at(-1)).toBe(0)
  expect(Math.max(...levels('SBUF'))).toBeLessThanOrEqual(memory.capacity)
  expect(Math.max(...levels('SBUF'))).toBeGreaterThan(0)
  expect(Math.max(...levels('PSUM'))).toBeLessThanOrEqual(machineOf(trn1).psumBanks * 2048)
  for (const { args, cat, name } of slices) {
    expect(args).toMatchObject({ op: name })
    expect(String(args!.tile)).toMatch(/^\w+/)
    expect(String(args!.source)).toMatch(/^[\w-]+\.ts:\d+/)
    expect(cat === 'spill').toBe(['spill_save', 'spill_reload', 'reread'].includes(name))
  }
}

describe('a trace is valid, and shows all of its profile', () => {
  test.each<[string, Dims, ScheduleRequest, Device]>([
    ['fused_xuv', { M: 512, K: 700, r: 257, N: 1100 }, 'seed', trn2],
    ['fused_xuv', { M: 3, K: 700, r: 257, N: 1100 }, 'default', trn1],
    ['matmul_tiled_natural_lhs', { M: 300, K: 500, N: 700 }, 'default', trn1],
    ['fused_mlp', { M: 200, K: 256, r: 128, N: 512 }, 'default', trn2],
  ])('%s %o %s', (name, dims, schedule, device) => {
    const { result, events, trace } = traced(name, dims, schedule, device)
    expect(trace.dropped).toBe(0)
    validate(events)
    showsAllOf(result, events)
    expect(
      new Set(events.flatMap((e) => (e.ph === 'M' && e.name === 'thread_name' ? [e.tid] : []))).size,
    ).toBe(7)
    // some versions of Perfetto took the unit of display for that of the times
    expect(trace.file).not.toHaveProperty('displayTimeUnit')
  })

  test('with spills, and with blocks that are read again', () => {
    for (const { result, events } of [
      traced('matmul_fully_optimized', { M: 16384, K: 1536, N: 1024 }, 'seed'),
      traced('matmul_block_free', { M: 256, K: 65536, N: 512 }),
    ]) {
      validate(events)
      showsAllOf(result, events)
      expect(events.some(({ cat }) => cat === 'spill')).toBe(true)
    }
  })

  test('at random shapes', () => {
    const dim = fc.integer({ min: 1, max: 600 })
    fc.assert(
      fc.property(
        fc.record({ M: dim, K: dim, r: dim, N: dim }),
        fc.constantFrom(trn1, trn2),
        (dims, device) => {
          const { result, events } = traced('fused_xuv', dims, 'default', device)
          validate(events)
          showsAllOf(result, events)
        },
      ),
      { numRuns: 10 },
    )
  })
})

test('of a run that is too long pieces are shown, spread over all of it, and marks say what is between', () => {
  const whole = traced('fused_xuv', { M: 1024, K: 1024, r: 512, N: 1024 })
  const cut = traced('fused_xuv', { M: 1024, K: 1024, r: 512, N: 1024 }, 'default', trn1, 120)
  validate(cut.events)
  const slices = (events: readonly TraceEvent[]) => events.filter(({ ph }) => ph === 'X')
  const [all, shown] = [slices(whole.events), slices(cut.events)]
  expect(shown).toHaveLength(120)
  expect(cut.trace).toMatchObject({ slices: 120, dropped: all.length - 120, pieces: 6 })
  expect(shown.slice(0, 20)).toEqual(all.slice(0, 20))
  expect(shown.slice(-20)).toEqual(all.slice(-20))
  const marks = cut.events.filter(({ ph }) => ph === 'I')
  const missing = marks.map(({ name }) => Number(/^(\d+) of (\d+) instructions/.exec(name)![1]))
  expect(missing.reduce((a, b) => a + b)).toBe(cut.trace.dropped)
  // between a mark and what it names nothing is shown
  for (const { name, ts } of marks) {
    const until = Number(/until ([\d.]+)/.exec(name)![1])
    expect(shown.filter((slice) => slice.ts > ts && slice.ts < until)).toEqual([])
  }
})

test('counters of a run that is cut are those of the whole one, wherever they are shown', () => {
  const shape = { M: 2048, K: 1024, r: 512, N: 1024 }
  const levels = (events: readonly TraceEvent[]) =>
    events.filter(({ ph, name }) => ph === 'C' && name === 'SBUF')
  const all = levels(traced('fused_xuv', shape).events)
  const cut = traced('fused_xuv', shape, 'default', trn1, 120)
  const few = levels(cut.events)
  expect(few.length).toBeLessThanOrEqual(all.length)
  for (const event of few) {
    const held = all.filter(({ ts }) => ts <= event.ts)
    const now = held.filter(({ ts }) => ts === held.at(-1)!.ts)
    expect(now.map(({ args }) => args)).toContainEqual(event.args)
  }
  expect(few.at(-1)).toEqual(all.at(-1))
})

test('a run of hundreds of thousands of instructions is traced, up to the cap', () => {
  const { trace, result } = traced('matmul_fully_optimized', { M: 16384, K: 8192, N: 16384 }, 'seed')
  const { length } = result.timeline!.stream
  expect(length).toBeGreaterThan(200_000)
  expect(trace.slices).toBeLessThanOrEqual(200_000)
  expect(trace.slices + trace.dropped).toBe(length)
  const last = trace.file.traceEvents.filter(({ ph }) => ph === 'X').at(-1)!
  expect(last.ts + last.dur!).toBeGreaterThan(0.99 * result.metrics.total_exec_time * 1e6)
})
