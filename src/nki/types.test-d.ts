/**
 * What must not type-check. `npm run types` compiles this file: a line that the compiler begins to accept is an unused
 * `@ts-expect-error`, which is an error. Nothing here is executed.
 */
import { addProduct, load, loadTransposed, store } from '../kernels/blocks.ts'
import { kernel, type View } from './index.ts'

const common = { summary: '', schedule: {}, macs: () => 0 } as const

kernel({
  ...common,
  name: 'types',
  inputs: { x: ['M', 'K'], u: ['K', 'r'], v: ['r', 'N'], bias: ['M', '1'] },
  output: ['M', 'N'],
  limits: { M: 128, r: 128 },
  schedule: { kBlock: 512 },
  choices: { stationary: ['x', 'w'] },
  options: { activation: ['none', 'silu'] },
  // @ts-expect-error a schedule of an entry that there is not
  schedules: { seed: { rBlock: 1024 } },
  reference: (algebra, { x, u, v }) => algebra.matmul(algebra.matmul(x, u), v),
  trace(h, { x, u, v, bias, y }, { M, K, r, N }, s, options) {
    const { nl, nisa } = h
    const uBlock = load(h, u)
    const vBlock = load(h, v)
    const xT = loadTransposed(h, x)
    const xuT = nl.zeros('xu_t', [r, M], x.dtype)
    const out = nl.zeros('out', [M, N], x.dtype)
    const acc = nl.psum('acc', [r, M])
    const column = nl.sbuf('column', [M, nl.unit], 'float32')

    // right
    nisa.ncMatmul({ dst: acc, stationary: uBlock, moving: xT })
    nisa.activation({ dst: xuT, data: acc, op: 'silu', scale: 2 })
    nisa.tensorScalar({ dst: out, data: out, op0: 'multiply', operand0: column, op1: 'add', operand1: 1 })
    nisa.dmaCopy({ dst: column, src: bias })
    addProduct(h, out, xuT, vBlock)
    store(h, y, out)

    // --- operands that disagree
    // @ts-expect-error swapped: that would be X·U, not (X·U)ᵀ
    nisa.ncMatmul({ dst: acc, stationary: xT, moving: uBlock })
    // @ts-expect-error contracted over K and over r
    nisa.ncMatmul({ dst: acc, stationary: uBlock, moving: xuT })
    // @ts-expect-error U instead of V
    addProduct(h, out, xuT, uBlock)
    // @ts-expect-error a result of other dimensions
    nisa.tensorCopy({ dst: out, src: xuT })
    // @ts-expect-error dst is what its operands must agree with
    nisa.tensorTensor({ dst: out, data1: out, data2: xuT, op: 'add' })
    // @ts-expect-error a forgotten transpose
    nisa.dmaCopy({ dst: xT, src: x })
    // @ts-expect-error a transpose too many
    nisa.dmaTranspose({ dst: uBlock, src: u })
    // @ts-expect-error a bias of N columns
    nisa.activation({ dst: out, data: out, op: 'copy', bias: out })
    // @ts-expect-error a bias for other partitions
    nisa.activation({ dst: xuT, data: xuT, op: 'copy', bias: column })
    // @ts-expect-error stored into the wrong tensor
    store(h, y, xuT)

    // --- memories
    // @ts-expect-error an accumulator in SBUF
    nisa.ncMatmul({ dst: xuT, stationary: uBlock, moving: xT })
    // @ts-expect-error an operand in HBM
    nisa.ncMatmul({ dst: acc, stationary: u, moving: xT })
    // @ts-expect-error no DMA to PSUM
    nisa.dmaCopy({ dst: acc, src: xuT })
    // @ts-expect-error a bias in PSUM
    nisa.activation({ dst: out, data: out, op: 'copy', bias: nl.psum('b', [M, nl.unit]) })
    // @ts-expect-error a block is loaded from HBM
    load(h, xuT)

    // --- arguments
    // @ts-expect-error misspelled
    nisa.ncMatmul({ dst: acc, stationary: uBlock, movin: xT })
    // @ts-expect-error left out
    nisa.ncMatmul({ dst: acc, stationary: uBlock })
    // @ts-expect-error no such function
    nisa.activation({ dst: out, data: out, op: 'swish' })
    // @ts-expect-error a word is needed
    nisa.tensorTensor({ dst: out, data1: out, data2: out })
    // @ts-expect-error a number where a view is needed
    nisa.tensorTensor({ dst: out, data1: out, data2: 1, op: 'add' })
    // @ts-expect-error no such instruction
    nisa.ncMultiply({ dst: acc, stationary: uBlock, moving: xT })
    // @ts-expect-error DMA is no engine to choose
    nisa.tensorCopy({ dst: out, src: out, engine: 'dma' })

    // --- spans
    // @ts-expect-error rows and columns exchanged
    x.at(K, M)
    // @ts-expect-error a piece of another dimension
    x.at(r)
    // @ts-expect-error a cut is not a span
    x.at(M.tiles(128))
    // @ts-expect-error a span is not a number
    M * 2
    // @ts-expect-error nor can it be compared with one
    M > 128
    // @ts-expect-error nor is an entry of the schedule
    s.kBlock / 2
    // @ts-expect-error loops take cuts: they do not count
    nl.affineRange(4)
    // @ts-expect-error a span is not cut yet
    nl.affineRange(M)
    // @ts-expect-error loops are not stepped by hand
    nl.affineRange(M.tiles(128)).next()
    // @ts-expect-error the free axis of SBUF is not tiled
    nl.sbuf('tiled', [M, N.tiles(512)], 'float32')
    // @ts-expect-error HBM has no tiles
    nl.hbm('tiled', [M.tiles(128), N], 'float32')
    // @ts-expect-error no such dtype
    nl.sbuf('double', [M, N], 'float64')

    // --- names
    // @ts-expect-error not in the schedule
    s.rBlock
    // @ts-expect-error a choice has only its words
    s.stationary === 'v'
    // @ts-expect-error an option has only its words
    options.activation === 'gelu'
    // @ts-expect-error not an input
    h.nl.sbuf('z', [M, N], w.dtype)
  },
})

const inputs = { x: ['M', 'K'] } as const
const rest = {
  ...common,
  inputs,
  trace: () => {},
  reference: (_: unknown, { x }: { x: { rows: number; cols: number; data: Float64Array } }) => x,
}
// @ts-expect-error the output has a dimension that no input has
kernel({ ...rest, name: 'a', output: ['M', 'N'] })
// @ts-expect-error a limit of an unknown dimension
kernel({ ...rest, name: 'a', output: ['M', 'K'], limits: { Q: 1 } })
// @ts-expect-error values to search of an entry that there is not
kernel({ ...rest, name: 'a', output: ['M', 'K'], schedule: { kBlock: 128 }, space: { mTile: [64] } })

declare const sbuf: View<'sbuf', 'M', 'K'>
declare function takes(view: View<'sbuf', 'M' | 'K', 'K'>): void
// @ts-expect-error a name is not part of a union of names: else any two would agree in their union
takes(sbuf)
