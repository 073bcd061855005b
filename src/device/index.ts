/** One table per NeuronCore, every number with unit and source. */
import type { Device, DeviceName } from './device.ts'
import { trn1 } from './trn1.ts'
import { trn2 } from './trn2.ts'
import { trn3 } from './trn3.ts'

export {
  fits,
  largest,
  placeCopies,
  type Rotating,
  raiseCopies,
  repetition,
  takenBytes,
} from './copies.ts'
export { type Calibrated, type Device, type DeviceName, type Documented, PASSES } from './device.ts'
export {
  dmaBandwidth,
  dmaTime,
  isCount,
  type Machine,
  machineOf,
  neighbours,
  peakMacs,
  withCalibrated,
} from './machine.ts'
export { type Interval, type OnChipBlock, overlap, type Placed, place, shareMemory } from './placement.ts'
export type { Quantity } from './quantity.ts'
export { trn1, trn2, trn3 }

export const DEVICES: Readonly<Record<DeviceName, Device>> = { trn1, trn2, trn3 }
export const DEVICE_NAMES = Object.keys(DEVICES) as DeviceName[]
