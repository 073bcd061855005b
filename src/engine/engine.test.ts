import { expect, expectTypeOf, test } from 'vitest'
import { randomTensor, Tensor } from '../tensor/index.ts'
import { backends } from './conformance/backends.ts'
import { createEngine } from './engine.ts'
import type { Layer } from './types.ts'

const u = randomTensor([6, 3], 'float32', { seed: 1 })
const v = randomTensor([3, 5], 'float32', { seed: 2 })
const pair = { u, v }

async function withEngine(use: (engine: Awaited<ReturnType<typeof createEngine>>) => void | Promise<void>) {
  const engine = await createEngine({ backend: 'reference' })
  await use(engine)
  engine.dispose()
}

test('auto says what it took, and why not a faster one', async () => {
  const engine = await createEngine()
  expect(engine.info.backend).toBe(backends[0])
  expect(engine.info.threads).toBeGreaterThanOrEqual(1)
  if (engine.info.backend === 'native') expect(engine.info.notes).toEqual([])
  engine.dispose()
})

test.each([
  [null as never, /options is null; pass an object, or nothing/],
  ['native' as never, /options is "native"; pass an object/],
  [{ backend: 'gpu' as 'wasm' }, /backend is "gpu"; use one of auto, native, wasm, reference/],
  [{ backend: 1n as never }, /backend is 1; use one of auto/],
  [{ threads: '2' as never }, /threads is "2"; use a whole number/],
  [{ threads: Symbol('two') as never }, /threads is Symbol\(two\)/],
  [{ instructionSet: {} as never }, /instructionSet is an object; use a name/],
  [{ signal: new AbortController() as never }, /signal is an object; use the signal of an AbortController/],
  [{ signal: null as never }, /signal is null/],
  [{ threads: 0 }, /threads is 0; use a whole number from 1/],
  [{ threads: 1.5 }, /threads is 1.5/],
  [{ threads: Number.NaN }, /threads is NaN/],
  [{ signal: AbortSignal.abort(new Error('too late')) }, /too late/],
])('createEngine refuses %o', async (options, message) => {
  await expect(createEngine(options)).rejects.toThrow(message)
})

test('layers without arguments are refused by name', async () => {
  await withEngine((engine) => {
    const nothing = [undefined, null, 7] as never[]
    for (const options of nothing) {
      expect(() => engine.lowRank(options)).toThrow(/^lowRank: u is not a Tensor; make one with/)
      expect(() => engine.linear(options)).toThrow(/^linear: w is not a Tensor/)
      expect(() => engine.lowRankMlp(options)).toThrow(/^lowRankMlp: gate.u is not a Tensor/)
    }
    expect(() => engine.lowRank(pair as never)).toThrow(
      /^lowRank: dtype is undefined; use one of float32, bfloat16\.$/,
    )
    expect(() => engine.lowRank({ ...pair, dtype: 1n as never })).toThrow(/dtype is 1; use one of/)
  })
})

for (const backend of backends) {
  test(`${backend}: a layer knows its sizes`, async () => {
    const engine = await createEngine({ backend })
    const lowRank = engine.lowRank({ u, v, dtype: 'float32' })
    expect(lowRank).toMatchObject({ inFeatures: 6, outFeatures: 5, rank: 3, dtype: 'float32' })
    expect(lowRank.flops(10)).toBe(2 * 10 * (6 * 3 + 3 * 5))
    expect(lowRank.bytes).toBeGreaterThanOrEqual(4 * (18 + 15))
    expect(engine.linear({ w: u, dtype: 'float32' })).toMatchObject({
      inFeatures: 6,
      outFeatures: 3,
      rank: 3,
    })
    const down = {
      u: randomTensor([5, 4], 'float32', { seed: 3 }),
      v: randomTensor([4, 6], 'float32', { seed: 4 }),
    }
    const mlp = engine.lowRankMlp({ gate: pair, up: pair, down, dtype: 'float32' })
    expect(mlp).toMatchObject({ inFeatures: 6, outFeatures: 6, rank: 4 })
    expect(mlp.flops(1)).toBe(2 * (33 + 33 + 44))
    engine.dispose()
  })

  test(`${backend}: memory that goes away during a call fails that call alone`, async () => {
    const engine = await createEngine({ backend, threads: 2 })
    const layer = engine.lowRank({ u, v, dtype: 'float32' })
    const x = Float32Array.from({ length: 12 }, (_, i) => i)
    const resizable = (length: number) =>
      // ES2024, in Node since 20; the types are of ES2023
      new Float32Array(Reflect.construct(ArrayBuffer, [4 * length, { maxByteLength: 4096 }]) as ArrayBuffer)
    await expect(layer.forwardAsync(resizable(12))).rejects.toThrow('x lies in a resizable ArrayBuffer')
    await expect(layer.forwardAsync(x, resizable(10))).rejects.toThrow('y lies in a resizable ArrayBuffer')
    expect(layer.forward(x, resizable(10))).toEqual(layer.forward(x))
    const y = new Float32Array(10)
    const [lost, kept] = [layer.forwardAsync(x, y), layer.forwardAsync(x)]
    const taken = structuredClone(y.buffer, { transfer: [y.buffer] })
    await expect(lost).rejects.toThrow('y was transferred during the call')
    expect(taken.byteLength).toBe(40) // held until here, as the native engine writes there
    expect(await kept).toEqual(layer.forward(x))
    engine.dispose()
  })

  test(`${backend}: zero rows give zero rows; y is returned; bfloat16 in, bfloat16 out`, async () => {
    const engine = await createEngine({ backend })
    const layer = engine.lowRank({ u, v, dtype: 'float32' })
    expect(layer.forward(new Float32Array(0))).toEqual(new Float32Array(0))
    expect(await layer.forwardAsync(new Uint16Array(0))).toEqual(new Uint16Array(0))
    const y = new Float32Array(10)
    expect(layer.forward(new Float32Array(12), y)).toBe(y)
    expect(await layer.forwardAsync(new Float32Array(12), y)).toBe(y)
    const half = layer.forward(new Uint16Array(12))
    expectTypeOf(half).toEqualTypeOf<Uint16Array<ArrayBuffer>>()
    expect(half).toEqual(new Uint16Array(10))
    engine.dispose()
  })

  test(`${backend}: weights are copied: changing them later changes nothing`, async () => {
    const engine = await createEngine({ backend })
    const w = Tensor.from([1, 2, 3, 4], [2, 2], 'float32')
    const layer = engine.linear({ w, dtype: 'float32' })
    w.data.fill(0)
    expect(layer.forward(Float32Array.of(1, 1))).toEqual(Float32Array.of(4, 6))
    engine.dispose()
  })

  test(`${backend}: views into larger memory, for weights and rows`, async () => {
    const engine = await createEngine({ backend })
    const big = Tensor.from(
      Float32Array.from({ length: 100 }, (_, i) => i),
      [10, 10],
      'float32',
    )
    const layer = engine.linear({ w: big.slice([2, 4], [3, 6]), dtype: 'float32' })
    const memory = new Float32Array(20).fill(9)
    memory.set([1, 10], 7)
    layer.forward(memory.subarray(7, 9), memory.subarray(11, 14))
    expect([...memory.subarray(10, 15)]).toEqual([9, 353, 364, 375, 9])
    engine.dispose()
  })
}

test('weights that do not fit are refused with what, where and how', () =>
  withEngine((engine) => {
    const dtype = 'float32'
    const bad = (options: object): unknown => engine.lowRank({ u, v, dtype, ...options })
    expect(() => bad({ u: v })).toThrow('u is [K, r] = [3,5] but lowRank: v is [r, N] = [3,5]')
    expect(() => bad({ u: Tensor.zeros([6, 0], 'float32'), v: Tensor.zeros([0, 5], 'float32') })).toThrow(
      'lowRank: u has shape [6, 0]; every dimension must be a whole number of at least 1.',
    )
    expect(() => bad({ u: Tensor.zeros([6], 'float32') })).toThrow('a matrix of two dimensions is needed')
    expect(() => bad({ u: { ...u, shape: [Number.NaN, 3], toFloat32() {} } })).toThrow('shape [NaN, 3]')
    expect(() => bad({ u: undefined })).toThrow('lowRank: u is not a Tensor')
    expect(() => bad({ dtype: 'int8' })).toThrow('dtype is "int8"; use one of float32, bfloat16')
    expect(() => bad({ packing: 'zip' })).toThrow('packing is "zip"; use one of plain, compact')
    expect(() => bad({ packing: 'compact' })).toThrow('packing is "compact", which is for bfloat16 weights')
    expect(() => bad({ activation: 'tanh' })).toThrow('activation is "tanh"')
    expect(() => bad({ bias: new Float32Array(4) })).toThrow('bias has 4 elements; N = 5')
    expect(() => bad({ bias: [1, 2, 3, 4, 5] })).toThrow('neither a Float32Array nor a Tensor')
    const down = { u: v.transpose(), v: u.transpose() }
    const mlp = (options: object): unknown =>
      engine.lowRankMlp({ gate: pair, up: pair, down, dtype, ...options })
    expect(() => mlp({ up: down })).toThrow('gate takes K = 6 features but up takes 5')
    expect(() => mlp({ down: pair })).toThrow('gate gives 5 hidden features, up 5, and down takes 6')
  }))

test('calls that do not fit are refused with what, where and how', () =>
  withEngine(async (engine) => {
    const layer: Layer = engine.lowRank({ u, v, dtype: 'float32' })
    const call = (x: unknown, y?: unknown): unknown => layer.forward(x as Float32Array, y as Float32Array)
    expect(() => call(new Float32Array(7))).toThrow('x has 7 elements, not whole rows of K = 6')
    expect(() => call([1, 2, 3, 4, 5, 6])).toThrow('x is neither a Float32Array nor a Uint16Array')
    expect(() => call(new Float32Array(6), new Float32Array(4))).toThrow(
      'y has 4 elements; 1 rows of N = 5 need 5',
    )
    expect(() => call(new Float32Array(6), new Uint16Array(5))).toThrow('y is of another kind than x')
    const memory = new Float32Array(12)
    expect(() => call(memory.subarray(0, 6), memory.subarray(5, 10))).toThrow('x and y overlap')
    const sent = new Float32Array(6)
    structuredClone(sent, { transfer: [sent.buffer] })
    expect(() => call(sent)).toThrow('forward: x was transferred to somebody else')
    expect(() => call(new Float32Array(0), sent)).toThrow('forward: y was transferred to somebody else')
    await expect(layer.forwardAsync(new Float32Array(7))).rejects.toThrow('x has 7 elements')
    layer.dispose()
    layer.dispose()
    layer[Symbol.dispose]()
    expect(() => call(new Float32Array(6))).toThrow('The layer is disposed')
    engine.dispose()
    expect(() => engine.lowRank({ u, v, dtype: 'float32' })).toThrow('The engine is disposed')
  }))
