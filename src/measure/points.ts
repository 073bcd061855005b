/** What is measured: a kernel of the library at a shape, with the schedule and the cores that it is emitted for. */
import { DEVICES, type DeviceName } from '../device/index.ts'
import { choose, findFamily, type ScheduleRequest } from '../kernels/index.ts'
import { bind, type Dims, type Kernel, type Program, type ScheduleValues, type Split } from '../nki/index.ts'
import { type Profile, profile, profileLaunch } from '../simulate/index.ts'
import type { Dtype } from '../tensor/index.ts'

export interface Point {
  /** The form: `fused_xuv_decode`. */
  readonly kernel: string
  /** Entries that differ from the kernel's defaults. */
  readonly schedule: ScheduleValues
  readonly dims: Dims
  readonly dtype: Dtype
  /** How the two cores of a launch share it; null on one core. */
  readonly cores: Split | null
}

export interface Modelled {
  /** On the device. */
  readonly microseconds: number
  /** Before it, for whoever waits on the host. */
  readonly launchMicroseconds: number
  readonly hbmReadBytes: number
  readonly hbmWriteBytes: number
}

/** The form and schedule for a shape. @throws ArgumentError */
export function pointOf(
  name: string,
  dims: Dims,
  dtype: Dtype,
  request: ScheduleRequest,
  coresOf: (program: Program) => Split | null = () => null,
): Point {
  const family = findFamily(name)
  const own = Object.fromEntries(
    family.general.dims.filter((dim) => dim !== '1').map((dim) => [dim, dims[dim]!]),
  )
  const { kernel, schedule } = choose(family, own, request, undefined, dtype)
  return { kernel: kernel.name, schedule, dims: own, dtype, cores: coresOf(kernel.trace(schedule)) }
}

/** @throws ArgumentError for a kernel, schedule or shape that there is not. */
export function tracePoint({ kernel: name, schedule }: Point): { kernel: Kernel; program: Program } {
  const kernel = findFamily(name).general
  return { kernel, program: kernel.trace(schedule) }
}

export function modelPoint(point: Point, target: DeviceName): Modelled {
  const { kernel, program } = tracePoint(point)
  const { dims, dtype, cores } = point
  const binding = bind(program, dims, dtype)
  const device = DEVICES[target]
  const macs = (of: Dims) => kernel.macs(of)
  if (cores) {
    const launch = profileLaunch(program, binding, device, cores, { macs })
    return modelled(launch, launch.slowest)
  }
  const one = profile(program, binding, device, { macs: macs(dims) })
  return modelled(one.metrics, one)
}

const modelled = (
  m: { total_time: number; hbm_read_bytes: number; hbm_write_bytes: number },
  { bounds }: Profile,
): Modelled => ({
  microseconds: (m.total_time - bounds.launch) * 1e6,
  launchMicroseconds: bounds.launch * 1e6,
  hbmReadBytes: m.hbm_read_bytes,
  hbmWriteBytes: m.hbm_write_bytes,
})
