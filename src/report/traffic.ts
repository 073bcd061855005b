/** Work and HBM traffic as written, for the kernels of a workload: counted from the programs, no data needed. */
import { choose, findFamily, traceChoice } from '../kernels/index.ts'
import { bind, type Dims, type Kernel } from '../nki/index.ts'
import { count } from '../simulate/index.ts'
import { type Dtype, dtypeInfo } from '../tensor/index.ts'

export interface TrafficPoint {
  readonly kernel: string
  readonly schedule: string
  readonly M: number
  /** 2 per multiply-accumulate that the result needs. */
  readonly flops: number
  /** HBM bytes that the kernel's own loads and stores move. */
  readonly asWrittenBytes: number
  /** Every input once, the output once. */
  readonly compulsoryBytes: number
  /** FLOPs per byte as written. */
  readonly arithmeticIntensity: number
}

export function traffic(name: string, schedule: string, dims: Dims, dtype: Dtype): TrafficPoint {
  const family = findFamily(name)
  const own = Object.fromEntries(family.general.dims.map((dim) => [dim, dims[dim]!]))
  const { kernel, ...choice } = choose(
    family,
    own,
    schedule in family.general.schedules ? schedule : 'default',
    undefined,
    dtype,
  )
  const program = traceChoice({ kernel, ...choice })
  const counts = count(program, bind(program, own, dtype))
  const asWrittenBytes = counts.hbmReadBytes + counts.hbmWriteBytes
  const flops = 2 * kernel.macs(own)
  return {
    kernel: name,
    schedule: choice.scheduleName,
    M: own.M!,
    flops,
    asWrittenBytes,
    compulsoryBytes: compulsory(kernel, own, dtype),
    arithmeticIntensity: flops / asWrittenBytes,
  }
}

const compulsory = (kernel: Kernel, dims: Dims, dtype: Dtype): number =>
  [...Object.values(kernel.inputs), kernel.output].reduce(
    (sum, [p, f]) => sum + (dims[p] ?? 1) * (dims[f] ?? 1),
    0,
  ) * dtypeInfo(dtype).bytes

/** As-written traffic over that of the fused kernel at the same number of rows; null without one. */
export function ratioToFused(point: TrafficPoint, points: readonly TrafficPoint[]): number | null {
  const fused = points.find(({ kernel, M }) => kernel === 'fused_xuv' && M === point.M)
  return fused ? point.asWrittenBytes / fused.asWrittenBytes : null
}
