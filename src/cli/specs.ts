/**
 * Specs: a profile in one word, for commands that take several of them.
 *
 *     KERNEL[:SCHEDULE][@SHAPE][@TARGET]       fused_xuv   fused_xuv:seed   fused_xuv:mStrip=512,kBlock=256@M=64@trn2
 *
 * What a spec does not say comes from the command's options; its dimensions replace those of --shape one by one.
 */
import { DEVICE_NAMES, type DeviceName } from '../device/index.ts'
import type { ScheduleRequest } from '../kernels/index.ts'
import { ArgumentError, type Dims } from '../nki/index.ts'
import { checkShape, familyOf, isKernel, parseSchedule, parseShape } from './arguments.ts'
import { headOf } from './own.ts'
import type { ProfileArguments } from './profiling.ts'

export interface Spec {
  readonly text: string
  readonly kernel: string
  readonly schedule?: ScheduleRequest
  readonly shape: Dims
  readonly target?: DeviceName
}

/** Whether it is one at all, rather than the name of a file. */
export const isSpec = (text: string): boolean => isKernel(headOf(text))

/** @throws ArgumentError that says which part is wrong. */
export function parseSpec(text: string): Spec {
  const [head, ...places] = text.split('@')
  const colon = head!.indexOf(':')
  const kernel = colon < 0 ? head! : head!.slice(0, colon)
  familyOf(kernel)
  const schedule = colon < 0 ? undefined : head!.slice(colon + 1)
  if (schedule === '') throw new ArgumentError(`${text}: a schedule is missing behind the colon`)
  const shapes = places.filter((place) => place.includes('='))
  const targets = places.filter((place) => !place.includes('='))
  const unknown = targets.find((target) => !isDevice(target))
  if (unknown !== undefined)
    throw new ArgumentError(
      `${text}: @${unknown} is neither a shape such as @M=64 nor one of ${DEVICE_NAMES.join(', ')}`,
    )
  if (shapes.length > 1 || targets.length > 1)
    throw new ArgumentError(`${text}: one shape and one target at most`)
  return {
    text,
    kernel,
    shape: shapes[0] === undefined ? {} : parseShape(shapes[0]),
    ...(schedule !== undefined && { schedule: parseSchedule(schedule) }),
    ...(targets[0] !== undefined && { target: targets[0] as DeviceName }),
  }
}

const isDevice = (name: string): name is DeviceName => (DEVICE_NAMES as readonly string[]).includes(name)

/** What the options of a command say for those specs that do not. */
export type Defaults = Omit<ProfileArguments, 'shape'> & { readonly shape: Dims }

/**
 * The arguments of each spec. A dimension of --shape goes to the kernels that have it, and to one at least.
 * @throws ArgumentError
 */
export function argumentsOf(specs: readonly Spec[], defaults: Defaults): ProfileArguments[] {
  const dimsOf = ({ kernel }: Spec) => familyOf(kernel).general.dims
  for (const dim of Object.keys(defaults.shape))
    if (specs.length > 0 && !specs.some((spec) => dimsOf(spec).includes(dim)))
      throw new ArgumentError(
        `--shape: none of ${specs.map(({ kernel }) => kernel).join(', ')} has a dimension ${dim}`,
      )
  return specs.map((spec) => {
    const dims = dimsOf(spec)
    const common = Object.fromEntries(Object.entries(defaults.shape).filter(([dim]) => dims.includes(dim)))
    return {
      ...defaults,
      ...(spec.schedule !== undefined && { schedule: spec.schedule }),
      ...(spec.target !== undefined && { target: spec.target }),
      shape: checkShape(familyOf(spec.kernel), { ...common, ...spec.shape }),
    }
  })
}
