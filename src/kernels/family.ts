/**
 * Families: a kernel as its users name it. A family has forms (for many rows, for a few), and choosing a form and a
 * schedule for a shape is this ordinary function outside of the kernels, which are traced for all shapes.
 */
import {
  ArgumentError,
  type Dims,
  type Kernel,
  meant,
  type OptionValues,
  type Program,
  type ScheduleValues,
  takes,
} from '../nki/index.ts'
import type { Dtype } from '../tensor/index.ts'

export interface Family {
  readonly name: string
  /** `matmul`, `lowrank` or `mlp`: the folder. */
  readonly group: string
  /** The form for any shape. It bears the name of the family, and its inputs and output are those of every form. */
  readonly general: Kernel
  /** Forms for some shapes only (their `limits` say which), tried before it, the last one first. */
  readonly special: readonly Kernel[]
}

/** Every form, the general one first. */
export const formsOf = ({ general, special }: Family): readonly Kernel[] => [general, ...special]

/** Those that take a shape, in the order in which they are tried; a dimension without a size is taken by all. */
export const formsFor = (family: Family, dims: Dims): readonly Kernel[] =>
  formsOf(family)
    .toReversed()
    .filter(({ limits }) => Object.entries(limits).every(([dim, limit]) => (dims[dim] ?? 0) <= limit))

/** One form of a family, as a family of its own. */
export const alone = ({ group }: Pick<Family, 'group'>, form: Kernel): Family => ({
  name: form.name,
  group,
  general: form,
  special: [],
})

/** The dimensions of a kernel, out of a shape of others as well, each as large as the kernel takes. */
export const withinLimits = ({ dims, limits }: Kernel, shape: Dims): Dims =>
  Object.fromEntries(
    dims
      .filter((dim) => shape[dim] !== undefined)
      .map((dim) => [dim, Math.min(shape[dim]!, limits[dim] ?? shape[dim]!)]),
  )

export interface Choice {
  readonly kernel: Kernel
  /** The name of the schedule, or `custom`. */
  readonly scheduleName: string
  /** The entries that differ from the kernel's defaults. */
  readonly schedule: ScheduleValues
}

/** What a user may ask for: a schedule by name, or single entries of one. */
export type ScheduleRequest = string | ScheduleValues

/**
 * The form and the schedule for a shape: the first form that takes the shape and knows the schedule that was asked for.
 * Without a request it is the first form that takes the shape, with its default schedule for that shape on the target.
 * Where a dtype is given, what was not asked for is such that elements of it can be worked on.
 * @throws ArgumentError when no form for the shape knows the schedule.
 */
export function choose(
  family: Family,
  dims: Dims,
  request: ScheduleRequest = 'default',
  target = 'trn1',
  dtype?: Dtype,
): Choice {
  for (const kernel of formsFor(family, dims)) {
    const asked = entriesOf(kernel, request)
    if (!asked) continue
    const scheduleName = typeof request === 'string' ? request : 'custom'
    // without a shape there is only the schedule that the kernel declares; a schedule with a name is whole
    const shaped = kernel.dims.every((dim) => dims[dim] !== undefined)
    const usual =
      shaped && (scheduleName === 'default' || asked === request) ? kernel.defaultFor(dims, target) : {}
    const schedule = { ...usual, ...asked }
    return { kernel, scheduleName, schedule: dtype ? taking(kernel, schedule, asked, dtype) : schedule }
  }
  checkSchedule(formsOf(family), family.name, request)
  const asked =
    typeof request === 'string'
      ? `schedule ${request}`
      : `schedule with ${Object.keys(request).join(' and ')}`
  throw new ArgumentError(`${family.name}: no form for this shape has a ${asked}`)
}

/** What a request says of a form's schedule; null where the form does not know it. */
function entriesOf({ schedule, schedules }: Kernel, request: ScheduleRequest): ScheduleValues | null {
  if (request === 'default') return {}
  // toString is no schedule, though every object has one
  if (typeof request === 'string') return Object.hasOwn(schedules, request) ? schedules[request]! : null
  return Object.keys(request).every((entry) => Object.hasOwn(schedule, entry)) ? request : null
}

/**
 * A schedule with which a kernel takes elements of a dtype: DMA transposes none of one byte, so for those the tensor engine
 * does. What was asked for stays; where that is refused, so is the schedule, by whoever binds it.
 */
function taking(
  kernel: Kernel,
  schedule: ScheduleValues,
  asked: ScheduleValues,
  dtype: Dtype,
): ScheduleValues {
  const others = Object.entries(kernel.choices)
    .filter(([name]) => !Object.hasOwn(asked, name))
    .flatMap(([name, words]) => words.map((word) => ({ ...schedule, [name]: word })))
  return [schedule, ...others].find((one) => takes(kernel.trace(one), dtype)) ?? schedule
}

/** @throws ArgumentError where none of the forms knows a schedule or an entry, with the one that was probably meant. */
export function checkSchedule(forms: readonly Kernel[], name: string, request: ScheduleRequest): void {
  const [what, asked, known] =
    typeof request === 'string'
      ? ['schedule', [request], forms.flatMap(({ schedules }) => Object.keys(schedules))]
      : ['schedule entry', Object.keys(request), forms.flatMap(({ schedule }) => Object.keys(schedule))]
  const unknown = asked.find((entry) => !known.includes(entry))
  if (unknown === undefined) return
  const all = [...new Set(known)].join(', ')
  throw new ArgumentError(
    `${name}: no ${what} ${unknown}${meant(unknown, known) || `; ${all ? `it has ${all}` : 'it has none'}`}`,
  )
}

/** A choice, traced. */
export const traceChoice = ({ kernel, schedule }: Choice, options: OptionValues = {}): Program =>
  kernel.trace(schedule, options)
