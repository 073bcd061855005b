/**
 * Every entry of the op table, emitted in both dialects, executed on the stand-ins and compared: in kernels of one
 * instruction, with a shape that is ragged in rows and columns.
 */
import { describe, expect, it } from 'vitest'
import { type CheckOutcome, checkEmitted, findPython } from '../../src/execute/index.ts'
import {
  ACTIVATIONS,
  type Handles,
  type Kernel,
  kernel,
  opTable,
  type View,
  walk,
} from '../../src/nki/index.ts'
import { OPERATORS } from '../../src/nki/ops/functions.ts'
import { BOTH } from './cases.ts'

const python = findPython()

type Tile = View<'sbuf', 'M', 'N'>
type Body = (h: Handles, out: Tile, tile: Tile) => void

const words = <T extends object>(table: T): (keyof T)[] => Object.keys(table) as (keyof T)[]
/** In kernels of one instruction. */
const declared = {
  summary: 'One instruction.',
  inputs: { x: ['M', 'N'] },
  schedule: { nBlock: 64 },
  // these kernels are held against simulate/run alone
  reference: (): never => {
    throw new Error('unused')
  },
  macs: () => 0,
} as const

/** Loads a tile, lets `body` make another of it, and stores that. */
const elementwise = (name: string, body: Body): Kernel =>
  kernel({
    ...declared,
    name,
    output: ['M', 'N'],
    trace(h, { x, y }, { M, N }, s) {
      for (const m of h.nl.affineRange(M.tiles(128)))
        for (const n of h.nl.affineRange(N.blocks(s.nBlock))) {
          const tile = h.nl.sbuf('tile', [m, n], x.dtype)
          h.nisa.dmaCopy({ dst: tile, src: x.at(m, n) })
          const out = h.nl.sbuf('out', [m, n], y.dtype)
          body(h, out, tile)
          h.nisa.dmaCopy({ dst: y.at(m, n), src: out })
        }
    },
  })

/** Transposes a tile at a time: `edge` rows and columns of it. */
const transposed = (
  name: string,
  edge: number,
  body: (h: Handles, out: View<'sbuf', 'N', 'M'>, x: View<'hbm', 'M', 'N'>, dtype: Tile['dtype']) => void,
): Kernel =>
  kernel({
    ...declared,
    name,
    output: ['N', 'M'],
    trace(h, { x, y }, { M, N }) {
      for (const m of h.nl.affineRange(M.tiles(edge)))
        for (const n of h.nl.affineRange(N.tiles(edge))) {
          const out = h.nl.sbuf('out', [n, m], y.dtype)
          body(h, out, x.at(m, n), x.dtype)
          h.nisa.dmaCopy({ dst: y.at(n, m), src: out })
        }
    },
  })

const perPartition = ({ nl, nisa }: Handles, { rows }: Tile) => {
  const each = nl.sbuf('each', [rows, nl.unit], 'float32')
  nisa.iota({ dst: each, offset: 1, channelMultiplier: 2 })
  return each
}

const REDUCTIONS = ['add', 'maximum', 'minimum', 'multiply'] as const

function addReduced({ nl, nisa }: Handles, op: (typeof REDUCTIONS)[number], tile: Tile): void {
  const reduced = nl.sbuf('reduced', [tile.rows, nl.unit], 'float32')
  nisa.tensorReduce({ dst: reduced, op, data: tile })
  nisa.tensorScalar({ dst: tile, data: tile, op0: 'add', operand0: reduced })
}

const KERNELS: readonly Kernel[] = [
  elementwise('copy', ({ nisa }, dst, src) => nisa.tensorCopy({ dst, src })),
  elementwise('copy_on_gpsimd', ({ nisa }, dst, src) => nisa.tensorCopy({ dst, src, engine: 'gpsimd' })),
  ...words(ACTIVATIONS)
    .filter((op) => op !== 'rsqrt')
    .map((op) =>
      elementwise(`activation_${op}`, ({ nisa }, dst, data) => nisa.activation({ dst, op, data })),
    ),
  elementwise('activation_rsqrt', ({ nl, nisa }, dst, data) => {
    const squares = nl.sbuf('squares', [data.rows, data.cols], data.dtype)
    nisa.activation({ dst: squares, op: 'square', data })
    nisa.tensorScalar({ dst: squares, data: squares, op0: 'add', operand0: 1 })
    nisa.activation({ dst, op: 'rsqrt', data: squares })
  }),
  elementwise('activation_scale_bias', (h, dst, data) =>
    h.nisa.activation({ dst, op: 'tanh', data, scale: 0.25, bias: perPartition(h, data) }),
  ),
  ...words(OPERATORS)
    // the current dialect has none
    .filter((op) => op !== 'divide')
    .map((op) =>
      elementwise(`tensor_tensor_${op}`, ({ nl, nisa }, dst, data1) => {
        const data2 = nl.sbuf('squares', [data1.rows, data1.cols], data1.dtype)
        nisa.activation({ dst: data2, op: 'square', data: data1 })
        nisa.tensorTensor({ dst, data1, data2, op })
      }),
    ),
  elementwise('tensor_scalar', ({ nisa }, dst, data) =>
    nisa.tensorScalar({ dst, data, op0: 'multiply', operand0: 0.5, op1: 'maximum', operand1: -0.25 }),
  ),
  elementwise('tensor_scalar_per_partition', (h, dst, data) =>
    h.nisa.tensorScalar({ dst, data, op0: 'subtract', operand0: perPartition(h, data) }),
  ),
  elementwise('scalar_tensor_tensor', (h, dst, data) =>
    h.nisa.scalarTensorTensor({
      dst,
      data,
      op0: 'multiply',
      operand0: perPartition(h, data),
      op1: 'add',
      operand1: data,
    }),
  ),
  ...REDUCTIONS.map((op) =>
    kernel({
      ...declared,
      name: `tensor_reduce_${op}`,
      output: ['M', 'N'],
      trace(h, { x, y }, { M, N }) {
        for (const m of h.nl.affineRange(M.tiles(128))) {
          const row = h.nl.sbuf('row', [m, N], x.dtype)
          h.nisa.dmaCopy({ dst: row, src: x.at(m) })
          addReduced(h, op, row)
          h.nisa.dmaCopy({ dst: y.at(m), src: row })
        }
      },
    }),
  ),
  elementwise('reciprocal', ({ nl, nisa }, dst, data) => {
    const positive = nl.sbuf('positive', [data.rows, data.cols], data.dtype)
    nisa.activation({ dst: positive, op: 'exp', data })
    nisa.reciprocal({ dst, data: positive })
  }),
  elementwise('memset', ({ nisa }, dst, data) => {
    nisa.memset({ dst, value: 3 })
    nisa.tensorTensor({ dst, data1: dst, data2: data, op: 'add' })
  }),
  elementwise('iota', ({ nl, nisa }, dst, data) => {
    const ramp = nl.sbuf('ramp', [data.rows, data.cols], 'float32')
    nisa.iota({ dst: ramp, offset: 2, channelMultiplier: 3, step: 5 })
    nisa.tensorTensor({ dst, data1: data, data2: ramp, op: 'add' })
  }),
  transposed('dma_transpose', 128, ({ nisa }, dst, src) => nisa.dmaTranspose({ dst, src })),
  transposed('nc_transpose', 128, ({ nl, nisa }, dst, src, dtype) => {
    const tile = nl.sbuf('tile', [src.rows, src.cols], dtype)
    nisa.dmaCopy({ dst: tile, src })
    const turned = nl.psum('turned', [dst.rows, dst.cols], dtype)
    nisa.ncTranspose({ dst: turned, data: tile })
    nisa.tensorCopy({ dst, src: turned })
  }),
  transposed('nc_transpose_on_vector', 32, ({ nl, nisa }, dst, src, dtype) => {
    const tile = nl.sbuf('tile', [src.rows, src.cols], dtype)
    nisa.dmaCopy({ dst: tile, src })
    nisa.ncTranspose({ dst, data: tile, engine: 'vector' })
  }),
  kernel({
    ...declared,
    name: 'nc_matmul',
    output: ['N', 'N'],
    trace({ nl, nisa }, { x, y }, { M, N }) {
      for (const n of nl.affineRange(N.tiles(128))) {
        const acc = nl.psum('acc', [n, N])
        for (const m of nl.affineRange(M.tiles(128))) {
          const rows = nl.sbuf('rows', [m, N], x.dtype)
          nisa.dmaCopy({ dst: rows, src: x.at(m) })
          nisa.ncMatmul({ dst: acc, stationary: rows.at(m, n), moving: rows })
        }
        const out = nl.sbuf('out', [n, N], y.dtype)
        nisa.tensorCopy({ dst: out, src: acc })
        nisa.dmaCopy({ dst: y.at(n), src: out })
      }
    },
    limits: { N: 512 },
  }),
]

const used = (k: Kernel): string[] =>
  [...walk(k.trace().body)].flatMap(([node]) => (node.kind === 'op' ? [node.spec.name] : []))

it('every instruction is used', () => {
  expect([...new Set(KERNELS.flatMap(used))].sort()).toEqual(opTable.map(({ name }) => name).sort())
})

const failed = (outcomes: readonly CheckOutcome[]): string[] =>
  outcomes.flatMap(({ request, emit, ok, error, relativeError, integerError }) =>
    ok
      ? []
      : [`${request.kernel.name}, ${emit.dialect}: ${error ?? `off by ${relativeError}, ${integerError}`}`],
  )

describe.skipIf(!python)('each instruction means the same in Python', () => {
  const dims = { M: 200, N: 150 }

  it('on numbers of each kind', async () => {
    const requests = KERNELS.map((k) => ({ kernel: k, dims, dtype: 'bfloat16', emit: BOTH }) as const)
    expect(failed(await checkEmitted(python!, requests))).toEqual([])
  })

  it('but reductions over part of a row, which the legacy dialect reads beyond its end', async () => {
    const kernels = REDUCTIONS.map((op) =>
      elementwise(`part_${op}`, (h, dst, src) => {
        h.nisa.tensorCopy({ dst, src })
        addReduced(h, op, dst)
      }),
    )
    const requests = kernels.map((k) => ({ kernel: k, dims, dtype: 'bfloat16', emit: BOTH }) as const)
    const message = 'tensor_reduce: the legacy dialect reads whole pieces of N'
    expect(failed(await checkEmitted(python!, requests))).toEqual(
      REDUCTIONS.map((op) => expect.stringMatching(`^part_${op}, legacy: .*ops.test.ts.*${message}`)),
    )
    const aligned = BOTH.map((emit) => ({ ...emit, aligned: ['N'] }))
    const whole = requests.map((request) => ({ ...request, dims: { M: 200, N: 128 }, emit: aligned }))
    expect(failed(await checkEmitted(python!, whole))).toEqual([])
  })
})
