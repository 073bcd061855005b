/** How much of SBUF and PSUM is taken over time: each instance of a buffer, from its first instruction to its last. */
import { type Timeline, tileBytes } from '../profile/index.ts'

export interface Level {
  readonly time: number
  /** Bytes per partition. */
  readonly sbuf: number
  readonly psum: number
}

/** Sorted by time, one entry per change. */
export function occupancy({ occupants, timing }: Timeline): Level[] {
  const changes: { time: number; memory: 'sbuf' | 'psum'; bytes: number }[] = []
  for (const { buffer, first, last } of occupants) {
    if (first < 0) continue
    const memory = buffer.alloc.memory as 'sbuf' | 'psum'
    const bytes = buffer.residence === 'resident' ? buffer.bytes : buffer.residentTiles * tileBytes(buffer)
    let end = 0
    for (const i of last) if (i >= 0) end = Math.max(end, timing.end[i]!)
    changes.push({ time: timing.begin![first]!, memory, bytes }, { time: end, memory, bytes: -bytes })
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
