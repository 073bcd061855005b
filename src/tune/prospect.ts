/** What is known of a candidate without executing it in time, and how to foresee its time from two shorter shapes. */
import type { Device } from '../device/index.ts'
import {
  type Binding,
  balanced,
  bind,
  type Dims,
  type Kernel,
  type Loop,
  type OptionValues,
  type Program,
  type ScheduleValues,
  sizeOf,
  takes,
} from '../nki/index.ts'
import { count, leastTime, memoryOf } from '../simulate/index.ts'
import type { Dtype } from '../tensor/index.ts'

export interface Prospect {
  readonly kernel: Kernel
  readonly schedule: ScheduleValues
  /** It is the default for the shape, or the kernel has a name for it. */
  readonly named: boolean
  readonly program: Program
  readonly binding: Binding
  /** Whether everything stays in SBUF: nothing is spilled, nothing loaded again. */
  readonly fits: boolean
  /** Seconds: no execution is shorter. */
  readonly least: number
  /** HBM bytes as written: no execution moves fewer. */
  readonly bytes: number
  readonly instructions: number
}

/** null where instructions of the schedule do not take elements of the dtype. */
export function prospectOf(
  { kernel, schedule, named }: Pick<Prospect, 'kernel' | 'schedule' | 'named'>,
  options: OptionValues,
  dims: Dims,
  dtype: Dtype,
  device: Device,
): Prospect | null {
  const program = kernel.trace(schedule, options)
  if (!takes(program, dtype)) return null
  const binding = bind(program, dims, dtype)
  const { hbmReadBytes, hbmWriteBytes, instructions } = count(program, binding)
  const { needed, capacity, tenants } = memoryOf(program, binding, device)
  return {
    kernel,
    schedule,
    named,
    program,
    binding,
    fits: needed <= capacity && tenants.every(({ residence }) => residence === 'resident'),
    least: leastTime(program, binding, device),
    bytes: hbmReadBytes + hbmWriteBytes,
    instructions,
  }
}

/** Below this a profile takes a few ms, and is not worth foreseeing; nor is a loop that is nearly as short already. */
const MANY_INSTRUCTIONS = 50_000
const MANY_TRIPS = 6

export interface Shorter {
  /** The shape with one and with two iterations of the outermost loop. */
  readonly one: Dims
  readonly two: Dims
  /** Iterations at the full shape, a last shorter one by its share. */
  readonly trips: number
}

/**
 * Iterations of the outermost loop are alike, so time is one iteration, and as often as it is repeated what a second
 * one adds. It is the dimension of that loop which is shortened: all others, and with them what is kept on chip, stay.
 * null: the shape is short enough as it is.
 */
export function shorten({ program, binding: { dims }, instructions }: Prospect): Shorter | null {
  const outermost = program.body.filter((node): node is Loop => node.kind === 'loop').at(-1)
  if (!outermost || outermost.over.parent || instructions < MANY_INSTRUCTIONS) return null
  const { dim } = outermost.over
  const whole = dims[dim]!
  const piece = balanced(whole, sizeOf(outermost.span.size))
  const trips = whole / piece
  if (trips < MANY_TRIPS) return null
  return { one: { ...dims, [dim]: piece }, two: { ...dims, [dim]: 2 * piece }, trips }
}
