/**
 * What a modelled time hinges on: how many copies the compiler is assumed to make of a loop's buffers, and the numbers
 * that were calibrated rather than documented.
 */
import {
  type Calibrated,
  type Device,
  type Machine,
  machineOf,
  neighbours,
  withCalibrated,
} from '../../device/index.ts'
import type { Binding, Program } from '../../nki/index.ts'
import { profile } from './profile.ts'

export interface Sensitivity {
  /** Seconds with single copies of every buffer, as assumed, and with as much SBUF as could be wanted. */
  readonly buffering: { readonly single: number; readonly assumed: number; readonly unlimited: number }
  /** Calibrated numbers that matter, the most important first. */
  readonly numbers: readonly {
    readonly name: keyof Calibrated
    readonly value: number
    readonly unit: string
    /** Change of total_time in percent, with the number a tenth lower and higher (a count: half and double). */
    readonly lowerPercent: number
    readonly higherPercent: number
  }[]
}

/** Percent of the time, below which a number does not matter. */
const MATTERS = 0.1
/** KiB per partition, more than any kernel asks for. */
const PLENTY = 1024 * 1024

/** Profiles the program about a dozen times. */
export function sensitivity(program: Program, binding: Binding, device: Device): Sensitivity {
  const machine = machineOf(device)
  const time = (changed: Machine): number =>
    profile(program, binding, device, { machine: changed }).metrics.total_time
  const assumed = time(machine)
  const percent = (changed: Machine): number => (time(changed) / assumed - 1) * 100
  const numbers = (Object.keys(device.calibrated) as (keyof Calibrated)[]).map((name) => {
    const { value, unit } = device.calibrated[name]!
    const [low, high] = neighbours(name, value)
    return {
      name,
      value,
      unit,
      lowerPercent: percent(withCalibrated(machine, name, low)),
      higherPercent: percent(withCalibrated(machine, name, high)),
    }
  })
  const effect = (n: (typeof numbers)[number]): number =>
    Math.max(Math.abs(n.lowerPercent), Math.abs(n.higherPercent))
  return {
    buffering: {
      single: time({ ...machine, maxDegree: 1 }),
      assumed,
      unlimited: time({ ...machine, sbuf: PLENTY * 1024 }),
    },
    numbers: numbers.filter((n) => effect(n) >= MATTERS).sort((a, b) => effect(b) - effect(a)),
  }
}
