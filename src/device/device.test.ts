/** The device tables against the documented figures that they must reproduce. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Calibrated,
  DEVICE_NAMES,
  DEVICES,
  dmaBandwidth,
  dmaTime,
  machineOf,
  peakMacs,
  withCalibrated,
} from './index.ts'

const machines = DEVICE_NAMES.map((name) => [name, machineOf(DEVICES[name])] as const)
/** GB/s of one DMA of 128 rows, while it is served. */
const bandwidth = (name: (typeof DEVICE_NAMES)[number], rowBytes: number): number =>
  (128 * rowBytes) / dmaTime(machineOf(DEVICES[name]), 128, rowBytes) / 1000

describe('DMA', () => {
  it('sustains on long rows what the DMA guide calls practical: 17, 23 and 33 bytes per ns and engine', () => {
    expect(machines.map(([, m]) => dmaBandwidth(m))).toEqual([272_000, 368_000, 528_000])
    for (const [name, m] of machines)
      expect(bandwidth(name, 65536) * 1000).toBeGreaterThan(0.99 * dmaBandwidth(m))
  })

  it('saturates from rows of 4 KiB on, and is far from it at 512 bytes', () => {
    for (const [name, m] of machines)
      expect(bandwidth(name, 4096) * 1000).toBeGreaterThan(0.95 * dmaBandwidth(m))
    expect(bandwidth('trn1', 512) * 1000).toBeLessThan(0.35 * 272_000)
  })

  it('on Trn1 is about 105 GB/s for the tutorial’s mix of 1 KiB and 256 B rows, and 263 to 294 at 4 KiB', () => {
    const mix = (128 * (1024 + 256)) / (dmaTime(machineOf(DEVICES.trn1), 128, 1024) * 2) / 1000
    expect(mix).toBeGreaterThan(100)
    expect(mix).toBeLessThan(110)
    expect(bandwidth('trn1', 4096)).toBeGreaterThan(263)
    expect(bandwidth('trn1', 4096)).toBeLessThan(294)
  })

  it('takes longer for more rows and for longer ones, and never exceeds the engines', () => {
    const row = fc.integer({ min: 1, max: 65536 })
    const count = fc.integer({ min: 1, max: 128 })
    fc.assert(
      fc.property(fc.constantFrom(...machines), count, row, row, ([, m], rows, a, b) => {
        const [short, long] = [Math.min(a, b), Math.max(a, b)]
        expect(dmaTime(m, rows, short)).toBeLessThanOrEqual(dmaTime(m, rows, long))
        expect(dmaTime(m, rows, short)).toBeLessThanOrEqual(dmaTime(m, 128, short))
        expect(dmaTime(m, rows, long)).toBeGreaterThanOrEqual((rows * long) / dmaBandwidth(m) - 1e-9)
      }),
    )
  })
})

it('peaks at 91.75, 78.64 and 78.64 TFLOP/s of bfloat16, nominally', () => {
  const tflops = machines.map(([, m]) => (2 * peakMacs(m, m.nominalTensorClock)) / 1e6)
  expect(tflops.map((t) => Number(t.toFixed(2)))).toEqual([91.75, 78.64, 78.64])
})

it('names unit and source of every number, and takes each calibrated one in another value', () => {
  for (const device of Object.values(DEVICES)) {
    for (const { unit, source } of Object.values({ ...device.documented, ...device.calibrated }))
      expect(unit.length * source.length).toBeGreaterThan(0)
    const machine = machineOf(device)
    for (const [name, { value }] of Object.entries(device.calibrated)) {
      expect(withCalibrated(machine, name as keyof Calibrated, value)).toEqual(machine)
      expect(withCalibrated(machine, name as keyof Calibrated, 2 * value)).not.toEqual(machine)
    }
  }
})

it('says of Trn3 that nobody has measured it, and of no other', () => {
  expect(DEVICE_NAMES.filter((name) => DEVICES[name].unvalidated !== null)).toEqual(['trn3'])
})
