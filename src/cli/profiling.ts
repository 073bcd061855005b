/** What profile, diff and roofline share: a kernel of the library, profiled as their arguments say. */
import { Option } from 'commander'
import { DEVICE_NAMES, DEVICES, type Device, type DeviceName } from '../device/index.ts'
import { traceChoice } from '../kernels/index.ts'
import { ArgumentError, bind, type Kernel } from '../nki/index.ts'
import { type Profile, profile } from '../simulate/index.ts'
import { chosen, type KernelArguments, optionsOf } from './arguments.ts'

/** `others`: targets of a command that does not only model. */
export const targetOption = (others: readonly string[] = []): Option =>
  new Option('--target <device>', ['NeuronCore to model', ...others].join(', or '))
    .choices([...DEVICE_NAMES, ...others])
    .default('trn1')

export interface ProfileArguments extends KernelArguments {
  readonly target: DeviceName
}

export interface ProfiledKernel {
  readonly kernel: Kernel
  readonly scheduleName: string
  readonly device: Device
  readonly profile: Profile
}

export function profiled(name: string, args: ProfileArguments, timeline = false): ProfiledKernel {
  const { choice } = chosen(name, args)
  const program = traceChoice(choice, optionsOf(args))
  const device = DEVICES[args.target]
  const macs = choice.kernel.macs(args.shape)
  const result = profile(program, bind(program, args.shape, args.dtype), device, { macs, timeline })
  return { kernel: choice.kernel, scheduleName: choice.scheduleName, device, profile: result }
}

/** The object that `--json` prints, and that `neuronmm diff` reads. */
export interface ProfileDocument {
  readonly kernel: string
  readonly target: DeviceName
  readonly shape: Readonly<Record<string, number>>
  readonly dtype: string
  readonly schedule: string | Readonly<Record<string, number | string>>
  readonly asWritten: Profile['asWritten']
  readonly metrics: Profile['metrics']
  readonly bounds: Profile['bounds']
  readonly advice: Profile['advice']
  readonly memory: Profile['memory']
  readonly mix: Profile['mix']
  /** Said of a device that nobody could check; absent otherwise. */
  readonly unvalidated?: string
}

export function documentOf(
  { kernel, device, profile }: ProfiledKernel,
  args: ProfileArguments,
): ProfileDocument {
  return {
    kernel: kernel.name,
    target: args.target,
    shape: args.shape,
    dtype: args.dtype,
    schedule: args.schedule,
    asWritten: profile.asWritten,
    metrics: profile.metrics,
    bounds: profile.bounds,
    advice: profile.advice,
    memory: profile.memory,
    mix: profile.mix,
    ...(device.unvalidated === null ? {} : { unvalidated: device.unvalidated }),
  }
}

/** @throws ArgumentError when it is not what `neuronmm profile --json` prints. */
export function parseDocument(text: string, source: string): ProfileDocument {
  try {
    const document = JSON.parse(text) as ProfileDocument
    if (typeof document.metrics?.total_time === 'number' && document.mix) return document
  } catch {
    // said below
  }
  throw new ArgumentError(
    `${source} is not a profile; make one with neuronmm profile NAME … --json > ${source}`,
  )
}
