/**
 * How much of SBUF and PSUM is taken over time: each instance of a buffer, from its first instruction to its last. The
 * next instance in the same copy may begin tile by tile while the old one still ends; memory is then taken once.
 */
import { type Timeline, takenBytes } from '../profile/index.ts'

export interface Level {
  readonly time: number
  /** Bytes per partition. */
  readonly sbuf: number
  readonly psum: number
}

type Buffer = Timeline['occupants'][number]['buffer']

/** Sorted by time, one entry per change. */
export function occupancy({ occupants, timing }: Timeline): Level[] {
  const changes: { time: number; memory: 'sbuf' | 'psum'; bytes: number }[] = []
  /** Of each copy of a buffer: until when it is taken. */
  const taken = new Map<Buffer, Float64Array>()
  const instances = new Map<Buffer, number>()
  for (const { buffer, first, last } of occupants) {
    const instance = instances.get(buffer) ?? 0
    instances.set(buffer, instance + 1)
    if (first < 0) continue
    const copies = taken.get(buffer) ?? new Float64Array(buffer.degree)
    taken.set(buffer, copies)
    const copy = instance % buffer.degree
    const begin = Math.max(timing.begin![first]!, copies[copy]!)
    let end = begin
    for (const i of last) if (i >= 0) end = Math.max(end, timing.end[i]!)
    copies[copy] = end
    const memory = buffer.alloc.memory as 'sbuf' | 'psum'
    const bytes = buffer.residence === 'resident' ? buffer.bytes : takenBytes(buffer)
    changes.push({ time: begin, memory, bytes }, { time: end, memory, bytes: -bytes })
  }
  changes.sort((a, b) => a.time - b.time)
  const now = { sbuf: 0, psum: 0 }
  const levels: Level[] = []
  for (const [i, { time, memory, bytes }] of changes.entries()) {
    now[memory] += bytes
    if (changes[i + 1]?.time !== time) levels.push({ time, ...now })
  }
  return levels
}
