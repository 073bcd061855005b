/**
 * The candidates of a search: the schedules that a kernel names, then every combination of the values of its declared
 * space and the words of its choices. Values that cut nothing at the shape at hand give the same program as the smallest
 * of them, and only that one is kept.
 */
import { type Dims, type Kernel, Param, type ScheduleValues, snake, walk } from '../nki/index.ts'

type Value = number | string

/** Entries that are not up for choice: the value of each, or those that are left. */
export type Fixed = Readonly<Record<string, Value | readonly Value[]>>

/**
 * Full schedules, without duplicates, in a fixed order: the default for the shape on the target is the first. `fixed`
 * entries have a value that is given; a kernel that has no such entry is not affected.
 */
export function candidates(kernel: Kernel, dims: Dims, fixed: Fixed = {}, target = 'trn1'): ScheduleValues[] {
  const left = (name: string): readonly Value[] | null => {
    const values = fixed[name]
    return values === undefined ? null : Array.isArray(values) ? values : [values as Value]
  }
  const words = Object.entries(kernel.choices).map(([name, all]): [string, Value[]] => [
    name,
    all.filter((word) => left(name)?.includes(word) ?? true),
  ])
  const space = combinations(words).flatMap((choice) => {
    const longest = longestCut(kernel, choice, dims)
    const axes = Object.entries(kernel.space).map(([name, values]): [string, readonly Value[]] => {
      const sorted = [...values].sort((a, b) => a - b)
      const whole = sorted.findIndex((value) => value >= (longest[name] ?? 0))
      return [name, left(name) ?? (whole < 0 ? sorted : sorted.slice(0, whole + 1))]
    })
    return combinations(axes).map((entries) => ({ ...entries, ...choice }))
  })
  const all = [...named(kernel, dims, target), ...space].map((entries) => {
    const full = { ...kernel.schedule, ...entries }
    return Object.fromEntries(
      Object.entries(full).map(([name, value]) => [
        name,
        left(name)?.includes(value) === false ? left(name)![0]! : value,
      ]),
    )
  })
  return [...new Map(all.map((schedule) => [JSON.stringify(schedule), schedule])).values()]
}

/** The entries that a search chooses, out of a schedule: those of the space and the choices. */
export const searched = ({ space, choices }: Kernel, schedule: ScheduleValues): ScheduleValues =>
  Object.fromEntries(Object.entries(schedule).filter(([entry]) => entry in space || entry in choices))

const named = (kernel: Kernel, dims: Dims, target: string): ScheduleValues[] => [
  kernel.defaultFor(dims, target),
  ...Object.values(kernel.schedules),
]

/** Tells whether a candidate is the default for the shape, or a schedule that the kernel names. */
export function namedOf(kernel: Kernel, dims: Dims, target: string): (schedule: ScheduleValues) => boolean {
  const texts = new Set(
    named(kernel, dims, target).map((entries) => JSON.stringify({ ...kernel.schedule, ...entries })),
  )
  return (schedule) => texts.has(JSON.stringify(schedule))
}

function combinations(axes: readonly (readonly [string, readonly Value[]])[]): ScheduleValues[] {
  let all: ScheduleValues[] = [{}]
  for (const [name, values] of axes)
    all = all.flatMap((entries) => values.map((value) => ({ ...entries, [name]: value })))
  return all
}

/** For each entry of the schedule, the longest dimension that it cuts, under some words of the choices. */
function longestCut(kernel: Kernel, words: ScheduleValues, dims: Dims): Record<string, number> {
  const byParam: Record<string, number> = {}
  const cut = (size: unknown, dim: string): void => {
    if (size instanceof Param) byParam[size.name] = Math.max(byParam[size.name] ?? 0, dims[dim] ?? 1)
  }
  for (const [node] of walk(kernel.trace(words).body)) {
    if (node.kind === 'loop') cut(node.span.size, node.span.dim)
    else if (node.kind === 'alloc') {
      cut(node.tile, node.p.dim)
      cut(node.freeTile, node.f.dim)
    }
  }
  return Object.fromEntries(Object.keys(kernel.schedule).map((name) => [name, byParam[snake(name)] ?? 0]))
}
