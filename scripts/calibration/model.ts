/** Points as the profiler sees them, on the device as it is or with one of its numbers changed. */
import { type Calibrated, DEVICES, type Machine, machineOf, withCalibrated } from '../../src/device/index.ts'
import { bind } from '../../src/nki/index.ts'
import { type Profile, profile } from '../../src/simulate/index.ts'
import type { Activity, Point } from './point.ts'

export interface Modelled {
  readonly ms: number
  readonly bytes: number
  readonly active: Required<Activity>
}

export function model(point: Point, change: (machine: Machine) => Machine = (m) => m): Modelled {
  const base = change(machineOf(DEVICES[point.target]))
  const machine = { ...base, ...point.machine, launch: point.launched ? base.launch : 0 }
  const [best] = point.schedules
    .map((schedule): Profile => {
      const program = point.kernel.trace(schedule)
      return profile(program, bind(program, point.dims, point.dtype), DEVICES[point.target], { machine })
    })
    .sort((a, b) => a.metrics.total_time - b.metrics.total_time)
  const { metrics: m } = best!
  const outside = point.outsideBytes ?? 0
  return {
    ms: m.total_time * 1e3 + (outside / machine.hbmBandwidth + (point.serial?.(machine) ?? 0)) / 1e3,
    bytes: m.hbm_read_bytes + m.hbm_write_bytes + outside,
    active: {
      tensor: m.tensor_engine_active_time * 1e3,
      vector: m.vector_engine_active_time * 1e3,
      scalar: m.scalar_engine_active_time * 1e3,
      dma: m.dma_active_time * 1e3,
    },
  }
}

export const setting =
  (name: keyof Calibrated, value: number) =>
  (machine: Machine): Machine =>
    withCalibrated(machine, name, value)
