import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from './heap.ts'

const heapOf = (maximum: number) => new Heap(new WebAssembly.Memory({ initial: 1, maximum }), 100)

test('blocks are aligned, disjoint and inside; freeing all gives one block again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 90_000 }), fc.nat()), { maxLength: 40 }),
      (steps) => {
        const heap = heapOf(1000)
        const live = new Map<number, number>()
        for (const [bytes, pick] of steps) {
          if (bytes % 3 === 0 && live.size > 0) {
            const address = [...live.keys()][pick % live.size]!
            heap.free(address)
            live.delete(address)
          } else live.set(heap.allocate(bytes), bytes)
          const blocks = [...live].sort(([a], [b]) => a - b)
          blocks.forEach(([address, size], i) => {
            expect(address % 64).toBe(0)
            expect(address).toBeGreaterThanOrEqual(100)
            expect(heap.halves(address, size >> 1).byteOffset).toBe(address)
            if (i > 0) expect(blocks[i - 1]![0] + blocks[i - 1]![1]).toBeLessThanOrEqual(address)
          })
        }
        for (const address of live.keys()) heap.free(address)
        const all = heap.freeBytes
        heap.allocate(all)
        expect(heap.freeBytes).toBe(0)
      },
    ),
    { numRuns: 50 },
  )
})

test('a freed block is taken again, and a full memory says so', () => {
  const heap = heapOf(2)
  const first = heap.allocate(1000)
  heap.free(first)
  expect(heap.allocate(900)).toBe(first)
  expect(() => heap.free(first + 64)).toThrow('no block is allocated')
  expect(() => heap.allocate(200_000)).toThrow('cannot hold 1 MiB more: 0 MiB are in use')
})
