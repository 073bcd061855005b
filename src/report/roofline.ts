/**
 * The roofline: how fast kernels run against what a NeuronCore allows them. Over arithmetic intensity (FLOPs that the
 * result needs, per byte between HBM and the core) rise the roofs of memory bandwidth, up to those of the tensor engine.
 * Roofs stand twice: as the vendor documents them, and as large kernels really see them (docs/calibration.md).
 */
import { type Device, type DeviceName, dmaBandwidth, machineOf, PASSES, peakMacs } from '../device/index.ts'
import type { Dims } from '../nki/index.ts'
import type { Profile } from '../simulate/index.ts'
import type { Dtype } from '../tensor/index.ts'

/** Rates of one core, per second. */
export interface Roofs {
  readonly target: DeviceName
  /** FLOP/s of the tensor engine by dtype: at its documented clock, and at the one that large matmuls see. */
  readonly compute: readonly {
    readonly dtype: string
    readonly documented: number
    readonly effective: number
  }[]
  /** Bytes/s: the core's share of the HBM, and what its DMA engines sustain. */
  readonly memory: { readonly documented: number; readonly effective: number }
}

/** One kernel at one shape. */
export interface RooflinePoint {
  /** A, B, …: what it is called in the figures. */
  readonly letter: string
  readonly kernel: string
  readonly scheduleName: string
  readonly target: DeviceName
  readonly shape: Dims
  readonly dtype: Dtype
  readonly seconds: number
  /** 2 per multiply-accumulate that the result needs; transposes and padding are not in it. */
  readonly flops: number
  readonly achieved: number
  /** FLOP/byte, by the traffic of the kernel's own loads and stores, and by the modelled one. */
  readonly intensity: { readonly asWritten: number; readonly modelled: number }
  /** FLOP/s that the effective roofs allow at the modelled intensity. */
  readonly attainable: number
  readonly boundBy: 'compute' | 'memory'
}

const DTYPES = [
  { dtype: 'bfloat16, float16, float8', passes: PASSES.other },
  { dtype: 'float32', passes: PASSES.float32 },
]
const passesOf = (dtype: Dtype): number => (dtype === 'float32' ? PASSES.float32 : PASSES.other)
const PER_SECOND = 1e6 // the machine counts per µs

export function roofsOf(device: Device): Roofs {
  const machine = machineOf(device)
  return {
    target: device.name,
    compute: DTYPES.map(({ dtype, passes }) => ({
      dtype,
      documented: (2 * peakMacs(machine, machine.nominalTensorClock) * PER_SECOND) / passes,
      effective: (2 * peakMacs(machine) * PER_SECOND) / passes,
    })),
    memory: {
      documented: machine.hbmBandwidth * PER_SECOND,
      effective: dmaBandwidth(machine) * PER_SECOND,
    },
  }
}

/** The roof over the tensor engine that a dtype has. */
export const ceilingOf = ({ compute }: Roofs, dtype: Dtype) =>
  compute[passesOf(dtype) === PASSES.other ? 0 : 1]!

export interface RooflineKernel {
  readonly kernel: string
  readonly scheduleName: string
  readonly device: Device
  readonly shape: Dims
  readonly dtype: Dtype
  readonly profile: Profile
}

export function pointsOf(kernels: readonly RooflineKernel[]): RooflinePoint[] {
  return kernels.map(({ kernel, scheduleName, device, shape, dtype, profile }, i) => {
    const { metrics: m, asWritten } = profile
    const roofs = roofsOf(device)
    const flops = m.model_flops
    const modelled = flops / (m.hbm_read_bytes + m.hbm_write_bytes)
    const compute = ceilingOf(roofs, dtype).effective
    const memory = modelled * roofs.memory.effective
    return {
      letter: letterOf(i),
      kernel,
      scheduleName,
      target: device.name,
      shape,
      dtype,
      seconds: m.total_time,
      flops,
      achieved: flops / m.total_time,
      intensity: { asWritten: flops / (asWritten.hbm_read_bytes + asWritten.hbm_write_bytes), modelled },
      attainable: Math.min(compute, memory),
      boundBy: memory < compute ? 'memory' : 'compute',
    }
  })
}

/** A … Z, A2 … */
const letterOf = (i: number): string =>
  `${String.fromCharCode(65 + (i % 26))}${i < 26 ? '' : Math.floor(i / 26) + 1}`

export interface Window {
  readonly x: readonly [number, number]
  readonly y: readonly [number, number]
}

/** What a figure shows: all points, the ridges, and half a decade around them. */
export function windowOf(roofs: readonly Roofs[], points: readonly RooflinePoint[]): Window {
  const peaks = roofs.flatMap(({ compute }) => compute.map(({ documented }) => documented))
  const ridges = roofs.flatMap(({ compute, memory }) => compute.map((c) => c.effective / memory.effective))
  const xs = [...points.flatMap((p) => [p.intensity.asWritten, p.intensity.modelled]), ...ridges]
  const ys = [...points.map((p) => p.achieved), Math.max(...peaks)]
  const margin = 10 ** 0.5
  return {
    x: [Math.min(...xs) / margin, Math.max(...xs) * margin],
    y: [Math.min(...ys, Math.min(...xs) * roofs[0]!.memory.effective) / margin, Math.max(...ys) * 10 ** 0.3],
  }
}
