/**
 * The seed's two figures, modelled: time and HBM traffic of each series on the workload, with the published points
 * where there are any.
 */
import { type Device, machineOf } from '../device/index.ts'
import { choose, findFamily, traceChoice } from '../kernels/index.ts'
import { bind, type Dims } from '../nki/index.ts'
import { profile } from '../simulate/index.ts'
import { type Dtype, dtypeInfo } from '../tensor/index.ts'
import { type Cache, type Cost, tune } from '../tune/index.ts'
import { CLAIMED, OUTSIDE, type Published, published } from './published.ts'
import { type Series, WORKLOAD } from './workload.ts'

const GIB = 2 ** 30

export interface FigurePoint {
  readonly series: Series['id']
  readonly M: number
  /** With what the experiment did outside the kernel, where the series has such. */
  readonly seconds: number
  readonly hbmGiB: number
  readonly asWrittenGiB: number
  /** Of `seconds` and `hbmGiB`: outside the kernel. Zero for the fused series. */
  readonly outside: Published
  readonly spilledGiB: number
  readonly published?: Published
}

export interface FigureOptions {
  readonly cache?: Cache | null
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** Every series at every number of rows. `dims` without M. */
export async function figurePoints(
  list: readonly Series[],
  dims: Dims,
  rows: readonly number[],
  dtype: Dtype,
  device: Device,
  { cache = null, signal, onProgress }: FigureOptions = {},
): Promise<FigurePoint[]> {
  const points: FigurePoint[] = []
  const total = list.length * rows.length
  for (const series of list)
    for (const M of rows) {
      const shape = { ...dims, M }
      const cost = await costOf(series, shape, dtype, device, { cache, ...(signal && { signal }) })
      points.push(pointOf(series, shape, dtype, device, cost))
      onProgress?.(points.length, total)
      signal?.throwIfAborted()
    }
  return points
}

async function costOf(
  { kernel: name, schedule }: Series,
  dims: Dims,
  dtype: Dtype,
  device: Device,
  options: FigureOptions,
): Promise<Cost> {
  const family = findFamily(name)
  const own = Object.fromEntries(family.general.dims.map((dim) => [dim, dims[dim]!]))
  if (schedule === 'tuned') return (await tune(family, own, dtype, device, options)).best
  const choice = choose(family, own, schedule, device.name, dtype)
  const program = traceChoice(choice)
  return profile(program, bind(program, own, dtype), device, { macs: choice.kernel.macs(own) })
}

function pointOf(
  { id, outside: outputs }: Series,
  dims: Dims,
  dtype: Dtype,
  device: Device,
  { metrics, asWritten }: Cost,
): FigurePoint {
  const size = (p: string, f: string) => dims[p]! * dims[f]! * dtypeInfo(dtype).bytes
  const extra =
    outputs.length === 0 || device.name !== 'trn1'
      ? 0
      : OUTSIDE.passesOverX * size('M', 'K') +
        OUTSIDE.passesOverOutputs * outputs.reduce((sum, [p, f]) => sum + size(p, f), 0)
  // serial, at the core's share of the HBM; the machine counts in bytes per µs
  const outside = { seconds: (extra / machineOf(device).hbmBandwidth) * 1e-6, hbmGiB: extra / GIB }
  const known = device.name === 'trn1' && isPublished(dims, dtype) ? published(id, dims.M!) : undefined
  return {
    series: id,
    M: dims.M!,
    seconds: metrics.total_time + outside.seconds,
    hbmGiB: (metrics.hbm_read_bytes + metrics.hbm_write_bytes) / GIB + outside.hbmGiB,
    asWrittenGiB: (asWritten.hbm_read_bytes + asWritten.hbm_write_bytes) / GIB,
    outside,
    spilledGiB: (metrics.spill_save_bytes + metrics.spill_reload_bytes) / GIB,
    ...(known && { published: known }),
  }
}

const isPublished = (dims: Dims, dtype: Dtype): boolean =>
  dtype === WORKLOAD.dtype && Object.entries(WORKLOAD.dims).every(([dim, n]) => dims[dim] === n)

export interface Ratios {
  readonly M: number
  /** Dense over fused, both with the seed's schedules. */
  readonly time: number
  readonly traffic: number
  readonly asWrittenTraffic: number
  /** The seed's fused kernel over the tuned one. */
  readonly tunedTime: number
  readonly tunedTraffic: number
  /** What is claimed for these points, where anything is. */
  readonly published?: { readonly time: number; readonly traffic: number }
}

/** At the largest number of rows; null when a series is not there. */
export function ratiosOf(points: readonly FigurePoint[]): Ratios | null {
  const M = Math.max(...points.map((point) => point.M))
  const at = (id: Series['id']) => points.find(({ series, M: m }) => series === id && m === M)
  const [dense, fused, tuned] = [at('nki_xw'), at('neuronmm'), at('tuned')]
  if (!dense || !fused || !tuned) return null
  return {
    M,
    time: dense.seconds / fused.seconds,
    traffic: dense.hbmGiB / fused.hbmGiB,
    asWrittenTraffic: dense.asWrittenGiB / fused.asWrittenGiB,
    tunedTime: fused.seconds / tuned.seconds,
    tunedTraffic: fused.hbmGiB / tuned.hbmGiB,
    ...(dense.published &&
      M === CLAIMED.M && { published: { time: CLAIMED.time, traffic: CLAIMED.traffic } }),
  }
}
