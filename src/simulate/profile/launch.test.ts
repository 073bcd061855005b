import { expect, it } from 'vitest'
import { DEVICES } from '../../device/index.ts'
import { findFamily } from '../../kernels/index.ts'
import { bind, sharesOf } from '../../nki/index.ts'
import { countLaunch } from '../run/launch.ts'
import { profile, profileLaunch } from './index.ts'

const { general } = findFamily('fused_xuv')
const macs = (dims: Readonly<Record<string, number>>) => general.macs(dims)
const program = general.trace()
const dims = { M: 1000, K: 1024, r: 512, N: 1024 }
const binding = bind(program, dims, 'bfloat16')

it.each(['M', 'N'])('two cores that share %s: the time of the slower, the bytes of both', (dim) => {
  const split = { dim, count: 2 }
  const launch = profileLaunch(program, binding, DEVICES.trn2, split, { macs })
  const alone = sharesOf(dims, split).map(({ size }) => {
    const own = { ...dims, [dim]: size }
    return profile(program, bind(program, own, 'bfloat16'), DEVICES.trn2, { macs: macs(own) }).metrics
  })
  expect(launch.cores.map(({ profile: p }) => p.metrics)).toEqual(alone)
  expect(launch.total_time).toBe(Math.max(...alone.map((m) => m.total_time)))
  expect(launch.slowest.metrics.total_time).toBe(launch.total_time)
  expect(launch.hbm_write_bytes).toBe(2 * dims.M * dims.N)
  expect(launch.hbm_read_bytes).toBe(alone.reduce((bytes, m) => bytes + m.hbm_read_bytes, 0))
  const counts = countLaunch(program, binding, split)
  expect(launch.hbm_read_bytes).toBe(counts.hbmReadBytes)
  const whole = profile(program, binding, DEVICES.trn2, { macs: macs(dims) })
  expect(launch.total_time).toBeLessThan(whole.metrics.total_time)
  // what does not lie along the dimension is read by both
  expect(launch.hbm_read_bytes).toBeGreaterThan(whole.metrics.hbm_read_bytes)
})

it('what one core does is the part of a launch that it would be alone', () => {
  const split = { dim: 'M', count: 2 }
  const counts = countLaunch(program, binding, split)
  expect(counts.macs).toBe(general.macs(dims))
  expect(counts.tensors.y!.hbmWriteBytes).toBe(2 * dims.M * dims.N)
  expect(counts.sbufPeakBytesPerPartition).toBe(
    countLaunch(program, bind(program, { ...dims, M: 2 * 512 }, 'bfloat16'), split).sbufPeakBytesPerPartition,
  )
})
