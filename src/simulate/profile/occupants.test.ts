import { describe, expect, test } from 'vitest'
import { Occupants } from './occupants.ts'
import type { Buffer } from './plan.ts'
import { QUEUE } from './queues.ts'
import type { Timing } from './timing.ts'

/** Instruction i from 10·i to 10·i + 5. */
const timing = (instructions: number) =>
  ({
    begin: Float64Array.from({ length: instructions }, (_, i) => 10 * i),
    end: Float64Array.from({ length: instructions }, (_, i) => 10 * i + 5),
  }) as Partial<Timing> as Timing

describe('instances of a buffer', () => {
  test('last from their first instruction to the last of any queue, and those without any do not count', () => {
    const occupants = new Occupants({} as Buffer)
    occupants.close()
    for (const [i, queue] of [QUEUE.load, QUEUE.tensor, QUEUE.tensor, QUEUE.load].entries())
      occupants.note(i, queue)
    occupants.close()
    occupants.close()
    occupants.note(2, QUEUE.vector)
    occupants.close()
    const { begins, ends } = occupants.changes(timing(4))
    expect([...begins]).toEqual([0, 20])
    expect([...ends]).toEqual([25, 35])
  })

  test('may be many', () => {
    const occupants = new Occupants({} as Buffer)
    for (let i = 1000; i >= 0; i--) {
      for (const queue of Object.values(QUEUE)) occupants.note(i, queue)
      occupants.close()
    }
    const { begins, ends } = occupants.changes(timing(1001))
    expect(begins).toEqual(timing(1001).begin)
    expect(ends).toEqual(timing(1001).end)
  })
})
