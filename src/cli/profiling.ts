/** What profile, diff and roofline share: a kernel of the library, profiled as their arguments say. */
import { Option } from 'commander'
import { DEVICE_NAMES, DEVICES, type Device, type DeviceName } from '../device/index.ts'
import { traceChoice } from '../kernels/index.ts'
import { ArgumentError, bind, type Kernel, type Split } from '../nki/index.ts'
import {
  type LaunchProfile,
  type Profile,
  profile,
  profileLaunch,
  type Sensitivity,
  sensitivity,
} from '../simulate/index.ts'
import { type CoresArguments, chosen, coresOf, type KernelArguments, optionsOf } from './arguments.ts'

/** `others`: targets of a command that does not only model. */
export const targetOption = (others: readonly string[] = []): Option =>
  new Option('--target <device>', ['NeuronCore to model', ...others].join(', or '))
    .choices([...DEVICE_NAMES, ...others])
    .default('trn1')

export interface ProfileArguments extends KernelArguments, CoresArguments {
  readonly target: DeviceName
  readonly sensitivity?: boolean
}

type Entries = Readonly<Record<string, number | string>>

export interface ProfiledKernel {
  readonly kernel: Kernel
  readonly scheduleName: string
  /** Every entry of it. */
  readonly schedule: Entries
  readonly device: Device
  /** Of one core: the slowest, where several share the work. */
  readonly profile: Profile
  /** Of all cores; null for one. */
  readonly launch: LaunchProfile | null
  /** Only where it was asked for, of one core. */
  readonly sensitivity: Sensitivity | null
}

export function profiled(name: string, args: ProfileArguments, timeline = false): ProfiledKernel {
  const { choice } = chosen(name, args)
  const program = traceChoice(choice, optionsOf(args))
  const device = DEVICES[args.target]
  const binding = bind(program, args.shape, args.dtype)
  const split = coresOf(program, args, args.shape)
  const { kernel, scheduleName } = choice
  const known = {
    kernel,
    scheduleName,
    schedule: { ...kernel.schedule, ...choice.schedule },
    device,
    sensitivity: args.sensitivity && split === null ? sensitivity(program, binding, device) : null,
  }
  if (split === null) {
    const macs = kernel.macs(args.shape)
    return { ...known, profile: profile(program, binding, device, { macs, timeline }), launch: null }
  }
  if (device.name === 'trn1')
    throw new ArgumentError(
      `trn1: a logical core is one physical core; --cores ${split.count} is for trn2 and trn3`,
    )
  const macs = (dims: Readonly<Record<string, number>>) => kernel.macs(dims)
  const launch = profileLaunch(program, binding, device, split, { macs, timeline })
  return { ...known, profile: launch.slowest, launch }
}

/** The object that `profile --json` prints, and that `diff` reads. */
export interface ProfileDocument {
  readonly kernel: string
  readonly target: DeviceName
  readonly shape: Readonly<Record<string, number>>
  readonly dtype: string
  /** Resolved: every entry, as it was profiled. */
  readonly schedule: Entries
  readonly asWritten: Profile['asWritten']
  readonly metrics: Profile['metrics']
  readonly bounds: Profile['bounds']
  readonly advice: Profile['advice']
  /** Where several cores share the work: `metrics` and what follows are those of the slowest. */
  readonly launch?: {
    readonly split: Split
    readonly shares: readonly number[]
    readonly total_time: number
    readonly hbm_read_bytes: number
    readonly hbm_write_bytes: number
  }
  /** Only with --sensitivity: what the time hinges on. */
  readonly sensitivity?: Sensitivity
  /** Only with --details: who lives where, and instructions by op. */
  readonly memory?: Profile['memory']
  readonly mix?: Profile['mix']
}

export function documentOf(
  { kernel, schedule, profile, launch, sensitivity }: ProfiledKernel,
  { target, shape, dtype }: ProfileArguments,
  details: boolean,
): ProfileDocument {
  const { asWritten, metrics, bounds, advice, memory, mix } = profile
  return {
    kernel: kernel.name,
    target,
    shape,
    dtype,
    schedule,
    asWritten,
    metrics,
    bounds,
    advice,
    ...(launch && {
      launch: {
        split: launch.split,
        shares: launch.cores.map(({ size }) => size),
        total_time: launch.total_time,
        hbm_read_bytes: launch.hbm_read_bytes,
        hbm_write_bytes: launch.hbm_write_bytes,
      },
    }),
    ...(sensitivity && { sensitivity }),
    ...(details && { memory, mix }),
  }
}

/** @throws ArgumentError when it is not what `neuronmm profile --json` prints. */
export function parseDocument(text: string, source: string): ProfileDocument {
  try {
    const document: unknown = JSON.parse(text)
    if (isDocument(document)) return document
  } catch {
    // said below
  }
  throw new ArgumentError(
    `${source} is not a profile; make one with neuronmm profile NAME … --json > ${source}`,
  )
}

function isDocument(value: unknown): value is ProfileDocument {
  if (!isRecord(value)) return false
  const { kernel, target, shape, dtype, schedule, metrics, mix = {} } = value
  const names = [kernel, target, dtype].every((name) => typeof name === 'string')
  return (
    names &&
    [shape, metrics, mix].every(areNumbers) &&
    isRecord(schedule) &&
    typeof (metrics as Record<string, unknown>).total_time === 'number'
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const areNumbers = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((n) => typeof n === 'number')
