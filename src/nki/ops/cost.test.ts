/** Cycles against the table of AWS's ISA documentation (NKI v2.26.1), and what each instruction may not be given. */
import { describe, expect, test } from 'vitest'
import { refusal, refusalOf, untyped } from '../../../test/refusal.ts'
import { DTYPES, type Dtype } from '../../tensor/index.ts'
import { bind } from '../bind.ts'
import type { Instance } from '../op.ts'
import type { Engine, Memory } from '../program.ts'
import { OPS } from './index.ts'

interface Case {
  readonly N: number
  readonly P?: number
  readonly dtype?: Dtype
  readonly memory?: Readonly<Record<string, Memory>>
  readonly attributes?: Readonly<Record<string, string | number>>
  readonly engine?: Engine
}

/** N elements per partition on P partitions, all operands of one dtype and in SBUF unless said otherwise. */
function cycles(
  name: keyof typeof OPS,
  { N, P = 128, dtype = 'float32', memory = {}, attributes = {}, engine }: Case,
) {
  const op = OPS[name]
  const roles = Object.keys(op.operands)
  const hasB = Object.values(op.operands).some(({ f }) => f === 'B')
  const instance: Instance = {
    size: { A: P, B: N, C: hasB ? 128 : N, '1': 1 },
    memory: { ...Object.fromEntries(roles.map((role) => [role, 'sbuf'] as const)), ...memory },
    dtype: Object.fromEntries(roles.map((role) => [role, dtype])),
    attributes,
  }
  return op.cycles(instance, engine ?? op.engines[0]!)
}

describe('cycles', () => {
  const matmul = (stationary: number, moving: number, dtype: Dtype) =>
    cycles('ncMatmul', { P: stationary, N: moving, dtype })
  test.each([
    [128, 512, 512],
    [128, 64, 64],
    [128, 1, 64],
    [16, 1, 16],
    [16, 128, 128],
    [1, 1, 1],
  ])(
    'nc_matmul of %d stationary and %d moving columns: %d, four times as many in float32',
    (s, m, expected) => {
      for (const dtype of ['bfloat16', 'float16', 'float8_e4m3', 'float8_e5m2'] as const)
        expect(matmul(s, m, dtype)).toBe(expected)
      expect(matmul(s, m, 'float32')).toBe(4 * expected)
    },
  )

  test('nc_transpose', () => {
    const transpose = (P: number, N: number, engine: Engine) => cycles('ncTranspose', { P, N, engine })
    expect(transpose(128, 128, 'tensor')).toBe(128)
    expect(transpose(32, 128, 'tensor')).toBe(64)
    expect(transpose(16, 8, 'tensor')).toBe(16)
    expect(transpose(32, 32, 'vector')).toBe(64)
  })

  test.each(['tensorCopy', 'tensorScalar', 'activation', 'memset', 'tensorReduce'] as const)(
    '%s: N, at least 64',
    (op) => {
      const attributes = { op: 'multiply', op0: 'add', value: 1 }
      expect(cycles(op, { N: 512, attributes })).toBe(512)
      expect(cycles(op, { N: 8, attributes })).toBe(64)
      expect(cycles(op, { N: 512, dtype: 'bfloat16', attributes })).toBe(512)
    },
  )

  test('memset: half as many for zeros of two bytes', () => {
    const memset = (value: number, dtype: Dtype) => cycles('memset', { N: 512, dtype, attributes: { value } })
    expect(memset(0, 'bfloat16')).toBe(256)
    expect(memset(0, 'float16')).toBe(256)
    expect(memset(0, 'float32')).toBe(512)
    expect(memset(1, 'bfloat16')).toBe(512)
  })

  test('tensor_reduce: half as many for sums and maxima in bfloat16', () => {
    const reduce = (op: string, dtype: Dtype) => cycles('tensorReduce', { N: 512, dtype, attributes: { op } })
    expect(reduce('add', 'bfloat16')).toBe(256)
    expect(reduce('maximum', 'bfloat16')).toBe(256)
    expect(reduce('minimum', 'bfloat16')).toBe(512)
    expect(reduce('add', 'float16')).toBe(512)
    expect(reduce('add', 'float32')).toBe(512)
  })

  test('tensor_tensor: 2N, or N with an input in each memory or in bfloat16', () => {
    const pair = (op: string, dtype: Dtype, data2: Memory = 'sbuf') =>
      cycles('tensorTensor', { N: 512, dtype, memory: { data2 }, attributes: { op } })
    expect(pair('add', 'float32')).toBe(1024)
    expect(pair('add', 'float32', 'psum')).toBe(512)
    expect(pair('multiply', 'bfloat16')).toBe(512)
    expect(pair('maximum', 'bfloat16')).toBe(1024)
    expect(pair('add', 'float16')).toBe(1024)
    expect(cycles('tensorTensor', { N: 8, attributes: { op: 'add' } })).toBe(64)
  })

  test('scalar_tensor_tensor: 2N, or N in bfloat16', () => {
    const chain = (op0: string, op1: string, dtype: Dtype, data: Memory = 'sbuf') =>
      cycles('scalarTensorTensor', { N: 512, dtype, memory: { data }, attributes: { op0, op1 } })
    expect(chain('multiply', 'add', 'float32')).toBe(1024)
    expect(chain('multiply', 'add', 'float32', 'psum')).toBe(1024)
    expect(chain('multiply', 'add', 'bfloat16')).toBe(512)
    expect(chain('divide', 'add', 'bfloat16')).toBe(1024)
  })

  test('reciprocal: 8N; iota: 150 + N; DMA costs bytes, no cycles', () => {
    expect(cycles('reciprocal', { N: 512 })).toBe(4096)
    expect(cycles('reciprocal', { N: 1 })).toBe(64)
    expect(cycles('iota', { N: 512 })).toBe(662)
    expect(cycles('dmaCopy', { N: 512 })).toBe(0)
    expect(cycles('dmaTranspose', { N: 512 })).toBe(0)
  })
})

test('a load reads HBM, a store writes it, and a copy on chip is neither', () => {
  const tally = (dst: Memory, src: Memory) =>
    OPS.dmaCopy.tally({ size: { A: 1, B: 1, C: 1, '1': 1 }, memory: { dst, src }, dtype: {}, attributes: {} })
  expect(tally('sbuf', 'hbm')).toEqual({ loads: 1, stores: 0 })
  expect(tally('hbm', 'sbuf')).toEqual({ loads: 0, stores: 1 })
  expect(tally('hbm', 'hbm')).toEqual({ loads: 1, stores: 1 })
  expect(tally('sbuf', 'sbuf')).toEqual({ loads: 0, stores: 0 })
})

/** A kernel of one tile: what is said about `body`, which is given a tile in SBUF and one in PSUM. */
const oneTile = (body: Parameters<typeof untyped>[0]) =>
  untyped(
    (h, { x, y }, { M, K }, s) => {
      const tile = h.nl.sbuf('tile', [M, K], x.dtype)
      h.nisa.dmaCopy({ dst: tile, src: x })
      const acc = h.nl.psum('acc', [M, K], x.dtype)
      body(h, { tile, acc, y }, { M, K }, s)
      h.nisa.dmaCopy({ dst: y, src: tile })
    },
    { inputs: { x: ['M', 'K'] }, output: ['M', 'K'], limits: { M: 128, K: 128 } },
  )
const refused = (body: Parameters<typeof untyped>[0]) => refusalOf(() => oneTile(body).trace())

describe('rules', () => {
  test('two inputs in PSUM', () => {
    const message = refused(({ nisa }, { tile, acc }) =>
      nisa.tensorTensor({ dst: tile, data1: acc, data2: acc, op: 'add' }),
    )
    expect(message).toMatchInlineSnapshot(`
      "k («body(h, { tile, acc, y }, { M, K }, s)», in «nisa.tensorTensor({ dst: tile, data1: acc, data2: acc, op: 'add' }),»): tensor_tensor: both data1 and data2 are in PSUM.
        Copy one of them to SBUF with tensor_copy."
    `)
  })
  test('PSUM on the GpSimd engine', () => {
    const message = refused(({ nisa }, { tile, acc }) =>
      nisa.tensorCopy({ dst: acc, src: tile, engine: 'gpsimd' }),
    )
    expect(message).toMatchInlineSnapshot(`
      "k («body(h, { tile, acc, y }, { M, K }, s)», in «nisa.tensorCopy({ dst: acc, src: tile, engine: 'gpsimd' }),»): tensor_copy: dst is in PSUM, which GpSimd cannot access.
        dst = acc[M, K]. Use the vector engine."
    `)
  })
  test('an engine that does not execute it', () => {
    const message = refused(({ nisa }, { tile }) =>
      nisa.activation({ dst: tile, data: tile, op: 'exp', engine: 'vector' }),
    )
    expect(message).toMatchInlineSnapshot(`
      "k («body(h, { tile, acc, y }, { M, K }, s)», in «nisa.activation({ dst: tile, data: tile, op: 'exp', engine: 'vector' }),»): activation: the vector engine does not execute it.
        Use scalar."
    `)
  })
  test('DMA to PSUM', () => {
    const message = refused(({ nisa }, { tile, acc }) => nisa.dmaCopy({ dst: acc, src: tile }))
    expect(message).toMatchInlineSnapshot(`
      "k («body(h, { tile, acc, y }, { M, K }, s)», in «const message = refused(({ nisa }, { tile, acc }) => nisa.dmaCopy({ dst: acc, src: tile }))»): dma_copy: dst is in psum, it must be in hbm or sbuf.
        dst = acc[M, K]. Allocate acc in hbm or sbuf."
    `)
  })
  test('DMA from PSUM', () => {
    const message = refused(({ nisa }, { acc, y }) => nisa.dmaCopy({ dst: y, src: acc }))
    expect(message).toMatchInlineSnapshot(`
      "k («body(h, { tile, acc, y }, { M, K }, s)», in «const message = refused(({ nisa }, { acc, y }) => nisa.dmaCopy({ dst: y, src: acc }))»): dma_copy: src is in psum, it must be in hbm or sbuf.
        src = acc[M, K]. Copy it to SBUF with tensor_copy."
    `)
  })
  test('the tensor engine transposes from SBUF into PSUM', () => {
    const square = (body: Parameters<typeof untyped>[0]) =>
      refusal(
        (h, _, { M }, s) =>
          body(h, { a: h.nl.zeros('a', [M, M], 'float32'), b: h.nl.sbuf('b', [M, M], 'float32') }, { M }, s),
        { inputs: { x: ['M', 'M'] }, output: ['M', 'M'], limits: { M: 128 } },
      )
    expect(square(({ nisa }, { a, b }) => nisa.ncTranspose({ dst: b, data: a }))).toContain(
      'nc_transpose: the tensor engine writes to PSUM, dst is in SBUF.\n  Allocate dst with nl.psum',
    )
    expect(square(({ nisa }, { a, b }) => nisa.ncTranspose({ dst: b, data: a, engine: 'vector' }))).toContain(
      'nc_transpose: a transpose of 128 × 128 on the vector engine exceeds 32 × 32',
    )
  })
  test('an operator without its operand, and the other way round', () => {
    const only = (extra: object) =>
      refused(({ nisa }, { tile }) =>
        nisa.tensorScalar({ dst: tile, data: tile, op0: 'add', operand0: 1, ...extra }),
      )
    expect(only({ op1: 'add' })).toContain('tensor_scalar: op1 is given without operand1.\n  Give operand1')
    expect(only({ operand1: 2 })).toContain('tensor_scalar: operand1 is given without op1.\n  Give op1')
  })
  test('a word that the op does not know, or none', () => {
    const op = (op?: string) =>
      refused(({ nisa }, { tile }) => nisa.activation({ dst: tile, data: tile, op }))
    expect(op('swish')).toContain('activation: op is swish.\n  Give copy, exp, silu')
    expect(op()).toContain('activation: no op.\n  Give op: copy | exp | silu')
  })
  test('a bias of more than one column', () => {
    const message = refused(({ nisa }, { tile }) =>
      nisa.activation({ dst: tile, data: tile, op: 'exp', bias: tile }),
    )
    expect(message).toMatchInlineSnapshot(`
      "k («body(h, { tile, acc, y }, { M, K }, s)», in «nisa.activation({ dst: tile, data: tile, op: 'exp', bias: tile }),»): activation: bias has K where one column is needed.
        bias = tile[M, K]. Allocate it over [span, nl.unit]."
    `)
  })
})

/** What is said when a right program is bound to these dtypes. */
const bound = (body: Parameters<typeof untyped>[0], dtype: Dtype | { x: Dtype; w: Dtype }) => {
  const kernel = untyped(
    (h, tensors, dims, s) => {
      const { M, K, N } = dims
      const x = h.nl.sbuf('x_tile', [K, M], tensors.x.dtype)
      const w = h.nl.sbuf('w_tile', [K, N], tensors.w.dtype)
      h.nisa.dmaCopy({ dst: x, src: tensors.x })
      h.nisa.dmaCopy({ dst: w, src: tensors.w })
      h.nisa.dmaCopy({ dst: tensors.y, src: h.nl.zeros('out', [M, N], tensors.y.dtype) })
      body(h, { x, w }, dims, s)
    },
    { limits: { M: 128, K: 128, N: 128 } },
  )
  const program = kernel.trace()
  return () => bind(program, { M: 4, K: 4, N: 4 }, dtype)
}

describe('dtypes', () => {
  const matmul: Parameters<typeof untyped>[0] = ({ nl, nisa }, { x, w }, { M, N }) =>
    nisa.ncMatmul({ dst: nl.psum('acc', [M, N]), stationary: x, moving: w })

  test('which operands a matmul takes together', () => {
    const accepted: string[] = []
    for (const x of DTYPES)
      for (const w of DTYPES) {
        try {
          bound(matmul, { x, w })()
          accepted.push(`${x} ${w}`)
        } catch {}
      }
    const narrow = DTYPES.filter((d) => d.startsWith('float8') || d === 'bfloat16' || d === 'float16')
    const expected = ['float32 float32', ...narrow.flatMap((x) => narrow.map((w) => `${x} ${w}`))]
    expect(accepted.sort()).toEqual(expected.sort())
  })
  test('float32 with bfloat16', () => {
    expect(refusalOf(bound(matmul, { x: 'float32', w: 'bfloat16' }))).toContain(
      'nc_matmul: float32 × bfloat16: if one operand is float32, both must be.\n  dst = acc[M, N], stationary = x_tile[K, M], moving = w_tile[K, N]. Convert one with tensor_copy.',
    )
  })
  test('int8', () => {
    expect(refusalOf(bound(matmul, 'int8'))).toContain(
      'nc_matmul: int8 × int8: the tensor engine multiplies floating point only',
    )
  })
  test('an accumulator that is not float32', () => {
    const narrow: typeof matmul = ({ nl, nisa }, { x, w }, { M, N }) =>
      nisa.ncMatmul({ dst: nl.psum('acc', [M, N], 'bfloat16'), stationary: x, moving: w })
    expect(refusalOf(bound(narrow, 'bfloat16'))).toContain(
      'nc_matmul: dst is bfloat16: products accumulate in float32',
    )
  })
  test('DMA does not convert', () => {
    const convert: typeof matmul = ({ nl, nisa }, { x }, { K, M }) =>
      nisa.dmaCopy({ dst: nl.sbuf('other', [K, M], 'float32'), src: x })
    expect(bound(convert, 'float32')).not.toThrow()
    expect(refusalOf(bound(convert, 'bfloat16'))).toContain(
      'dma_copy: src is bfloat16 and dst is float32: DMA does not convert',
    )
  })
  test('DMA transposes elements of 2 or 4 bytes', () => {
    const transpose: typeof matmul = ({ nl, nisa }, { x }, { K, M }) =>
      nisa.dmaTranspose({ dst: nl.sbuf('x_t', [M, K], x.dtype), src: x })
    for (const dtype of DTYPES) {
      if (dtype === 'int8' || dtype.startsWith('float8'))
        expect(refusalOf(bound(transpose, dtype))).toContain('DMA transposes elements of 2 or 4 bytes only')
      else expect(bound(transpose, dtype)).not.toThrow()
    }
  })
  test('a transpose does not convert', () => {
    const transpose: typeof matmul = ({ nl, nisa }, { x }, { K, M }) =>
      nisa.ncTranspose({ dst: nl.psum('x_t', [M, K]), data: x })
    expect(bound(transpose, 'float32')).not.toThrow()
    expect(refusalOf(bound(transpose, 'bfloat16'))).toContain(
      'nc_transpose: data is bfloat16 and dst is float32: a transpose does not convert',
    )
  })
})
