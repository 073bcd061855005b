/** A published measurement, and how it is modelled. */
import type { Calibrated, DeviceName, Machine } from '../../src/device/index.ts'
import { choose, findFamily } from '../../src/kernels/index.ts'
import type { Dims, Kernel, ScheduleValues } from '../../src/nki/index.ts'
import type { Dtype } from '../../src/tensor/index.ts'

/** Busy time in ms. */
export type Activity = Partial<Record<'tensor' | 'vector' | 'scalar' | 'dma', number>>

export interface Point {
  readonly name: string
  readonly source: string
  readonly target: DeviceName
  readonly dtype: Dtype
  readonly dims: Dims
  readonly kernel: Kernel
  /** Several where the published time is the best of a search: the best of them counts. */
  readonly schedules: readonly ScheduleValues[]
  readonly ms?: number
  /** Read and written together. */
  readonly bytes?: number
  readonly active?: Activity
  /** Timed from the host: a launch is part of it. Other sources are profiles of the device. */
  readonly launched?: boolean
  readonly machine?: Partial<Machine>
  /** µs that its source takes in series with everything else, and that the language does not express. */
  readonly serial?: (machine: Machine) => number
  /** Bytes that the experiment moved outside of the kernel, serially, at the HBM share of the core. */
  readonly outsideBytes?: number
  readonly calibrates?: readonly (keyof Calibrated)[]
  /** A rule of the model (not a number) that was settled by looking at it. */
  readonly shaped?: string
  /** Why it is off, where it is. */
  readonly remark?: string
  /** The model does not claim it: why not. It is shown, and counted apart. */
  readonly outOfReach?: string
}

/** A kernel of the library, in the form and schedule that its name picks. */
export function library(name: string, dims: Dims, schedule: string | ScheduleValues = 'default') {
  const choice = choose(findFamily(name), dims, schedule)
  return { kernel: choice.kernel, schedules: [choice.schedule], dims }
}
export const own = (kernel: Kernel, dims: Dims, schedule: ScheduleValues = {}) => ({
  kernel,
  schedules: [schedule],
  dims,
})
export const square = (n: number) => ({ M: n, K: n, N: n })
