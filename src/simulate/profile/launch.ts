/** The profile of a launch on several cores (LNC2), which takes as long as the slowest of them. */
import type { Device } from '../../device/index.ts'
import { type Binding, type Dims, type Program, type Share, type Split, sharesOf } from '../../nki/index.ts'
import { bindingsOf } from '../run/launch.ts'
import { type Profile, type ProfileOptions, profile } from './profile.ts'

export interface LaunchProfile {
  readonly split: Split
  /** Seconds: those of the slowest core. */
  readonly total_time: number
  /** Of all cores. */
  readonly hbm_read_bytes: number
  readonly hbm_write_bytes: number
  /** One per core, in the order of their shares. */
  readonly cores: readonly (Share & { readonly profile: Profile })[]
  readonly slowest: Profile
}

/** `macs` of a shape, as a kernel gives them. */
interface LaunchOptions extends Omit<ProfileOptions, 'macs'> {
  readonly macs: (dims: Dims) => number
}

/**
 * Cores do not wait for each other, and each has its own engines, DMA rings and share of the HBM's bandwidth: so each is
 * profiled alone.
 */
export function profileLaunch(
  program: Program,
  binding: Binding,
  device: Device,
  split: Split,
  { macs, ...options }: LaunchOptions,
): LaunchProfile {
  const bindings = bindingsOf(binding, split)
  const cores = sharesOf(binding.dims, split).map((share, i) => {
    const own = bindings[i]!
    return { ...share, profile: profile(program, own, device, { ...options, macs: macs(own.dims) }) }
  })
  const profiles = cores.map((core) => core.profile)
  const sum = (key: 'hbm_read_bytes' | 'hbm_write_bytes'): number =>
    profiles.reduce((bytes, { metrics }) => bytes + metrics[key], 0)
  const slowest = profiles.reduce((a, b) => (b.metrics.total_time > a.metrics.total_time ? b : a))
  return {
    split,
    total_time: slowest.metrics.total_time,
    hbm_read_bytes: sum('hbm_read_bytes'),
    hbm_write_bytes: sum('hbm_write_bytes'),
    cores,
    slowest,
  }
}
