/** The functional simulator: what is rounded where, what counts as never written, and what is said about bad tensors. */
import { describe, expect, test } from 'vitest'
import { refusalOf, untyped } from '../../../test/refusal.ts'
import { ArgumentError, bind } from '../../nki/index.ts'
import { DTYPES, type Dtype, dtypeInfo, Tensor } from '../../tensor/index.ts'
import { count } from './count.ts'
import { run } from './run.ts'

type Body = Parameters<typeof untyped>[0]
const ROWS = { inputs: { x: ['M', 'K'] }, output: ['M', 'K'], limits: { M: 128 } } as const

/** y = what `body` makes of a tile that holds x. */
const tileKernel = (body: Body) =>
  untyped((h, { x, y }, { M, K }, s) => {
    const tile = h.nl.sbuf('tile', [M, K], x.dtype)
    h.nisa.dmaCopy({ dst: tile, src: x })
    body(h, { tile, x, y }, { M, K }, s)
  }, ROWS)
const copy = tileKernel(({ nisa }, { tile, y }) => nisa.dmaCopy({ dst: y, src: tile })).trace()
const row = (values: ArrayLike<number>, dtype: Dtype) => Tensor.from(values, [1, values.length], dtype)

describe('what was never written', () => {
  const partly = tileKernel(({ nl, nisa }, { tile, y }, { M, K }) => {
    const a = nl.sbuf('a', [M, K], 'float32')
    const out = nl.sbuf('out', [M, K], 'float32')
    for (const k of nl.sequentialRange(K.tiles(128))) {
      nisa.tensorCopy({ dst: a.at(M, k), src: tile.at(M, k) })
      nisa.tensorCopy({ dst: out, src: a })
    }
    nisa.dmaCopy({ dst: y, src: out })
  }).trace()

  test('is found when it is read, at its place', () => {
    expect(() => run(partly, { x: Tensor.zeros([2, 128], 'float32') })).not.toThrow()
    const message = refusalOf(() => run(partly, { x: Tensor.zeros([2, 200], 'float32') }))
    expect(message).toContain('in «nisa.tensorCopy({ dst: out, src: a })»')
    expect(message).toContain(
      'tensor_copy: src a is read where it was never written, at [0, 128] of the tile.',
    )
    expect(message).toContain('src = a[M, K]. Load or compute all of it first')
  })

  test('is found again in each iteration that allocates the buffer anew', () => {
    const program = untyped(
      ({ nl, nisa }, { x, y }, { M, K }) => {
        for (const m of nl.sequentialRange(M.tiles(128))) {
          const a = nl.sbuf('a', [m, K], x.dtype)
          for (const k of nl.sequentialRange(K.tiles(128))) nisa.dmaCopy({ dst: a.at(m, k), src: x.at(m, k) })
          nisa.dmaCopy({ dst: y.at(m), src: a })
          const b = nl.sbuf('b', [m, K], x.dtype)
          for (const k of nl.sequentialRange(K.tiles(128))) {
            nisa.tensorCopy({ dst: b.at(m, k), src: a.at(m, k) })
            nisa.dmaCopy({ dst: y.at(m), src: b })
          }
        }
      },
      { inputs: { x: ['M', 'K'] }, output: ['M', 'K'] },
    ).trace()
    const attempt = () => run(program, { x: Tensor.zeros([300, 129], 'float32') })
    expect(attempt).toThrow('src b is read where it was never written, at [0, 128]')
  })

  test('of the output is found at the end', () => {
    const diagonal = untyped(
      ({ nl, nisa }, { x, y }, { M }) => {
        for (const m of nl.affineRange(M.tiles(128))) {
          const a = nl.sbuf('a', [m, m], x.dtype)
          nisa.dmaCopy({ dst: a, src: x.at(m, m) })
          nisa.dmaCopy({ dst: y.at(m, m), src: a })
        }
      },
      { inputs: { x: ['M', 'M'] }, output: ['M', 'M'] },
    ).trace()
    expect(() => run(diagonal, { x: Tensor.zeros([128, 128], 'float32') })).not.toThrow()
    expect(refusalOf(() => run(diagonal, { x: Tensor.zeros([130, 130], 'float32') }))).toBe(
      'k (output): y[0, 128] was never written.\n  Store every part of the output.',
    )
  })

  test.each(DTYPES.filter((d) => dtypeInfo(d).kind === 'float'))(
    'is not a NaN of the caller, in %s',
    (dtype) => {
      const y = run(copy, { x: row([1, Number.NaN, 3], dtype) })
      expect([...y.toFloat32()]).toEqual([1, Number.NaN, 3])
    },
  )

  test.each([0x7fa5a5a5, 0x7f800001, 0xffc00000, 0x7fffffff])(
    'is not a NaN of the caller, with bits %i',
    (bits) => {
      const data = new Float32Array(3)
      new Uint32Array(data.buffer).fill(bits)
      const y = run(copy, { x: Tensor.wrap(data, [1, 3], 'float32') })
      expect([...y.toFloat32()]).toEqual([Number.NaN, Number.NaN, Number.NaN])
    },
  )

  test('is not a NaN that arithmetic makes', () => {
    const program = tileKernel(({ nisa }, { tile, y }) => {
      nisa.tensorTensor({ dst: tile, data1: tile, data2: tile, op: 'divide' })
      nisa.activation({ dst: tile, data: tile, op: 'rsqrt' })
      nisa.dmaCopy({ dst: y, src: tile })
    }).trace()
    expect([...run(program, { x: row([0, 2], 'float32') }).toFloat32()]).toEqual([Number.NaN, 1])
  })
})

describe('numbers', () => {
  const through = (dtype: Dtype) =>
    tileKernel(({ nl, nisa }, { tile, y }, { M, K }) => {
      const narrow = nl.sbuf('narrow', [M, K], dtype)
      const wide = nl.sbuf('wide', [M, K], 'float32')
      nisa.tensorCopy({ dst: narrow, src: tile })
      nisa.tensorCopy({ dst: wide, src: narrow })
      nisa.dmaCopy({ dst: y, src: wide })
    }).trace()
  const values = [0.1, -1 / 3, Math.PI, 1000.4, 2 ** -20]

  test.each(DTYPES)('are rounded to the dtype of the buffer, %s', (dtype) => {
    const y = run(through(dtype), { x: row(values, 'float32') })
    const rounded = values.map((x) => Math.fround(dtypeInfo(dtype).round(Math.fround(x))))
    expect([...y.toFloat32()]).toEqual(rounded)
  })

  test('are not rounded with precision float32, which the result has too', () => {
    const program = through('bfloat16')
    const y = run(program, { x: row(values, 'float32') }, { precision: 'float32' })
    expect([...y.toFloat32()]).toEqual(values.map(Math.fround))
    const narrow = run(copy, { x: row(values, 'bfloat16') }, { precision: 'float32' })
    expect(narrow.dtype).toBe('float32')
    expect(run(copy, { x: row(values, 'bfloat16') }).dtype).toBe('bfloat16')
  })

  test('int32 stays whole where it is moved, beyond 2²⁴ and with either precision', () => {
    const integers = [2 ** 24 + 1, -(2 ** 31), 2 ** 31 - 1]
    for (const precision of ['hardware', 'float32'] as const) {
      const y = run(copy, { x: row(integers, 'int32') }, { precision })
      expect(y.dtype).toBe('int32')
      expect([...y.data]).toEqual(integers)
    }
  })

  test('products are summed in float32 in PSUM, whatever the operands', () => {
    const program = untyped(
      ({ nl, nisa }, { x, w, y }, { M, K, N }) => {
        const a = nl.sbuf('a', [K, M], x.dtype)
        const b = nl.sbuf('b', [K, N], w.dtype)
        nisa.dmaCopy({ dst: a, src: x })
        nisa.dmaCopy({ dst: b, src: w })
        const acc = nl.psum('acc', [M, N])
        for (const k of nl.affineRange(K.tiles(32)))
          nisa.ncMatmul({ dst: acc, stationary: a.at(k), moving: b.at(k) })
        const out = nl.sbuf('out', [M, N], y.dtype)
        nisa.tensorScalar({ dst: out, data: acc, op0: 'subtract', operand0: 1 })
        nisa.dmaCopy({ dst: y, src: out })
      },
      { limits: { M: 128, K: 128, N: 128 } },
    ).trace()
    // 1 + 63 · 2⁻¹²: no sum of it is a bfloat16 number
    const x = Tensor.from([1, ...new Array<number>(63).fill(2 ** -12)], [64, 1], 'bfloat16')
    const w = Tensor.from(new Array<number>(64).fill(1), [64, 1], 'bfloat16')
    expect([...run(program, { x, w }).toFloat32()]).toEqual([63 * 2 ** -12])
  })

  test('iota counts across tiles', () => {
    const program = untyped(
      ({ nl, nisa }, { x, y }, { M, K }) => {
        for (const m of nl.affineRange(M.tiles(128)))
          for (const k of nl.affineRange(K.tiles(128))) {
            const a = nl.sbuf('a', [m, k], x.dtype)
            nisa.iota({ dst: a, channelMultiplier: 1000, step: 1 })
            nisa.dmaCopy({ dst: y.at(m, k), src: a })
          }
      },
      { inputs: { x: ['M', 'K'] }, output: ['M', 'K'] },
    ).trace()
    const y = run(program, { x: Tensor.zeros([200, 300], 'int32') })
    for (const [i, j] of [
      [0, 0],
      [5, 299],
      [128, 128],
      [199, 299],
    ] as const)
      expect(y.get(i, j)).toBe(1000 * i + j)
  })

  test('strided inputs are taken as they are', () => {
    const x = Tensor.from([1, 2, 3, 4, 5, 6], [3, 2], 'float32').transpose()
    expect([...run(copy, { x }).toFloat32()]).toEqual([1, 3, 5, 2, 4, 6])
    const part = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3], 'int32').slice([0, 2], [1, 3])
    expect([...run(copy, { x: part }).toFloat32()]).toEqual([2, 3, 5, 6])
  })
})

describe('long runs', () => {
  const steps = untyped(
    ({ nl, nisa }, { x, y }, { M }) => {
      for (const m of nl.affineRange(M.tiles(32))) {
        const a = nl.sbuf('a', [m, nl.unit], x.dtype)
        nisa.dmaCopy({ dst: a, src: x.at(m) })
        nisa.dmaCopy({ dst: y.at(m), src: a })
      }
    },
    { inputs: { x: ['M', '1'] }, output: ['M', '1'] },
  ).trace()
  const x = Tensor.zeros([32 * 5000, 1], 'int8')

  test('report progress, of as many instructions as are counted', () => {
    const seen: [number, number][] = []
    run(steps, { x }, { onProgress: (done, total) => seen.push([done, total]) })
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).toSorted((a, b) => a - b))
    const { instructions } = count(steps, bind(steps, { M: x.shape[0]! }, 'int8'))
    expect(instructions).toBe(10_000)
    expect(new Set(seen.map(([, total]) => total))).toEqual(new Set([instructions]))
  })

  test('stop when they are aborted', () => {
    const controller = new AbortController()
    let reports = 0
    const onProgress = () => {
      reports++
      controller.abort(new Error('enough'))
    }
    expect(() => run(steps, { x }, { signal: controller.signal, onProgress })).toThrow('enough')
    expect(reports).toBe(1)
  })

  test('do not begin when they are aborted already, however short', () => {
    const signal = AbortSignal.abort(new Error('too late'))
    expect(() => run(copy, { x: row([1], 'float32') }, { signal })).toThrow('too late')
  })
})

describe('bad tensors', () => {
  const product = untyped(
    ({ nl, nisa }, { y }, { M, N }) => nisa.dmaCopy({ dst: y, src: nl.zeros('out', [M, N], y.dtype) }),
    { limits: { M: 128 } },
  ).trace()
  const x = Tensor.zeros([3, 2], 'float32')
  const w = Tensor.zeros([3, 4], 'float32')
  test.each<[string, Record<string, Tensor>, string]>([
    ['missing', { x }, 'k: input w is missing; it takes x, w'],
    ['unknown', { x, w, v: w }, 'k: it has no input v; it takes x, w'],
    [
      'of three dimensions',
      { x: Tensor.zeros([3, 2, 1], 'float32'), w },
      'k: x has shape [3,2,1], it must be [K, M]',
    ],
    [
      'that disagree',
      { x: Tensor.zeros([5, 2], 'float32'), w },
      'k: w has K = 3 where an earlier input has 5',
    ],
    [
      'beyond a limit',
      { x: Tensor.zeros([3, 129], 'float32'), w },
      'k: dimension M is 129, this form takes at most 128; its dimensions are K, M, N',
    ],
    [
      'without an element',
      { x: Tensor.zeros([3, 0], 'float32'), w },
      'k: dimension M is 0, it must be a whole number from 1; its dimensions are K, M, N',
    ],
  ])('%s', (_, inputs, message) => {
    expect(() => run(product, inputs)).toThrow(new ArgumentError(message))
  })

  test('of several columns where there must be one', () => {
    const program = untyped(
      ({ nl, nisa }, { y }, { M }) => nisa.dmaCopy({ dst: y, src: nl.zeros('a', [M, nl.unit], y.dtype) }),
      {
        inputs: { x: ['M', '1'] },
        output: ['M', '1'],
        limits: { M: 128 },
      },
    ).trace()
    expect(() => run(program, { x })).toThrow(new ArgumentError('k: x has 2 columns where it must have 1'))
  })

  test('of a dtype that an instruction does not take', () => {
    const transpose = untyped(
      ({ nl, nisa }, { x, y }, { M, K }) => {
        const a = nl.sbuf('a', [K, M], x.dtype)
        nisa.dmaTranspose({ dst: a, src: x })
        nisa.dmaCopy({ dst: y, src: a })
      },
      { inputs: { x: ['M', 'K'] }, output: ['K', 'M'], limits: { M: 128, K: 128 } },
    ).trace()
    expect(refusalOf(() => run(transpose, { x: row([1, 2], 'int8') }))).toContain(
      'DMA transposes elements of 2 or 4 bytes only',
    )
    expect([...run(transpose, { x: row([1, 2], 'bfloat16') }).shape]).toEqual([2, 1])
  })
})
