import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomTensor } from '../../tensor/index.ts'
import type { Rows } from '../types.ts'
import { Calls } from './calls.ts'
import { type Machine, startMachine } from './machine.ts'
import type { LayerProgram } from './plan.ts'
import { packMatrix } from './weights.ts'

let machine: Machine
const calls = new Calls(() => machine)

beforeAll(async () => {
  machine = await startMachine({ threads: 2, instructionSet: undefined, onFinished: calls.onFinished })
})
afterAll(() => machine.dispose())

const [K, N] = [130, 70]

function linear(): LayerProgram {
  const w = randomTensor([K, N], 'float32', { seed: 4, scale: 0.1 })
  const program: LayerProgram = {
    kind: 'chain',
    matrices: [packMatrix(machine.heap, w, 'float32')],
    bias: undefined,
    activation: 'none',
  }
  calls.reserve(program)
  return program
}

const inputOf = (rows: number, kind: 'float32' | 'bfloat16' = 'float32'): Rows =>
  randomTensor([rows, K], kind, { seed: rows }).data as Rows
const outputOf = (rows: number, x: Rows): Rows =>
  x instanceof Uint16Array ? new Uint16Array(rows * N) : new Float32Array(rows * N)

function run(program: LayerProgram, x: Rows): Rows {
  const rows = x.length / K
  const y = outputOf(rows, x)
  calls.run({ program, x, y, rows })
  return y
}

test('no call takes memory: all that any number of rows needs is reserved when a layer is packed', () => {
  const program = linear()
  const free = machine.heap.freeBytes
  for (const kind of ['float32', 'bfloat16'] as const)
    for (const rows of [1, 2, 7, 191, 192, 193, 1000]) {
      run(program, inputOf(rows, kind))
      expect(machine.heap.freeBytes).toBe(free)
    }
})

test('rows come out the same, however many strips they are cut into and whatever ran before', () => {
  const program = linear()
  const x = inputOf(450)
  const y = run(program, x)
  for (const row of [0, 191, 192, 300, 449]) {
    const alone = run(program, x.subarray(row * K, (row + 1) * K))
    const inside = y.subarray(row * N, (row + 1) * N)
    for (let j = 0; j < N; j++) expect(inside[j]).toBeCloseTo(alone[j]!, 4)
  }
  expect(run(program, x)).toEqual(y)
})

test('asynchronous calls settle in order, also when synchronous ones and new layers come between', async () => {
  const program = linear()
  const expected = run(program, inputOf(400))
  const order: number[] = []
  const waiting = [0, 1, 2, 3].map(async (i) => {
    const x = inputOf(400)
    const y = outputOf(400, x)
    await calls.enqueue({ program, x, y, rows: 400 })
    order.push(i)
    expect(y).toEqual(expected)
  })
  expect(run(program, inputOf(400))).toEqual(expected)
  const other = linear()
  expect(run(other, inputOf(400))).toEqual(expected)
  await Promise.all(waiting)
  expect(order).toEqual([0, 1, 2, 3])
})

test('a layer that memory cannot hold leaves the others as they were', () => {
  const program = linear()
  const expected = run(program, inputOf(20))
  const matrix = packMatrix(machine.heap, randomTensor([4, N], 'float32', { seed: 1 }), 'float32')
  const giant: LayerProgram = {
    kind: 'chain',
    matrices: [{ ...matrix, contraction: 2 ** 27 }],
    bias: undefined,
    activation: 'none',
  }
  expect(() => calls.reserve(giant)).toThrow('The WebAssembly engine cannot hold')
  expect(run(program, inputOf(20))).toEqual(expected)
})

test('what has not begun is cancelled, what has begun finishes', async () => {
  const program = linear()
  const outcome = [0, 1, 2].map((i) => {
    const x = inputOf(300)
    return calls.enqueue({ program, x, y: outputOf(300, x), rows: 300 }).then(
      () => `finished ${i}`,
      (reason: Error) => reason.message,
    )
  })
  calls.cancel(new Error('no more'))
  expect(await Promise.all(outcome)).toEqual(['finished 0', 'no more', 'no more'])
})
