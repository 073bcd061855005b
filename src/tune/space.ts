/**
 * The candidates of a search: the schedules that a kernel names, then every combination of the values of its declared
 * space and the words of its choices. Values that cut nothing at the shape at hand give the same program as the smallest
 * of them, and only that one is kept.
 */
import { type Dims, type Kernel, Param, type ScheduleValues, walk } from '../nki/index.ts'

/**
 * Full schedules, without duplicates, in a fixed order: the default for the shape on the target is the first. `fixed`
 * entries have the value that is given; a kernel that has no such entry is not affected.
 */
export function candidates(
  kernel: Kernel,
  dims: Dims,
  fixed: ScheduleValues = {},
  target = 'trn1',
): ScheduleValues[] {
  const longest = longestCut(kernel, dims)
  const space = Object.entries(kernel.space).map(([name, values]): [string, (number | string)[]] => {
    const sorted = [...values].sort((a, b) => a - b)
    const whole = sorted.findIndex((value) => value >= (longest[name] ?? 0))
    return [name, whole < 0 ? sorted : sorted.slice(0, whole + 1)]
  })
  const choices = Object.entries(kernel.choices).map(([name, words]): [string, string[]] => [
    name,
    [...words],
  ])
  const own = Object.fromEntries(Object.entries(fixed).filter(([name]) => name in kernel.schedule))
  const all = [...named(kernel, dims, target), ...combinations([...space, ...choices])].map((entries) => ({
    ...kernel.schedule,
    ...entries,
    ...own,
  }))
  return [...new Map(all.map((schedule) => [JSON.stringify(schedule), schedule])).values()]
}

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

function combinations(axes: readonly (readonly [string, readonly (number | string)[]])[]): ScheduleValues[] {
  let all: ScheduleValues[] = [{}]
  for (const [name, values] of axes)
    all = all.flatMap((entries) => values.map((value) => ({ ...entries, [name]: value })))
  return all
}

/** For each entry of the schedule, the longest dimension that it cuts, under any of the choices. */
function longestCut(kernel: Kernel, dims: Dims): Record<string, number> {
  const byParam: Record<string, number> = {}
  const cut = (size: unknown, dim: string): void => {
    if (size instanceof Param) byParam[size.name] = Math.max(byParam[size.name] ?? 0, dims[dim] ?? 1)
  }
  const words = Object.entries(kernel.choices).map(([name, list]): [string, string[]] => [name, [...list]])
  for (const choice of combinations(words))
    for (const [node] of walk(kernel.trace(choice).body)) {
      if (node.kind === 'loop') cut(node.span.size, node.span.dim)
      else if (node.kind === 'alloc') {
        cut(node.tile, node.p.dim)
        cut(node.freeTile, node.f.dim)
      }
    }
  const snake = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
  return Object.fromEntries(Object.keys(kernel.schedule).map((name) => [name, byParam[snake(name)] ?? 0]))
}
