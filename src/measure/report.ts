/** Measured beside modelled. */
import { isDeviceTime, type Measurement, type Measurements, typical } from './document.ts'
import { modelPoint } from './points.ts'

export interface Compared {
  readonly point: Measurement
  /** Milliseconds: of the device, or of the host that waits for it. */
  readonly measured: number
  readonly modelled: number
  /** modelled / measured - 1 */
  readonly timeError: number
  /** Read and written, GiB; null where there was no profiler. */
  readonly measuredGib: number | null
  readonly modelledGib: number
  readonly bytesError: number | null
}

const GIB = 2 ** 30

/** @throws ArgumentError for a kernel or schedule that there is not (any more). */
export function compareMeasurements({ target, points }: Measurements): Compared[] {
  return points.map((point) => {
    const model = modelPoint(point, target)
    const measured = typical(point) / 1e3
    const modelled = (model.microseconds + (isDeviceTime(point) ? 0 : model.launchMicroseconds)) / 1e3
    const { profile } = point
    const measuredGib = profile ? (profile.hbm_read_bytes + profile.hbm_write_bytes) / GIB : null
    const modelledGib = (model.hbmReadBytes + model.hbmWriteBytes) / GIB
    return {
      point,
      measured,
      modelled,
      timeError: modelled / measured - 1,
      measuredGib,
      modelledGib,
      bytesError: measuredGib ? modelledGib / measuredGib - 1 : null,
    }
  })
}

/** What its time was taken by. */
export const sourceOf = ({ clock, profile }: Measurement): string =>
  profile ? 'profiler' : clock === 'nc_latency' ? 'nki.benchmark' : 'host clock'
