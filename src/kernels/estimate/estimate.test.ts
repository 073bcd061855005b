/** What a schedule is expected to take, against the profiler. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEVICE_NAMES, DEVICES, machineOf } from '../../device/index.ts'
import { bind, type Dims, type Kernel, type ScheduleValues } from '../../nki/index.ts'
import { memoryOf, profile } from '../../simulate/index.ts'
import { findFamily, TUNED_KERNELS } from '../index.ts'
import { EXPECTED } from './index.ts'

/** Sizes as likely between 200 and 400 as between 2000 and 4000. */
const size = (least: number, most: number) =>
  fc.double({ min: Math.log(least), max: Math.log(most), noNaN: true }).map((x) => Math.round(Math.exp(x)))

const scheduleOf = ({ space, choices }: Kernel): fc.Arbitrary<ScheduleValues> =>
  fc.record(
    Object.fromEntries(
      Object.entries({ ...space, ...choices }).map(([name, values]) => [name, fc.constantFrom(...values)]),
    ),
  )

const cases = fc.constantFrom(...TUNED_KERNELS).chain((name) => {
  const { general } = findFamily(name)
  const [most, rank] = [size(129, 6000), size(100, 2000)]
  const dims = fc.record(Object.fromEntries(general.dims.map((dim) => [dim, dim === 'r' ? rank : most])))
  return fc.record({
    name: fc.constant(name),
    dims: dims as fc.Arbitrary<Dims>,
    schedule: scheduleOf(general),
    target: fc.constantFrom(...DEVICE_NAMES),
  })
})

/** The time of a schedule that fits, as estimated and as profiled; whether it fits, in both. */
function compared({ name, dims, schedule, target }: typeof cases extends fc.Arbitrary<infer T> ? T : never) {
  const device = DEVICES[target]
  const outlook = EXPECTED[name](schedule, dims, machineOf(device))
  const program = findFamily(name).general.trace(schedule)
  const binding = bind(program, dims, 'bfloat16')
  const { tenants } = memoryOf(program, binding, device)
  const resident = tenants.every(({ residence }) => residence === 'resident')
  if (!outlook) return { resident, outlook, estimated: 0, profiled: 0 }
  const { metrics, bounds } = profile(program, binding, device)
  const profiled = (metrics.total_time - bounds.launch) * 1e6
  return { resident, outlook, estimated: outlook.estimate().time, profiled }
}

test('what fits is what the memory plan says, and no estimate is shorter than the least time', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const { resident, outlook, estimated } = compared(one)
      expect(outlook !== null).toBe(resident)
      if (outlook) expect(outlook.least).toBeLessThanOrEqual(1.001 * estimated)
    }),
    { numRuns: 60 },
  )
})

test('however long dimensions are, an estimate comes to an end', () => {
  const most = 2 ** 30
  for (const name of TUNED_KERNELS)
    for (const dims of [
      { M: most, K: most, r: most, N: most },
      { M: most, K: most, r: 512, N: most },
    ]) {
      const { general } = findFamily(name)
      const schedule = general.defaultFor(dims)
      expect(Object.keys(schedule)).toEqual(expect.arrayContaining(Object.keys(general.space)))
    }
})

test('half of the estimates are within 3 % of the profile, nine of ten within 15 %', () => {
  const errors = fc
    .sample(cases, { numRuns: 150, seed: 1 })
    .map(compared)
    .filter(({ outlook }) => outlook !== null)
    .map(({ estimated, profiled }) => Math.abs(Math.log(estimated / profiled)))
    .sort((a, b) => a - b)
  expect(errors.length).toBeGreaterThan(80)
  expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.03)
  expect(errors[Math.floor(errors.length * 0.9)]).toBeLessThan(0.15)
})
