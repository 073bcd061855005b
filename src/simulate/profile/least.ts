/**
 * What is known of a program without executing it in time: how it fits, and how long its busiest engine is busy. Both
 * take a fraction of a millisecond at any shape, so that a search can rule schedules out by them.
 */
import { type Device, machineOf } from '../../device/index.ts'
import type { Binding, Program } from '../../nki/index.ts'
import { forEachOp } from '../run/count.ts'
import { engineTime, transferOf } from './cost.ts'
import { type MemoryMap, memoryMap } from './memory-map.ts'
import { planMemory } from './plan.ts'
import { QUEUE, QUEUE_COUNT } from './queues.ts'

/** Seconds that no order of its instructions can beat: those of the busiest engine, or of the DMA engines. */
export function leastTime(program: Program, binding: Binding, device: Device): number {
  const machine = machineOf(device)
  const busy = new Float64Array(QUEUE_COUNT)
  let transfers = 0
  forEachOp(program, binding, (op, instance, times) => {
    if (op.engine !== 'dma') busy[QUEUE[op.engine]]! += engineTime(op, instance, machine) * times
    else {
      const ring = instance.memory.dst === 'hbm' ? QUEUE.store : QUEUE.load
      busy[ring]! += machine.dma.issue * times
      transfers += transferOf(op, instance, machine).time * times
    }
  })
  return (Math.max(transfers, ...busy) + machine.launch) * 1e-6
}

/** Who lives where in SBUF and PSUM. */
export const memoryOf = (program: Program, binding: Binding, device: Device): MemoryMap =>
  memoryMap(planMemory(program, binding, machineOf(device)))
