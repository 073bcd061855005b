/** Kernels without a matmul: NKIBench's silu, rope and adamw (Trn1), and additions of vectors (Trn2). */
import { kernel, type View } from '../../src/nki/index.ts'
import { timedOnly } from './moves.ts'

/** NKIBench `silu` as it was given: x / (1 + e⁻ˣ), one instruction per operator; and its best form, one activation. */
export const silu = kernel({
  name: 'silu',
  summary: 'silu(x): load rows of 4 KiB, compute, store; by its formula or in one activation.',
  inputs: { x: ['M', 'N'] },
  output: ['M', 'N'],
  schedule: {},
  choices: { form: ['formula', 'activation'] },
  reference: timedOnly,
  macs: () => 0,
  trace({ nl, nisa }, { x, y }, { M, N }, { form }) {
    for (const m of nl.affineRange(M.tiles(128)))
      for (const n of nl.affineRange(N.blocks(1024))) {
        const xTile = nl.sbuf('x_tile', [m, n], x.dtype)
        const out = nl.sbuf('out', [m, n], y.dtype)
        nisa.dmaCopy({ dst: xTile, src: x.at(m, n) })
        if (form === 'activation') nisa.activation({ dst: out, data: xTile, op: 'silu' })
        else
          for (const f of nl.affineRange(n.tiles(512))) {
            const temporary = (name: string) => nl.sbuf(name, [m, f], 'float32')
            const [exp, sum, inverse] = [temporary('exp'), temporary('sum'), temporary('inverse')]
            nisa.activation({ dst: exp, data: xTile.at(m, f), op: 'exp', scale: -1 })
            nisa.tensorScalar({ dst: sum, data: exp, op0: 'add', operand0: 1, engine: 'scalar' })
            nisa.reciprocal({ dst: inverse, data: sum })
            nisa.tensorTensor({ dst: out.at(m, f), data1: xTile.at(m, f), data2: inverse, op: 'multiply' })
          }
        nisa.dmaCopy({ dst: y.at(m, n), src: out })
      }
  },
})

/** NKIBench `rope`: the two halves of the head are two tensors here, each on 64 partitions. */
export const rope = kernel({
  name: 'rope',
  summary: 'Rotary embedding: (e, o) → (e·cos − o·sin, o·cos + e·sin), in tiles of 512 columns.',
  inputs: { e: ['D', 'S'], o: ['D', 'S'], cos: ['D', 'S'], sin: ['D', 'S'] },
  output: ['D', 'S'],
  limits: { D: 64 },
  schedule: {},
  reference: timedOnly,
  macs: () => 0,
  trace({ nl, nisa }, { e, o, cos, sin, y }, { D, S }) {
    for (const s of nl.sequentialRange(S.tiles(512))) {
      const tile = (name: string) => nl.sbuf(name, [D, s], 'float32')
      const read = (src: View<'hbm', 'D', 'S'>): View<'sbuf', 'D', 'S'> => {
        const loaded = tile(src.name)
        nisa.dmaCopy({ dst: loaded, src: src.at(D, s) })
        return loaded
      }
      const times = (name: string, a: View<'sbuf', 'D', 'S'>, b: View<'sbuf', 'D', 'S'>) => {
        const result = tile(name)
        nisa.tensorTensor({ dst: result, data1: a, data2: b, op: 'multiply' })
        return result
      }
      const [even, odd, c, sn] = [read(e), read(o), read(cos), read(sin)]
      const copied = tile('odd_copy')
      nisa.activation({ dst: copied, data: odd, op: 'copy' })
      const [ec, oc] = [times('e_cos', even, c), times('o_cos', copied, c)]
      const [es, os] = [times('e_sin', even, sn), times('o_sin', copied, sn)]
      for (const [name, a, b, op] of [
        ['upper', ec, os, 'subtract'],
        ['lower', oc, es, 'add'],
      ] as const) {
        const out = tile(name)
        nisa.tensorTensor({ dst: out, data1: a, data2: b, op })
        nisa.dmaCopy({ dst: y.at(D, s), src: out })
      }
    }
  },
})

/** NKIBench `adamw`, one instruction per operator, in the order of its source; operators with a number on Scalar. */
export const adamw = kernel({
  name: 'adamw',
  summary: 'One AdamW step of a [M, N] parameter: four loads, fifteen elementwise instructions, a store.',
  inputs: { theta: ['M', 'N'], g: ['M', 'N'], m1: ['M', 'N'], v1: ['M', 'N'] },
  output: ['M', 'N'],
  schedule: {},
  reference: timedOnly,
  macs: () => 0,
  trace({ nl, nisa }, { theta, g, m1, v1, y }, { M, N }) {
    for (const m of nl.affineRange(M.tiles(128)))
      for (const n of nl.affineRange(N.blocks(1024))) {
        const read = (src: View<'hbm', 'M', 'N'>): View<'sbuf', 'M', 'N'> => {
          const block = nl.sbuf(src.name, [m, n], 'float32')
          nisa.dmaCopy({ dst: block, src: src.at(m, n) })
          return block
        }
        const [t, first, second, grad] = [read(theta), read(m1), read(v1), read(g)]
        const out = nl.sbuf('out', [m, n], 'float32')
        for (const f of nl.affineRange(n.tiles(512))) {
          type Tile = View<'sbuf', 'M', 'N'>
          let made = 0
          const next = (): Tile => nl.sbuf(`t${made++}`, [m, f], 'float32')
          const scale = (data: Tile, by: number): Tile => {
            const dst = next()
            nisa.tensorScalar({ dst, data, op0: 'multiply', operand0: by, engine: 'scalar' })
            return dst
          }
          const pair = (
            data1: Tile,
            data2: Tile,
            op: 'add' | 'subtract' | 'multiply',
            dst = next(),
          ): Tile => {
            nisa.tensorTensor({ dst, data1, data2, op })
            return dst
          }
          const at = (block: Tile): Tile => block.at(m, f)
          const decayed = pair(at(t), scale(at(t), 1e-5), 'subtract')
          const momentum = pair(scale(at(first), 0.9), scale(at(grad), 0.1), 'add')
          const step = scale(momentum, 0.01)
          const squared = pair(scale(at(grad), 0.001), at(grad), 'multiply')
          const variance = pair(scale(at(second), 0.999), squared, 'add')
          const root = next()
          nisa.activation({ dst: root, data: variance, op: 'rsqrt', scale: 1000 })
          const shifted = next()
          nisa.tensorScalar({ dst: shifted, data: root, op0: 'add', operand0: 1e-8, engine: 'scalar' })
          const inverse = next()
          nisa.reciprocal({ dst: inverse, data: shifted })
          pair(decayed, pair(step, inverse, 'multiply'), 'subtract', out.at(m, f))
        }
        nisa.dmaCopy({ dst: y.at(m, n), src: out })
      }
  },
})

/** y = a + b, a tile of 128 rows and so many columns at a time. */
export const vectorAdd = kernel({
  name: 'vector_add',
  summary: 'y = a + b in tiles of 128 rows.',
  inputs: { a: ['M', 'N'], b: ['M', 'N'] },
  output: ['M', 'N'],
  schedule: { width: 1 },
  reference: timedOnly,
  macs: () => 0,
  trace({ nl, nisa }, { a, b, y }, { M, N }, s) {
    for (const m of nl.affineRange(M.tiles(128)))
      for (const n of nl.affineRange(N.tiles(s.width))) {
        const [x, z] = [nl.sbuf('a_tile', [m, n], a.dtype), nl.sbuf('b_tile', [m, n], b.dtype)]
        const sum = nl.sbuf('sum', [m, n], y.dtype)
        nisa.dmaCopy({ dst: x, src: a.at(m, n) })
        nisa.dmaCopy({ dst: z, src: b.at(m, n) })
        nisa.tensorTensor({ dst: sum, data1: x, data2: z, op: 'add' })
        nisa.dmaCopy({ dst: y.at(m, n), src: sum })
      }
  },
})

/** Reads x a tile of 128 rows at a time, and does nothing with it. */
export const reading = kernel({
  name: 'reading',
  summary: 'Loads x in tiles of 128 rows; y is zero.',
  inputs: { x: ['M', 'N'], shape: ['P', 'N'] },
  output: ['P', 'N'],
  schedule: {},
  reference: timedOnly,
  macs: () => 0,
  trace({ nl, nisa }, { x, y }, { M, N, P }) {
    for (const m of nl.affineRange(M.tiles(128))) {
      const tile = nl.sbuf('tile', [m, N], x.dtype)
      nisa.dmaCopy({ dst: tile, src: x.at(m, N) })
    }
    for (const p of nl.affineRange(P.tiles(128)))
      nisa.dmaCopy({ dst: y.at(p, N), src: nl.zeros('zero', [p, N], y.dtype) })
  },
})
