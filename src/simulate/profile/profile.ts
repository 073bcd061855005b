/**
 * Profiling: how long a program takes on a NeuronCore, what it moves and what it keeps where; without data. Everything
 * here is modelled. docs/calibration.md compares it with every published measurement.
 */
import { type Device, type Machine, machineOf } from '../../device/index.ts'
import { ArgumentError, type Binding, dtypeOf, type Program } from '../../nki/index.ts'
import { dtypeInfo } from '../../tensor/index.ts'
import { type Counts, count } from '../run/count.ts'
import { type Advice, adviseOn } from './advice.ts'
import { type Bounds, boundsOf, compulsory } from './bounds.ts'
import { lower, type Traffic } from './lower.ts'
import { type MemoryMap, memoryMap } from './memory-map.ts'
import { type Metrics, metricsOf } from './metrics.ts'
import type { Occupants } from './occupants.ts'
import type { Stream } from './stream.ts'
import { execute, type Timing } from './timing.ts'

export interface Profile {
  /** What the kernel's own loads and stores cause. */
  readonly asWritten: { readonly hbm_read_bytes: number; readonly hbm_write_bytes: number }
  /** With what the compiler does: spills, and blocks that are read again. */
  readonly metrics: Metrics
  readonly bounds: Bounds
  readonly advice: readonly Advice[]
  readonly memory: MemoryMap
  readonly counts: Counts
  readonly traffic: Traffic
  /** Instructions by op; `spill_save`, `spill_reload`, `reread` and `memset` are the compiler's. */
  readonly mix: Readonly<Record<string, number>>
  /** Only where it was asked for. */
  readonly timeline: Timeline | null
}

export interface Timeline {
  readonly stream: Stream
  readonly timing: Timing
  readonly occupants: readonly Occupants[]
}

export interface ProfileOptions {
  /** Multiply-accumulates that the result needs, for mfu_estimated_percent; default: those issued. */
  readonly macs?: number
  /** Keep begin and end of every instruction, for a trace. */
  readonly timeline?: boolean
  /** Properties of the machine to change: `{ psumBanks: 1 }`. */
  readonly machine?: Partial<Machine>
}

/** Beyond this a profile would take minutes and gigabytes. */
const MAX_INSTRUCTIONS = 4e7
/** With a timeline an instruction takes three times the memory. */
const MAX_INSTRUCTIONS_OF_TIMELINE = 8e6

/** @throws ArgumentError for a program of too many instructions. */
export function profile(
  program: Program,
  binding: Binding,
  device: Device,
  { macs, timeline = false, machine: changes = {} }: ProfileOptions = {},
): Profile {
  const machine = { ...machineOf(device), ...changes }
  const counts = count(program, binding)
  const [what, most] = timeline
    ? ['a timeline', MAX_INSTRUCTIONS_OF_TIMELINE]
    : ['a profile', MAX_INSTRUCTIONS]
  if (counts.instructions > most)
    throw new ArgumentError(
      `${program.name}: ${counts.instructions} instructions at this shape, ${what} takes at most ${most}; use a smaller M, time grows in proportion`,
    )
  const { stream, plan, traffic, occupants } = lower(program, binding, machine, { positions: timeline })
  const timing = execute(stream, machine, timeline)
  const needed = macs ?? counts.macs
  const work = {
    matmuls: counts.ncMatmuls,
    usefulFlops: 2 * needed,
    compulsory: compulsory(program, binding, counts),
  }
  const metrics = metricsOf(timing, traffic, work, machine)
  const bounds = boundsOf(program, binding, counts, Math.min(needed, counts.macs), machine)
  return {
    asWritten: { hbm_read_bytes: counts.hbmReadBytes, hbm_write_bytes: counts.hbmWriteBytes },
    metrics,
    bounds,
    advice: adviseOn({
      metrics,
      bounds,
      plan,
      rereadBytes: traffic.rereadBytes,
      elementBytes: dtypeInfo(dtypeOf(program.output.dtype, binding)).bytes,
      choices: program.choices,
      unvalidated: device.unvalidated,
    }),
    memory: memoryMap(plan),
    counts,
    traffic,
    mix: mixOf(stream),
    timeline: occupants && { stream, timing, occupants },
  }
}

function mixOf({ origins, origin, length }: Stream): Record<string, number> {
  const byOrigin = new Float64Array(origins.length)
  for (let i = 0; i < length; i++) byOrigin[origin[i]!]!++
  const mix: Record<string, number> = {}
  for (const [i, { op }] of origins.entries()) if (byOrigin[i]! > 0) mix[op] = (mix[op] ?? 0) + byOrigin[i]!
  return mix
}
