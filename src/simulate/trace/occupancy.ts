/**
 * How much of SBUF and PSUM is taken over time. An instance of a buffer is there from its first instruction to its last;
 * a buffer takes what its instances need, at most what it has. Buffers that share addresses hand them over tile by tile:
 * what both hold counts once.
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
  const changes: { time: number; buffer: Buffer; by: 1 | -1 }[] = []
  for (const { buffer, first, last } of occupants) {
    if (first < 0) continue
    let end = 0
    for (const i of last) if (i >= 0) end = Math.max(end, timing.end[i]!)
    changes.push({ time: timing.begin![first]!, buffer, by: 1 }, { time: end, buffer, by: -1 })
  }
  changes.sort((a, b) => a.time - b.time)
  const instances = new Map<Buffer, number>()
  const levels: Level[] = []
  for (const [i, { time, buffer, by }] of changes.entries()) {
    instances.set(buffer, (instances.get(buffer) ?? 0) + by)
    if (changes[i + 1]?.time !== time) levels.push({ time, ...levelOf(instances) })
  }
  return levels
}

function levelOf(instances: ReadonlyMap<Buffer, number>): { sbuf: number; psum: number } {
  const level = { sbuf: 0, psum: 0 }
  const placed: { from: number; to: number }[] = []
  for (const [buffer, count] of instances) {
    const one = buffer.residence === 'resident' ? buffer.bytes : takenBytes(buffer)
    const bytes = Math.min(count * one, takenBytes(buffer))
    if (buffer.address < 0) level[buffer.alloc.memory as 'sbuf' | 'psum'] += bytes
    else if (bytes > 0) placed.push({ from: buffer.address, to: buffer.address + bytes })
  }
  placed.sort((a, b) => a.from - b.from)
  let covered = 0
  for (const { from, to } of placed) {
    level.sbuf += Math.max(0, to - Math.max(from, covered))
    covered = Math.max(covered, to)
  }
  return level
}
