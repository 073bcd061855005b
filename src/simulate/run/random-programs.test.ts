/**
 * Small kernels made up at random: block and tile sizes, the order of the loops, dtypes, how X is laid out, where sums
 * are kept, and what is done to the result. Whatever is accepted must compute X·W, as float64 does.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bind, kernel, type Program, type Span, type View } from '../../nki/index.ts'
import { type Dtype, type RandomOptions, randomTensor, Tensor, tolerance } from '../../tensor/index.ts'
import { float64, matrixOf } from './algebra.ts'
import { count } from './count.ts'
import { run } from './run.ts'

/** What may follow the product; each is at most 1-Lipschitz or a power of two, so that it does not enlarge errors. */
const STEPS = {
  relu: (x: number) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  half: (x: number) => x / 2,
  negative: (x: number) => -x,
} as const
type Step = keyof typeof STEPS

interface Recipe {
  readonly order: readonly ('M' | 'N' | 'K')[]
  readonly mBlock: number
  readonly nBlock: number
  readonly kBlock: number
  readonly mTile: number
  readonly nTile: number
  readonly kTile: number
  readonly natural: boolean
  readonly wholeContractionInPsum: boolean
  readonly steps: readonly Step[]
}

const block = fc.constantFrom(128, 256, 384, 512)
const recipe: fc.Arbitrary<Recipe> = fc.record({
  order: fc.constantFrom(
    ...(['MNK', 'MKN', 'NMK', 'NKM', 'KMN', 'KNM'] as const).map((o) => [...o] as ('M' | 'N' | 'K')[]),
  ),
  mBlock: block,
  nBlock: block,
  kBlock: block,
  mTile: fc.constantFrom(32, 64, 128),
  nTile: fc.constantFrom(4, 32, 128, 256, 512),
  kTile: fc.constantFrom(32, 64, 128),
  natural: fc.boolean(),
  wholeContractionInPsum: fc.boolean(),
  steps: fc.array(fc.constantFrom(...(Object.keys(STEPS) as Step[])), { maxLength: 3 }),
})

function build(r: Recipe): Program {
  const made = kernel({
    name: 'made_up',
    summary: 'Y = steps(X·W).',
    inputs: {
      // typed as if it were transposed, which it is in every other kernel
      x: (r.natural ? ['M', 'K'] : ['K', 'M']) as readonly ['K', 'M'],
      w: ['K', 'N'],
    },
    output: ['M', 'N'],
    schedule: {
      mBlock: r.mBlock,
      nBlock: r.nBlock,
      kBlock: r.kBlock,
      mTile: r.mTile,
      nTile: r.nTile,
      kTile: r.kTile,
    },
    reference: (algebra, { x, w }) => algebra.matmul(r.natural ? x : algebra.transpose(x), w),
    macs: ({ M, K, N }) => M * K * N,
    trace({ nl, nisa }, { x, w, y }, dims, s) {
      const now: { M: Span<'M'>; N: Span<'N'>; K: Span<'K'> } = { M: dims.M, N: dims.N, K: dims.K }
      let sum: View<'sbuf', 'M', 'N'> | null = null

      const loadX = (): View<'sbuf', 'K', 'M'> => {
        const tile = nl.sbuf('x_block', [now.K.tiles(128), now.M], x.dtype, { buffers: 2 })
        for (const k of nl.affineRange(now.K.tiles(128))) {
          if (!r.natural) nisa.dmaCopy({ dst: tile.at(k), src: x.at(k, now.M) })
          else
            for (const m of nl.affineRange(now.M.tiles(128)))
              nisa.dmaTranspose({ dst: tile.at(k, m), src: (x as unknown as View<'hbm', 'M', 'K'>).at(m, k) })
        }
        return tile
      }
      const loadW = (): View<'sbuf', 'K', 'N'> => {
        const tile = nl.sbuf('w_block', [now.K.tiles(128), now.N], w.dtype)
        for (const k of nl.affineRange(now.K.tiles(s.kTile)))
          nisa.dmaCopy({ dst: tile.at(k), src: w.at(k, now.N) })
        return tile
      }
      const multiply = (): void => {
        const stationary = loadX()
        const moving = loadW()
        for (const n of nl.affineRange(now.N.tiles(s.nTile)))
          for (const m of nl.affineRange(now.M.tiles(s.mTile))) {
            const into = sum!.at(m, n)
            const whole = nl.psum('acc', [m, n])
            for (const k of nl.sequentialRange(now.K.tiles(s.kTile))) {
              const acc = r.wholeContractionInPsum ? whole : nl.psum('part', [m, n])
              nisa.ncMatmul({ dst: acc, stationary: stationary.at(k, m), moving: moving.at(k, n) })
              if (!r.wholeContractionInPsum)
                nisa.tensorTensor({ dst: into, data1: into, data2: acc, op: 'add' })
            }
            if (r.wholeContractionInPsum)
              nisa.tensorTensor({ dst: into, data1: into, data2: whole, op: 'add' })
          }
      }
      const finish = (): void => {
        for (const m of nl.affineRange(now.M.tiles(128))) {
          const out = nl.sbuf('out', [m, now.N], y.dtype)
          nisa.tensorCopy({ dst: out, src: sum!.at(m) })
          for (const step of r.steps) {
            if (step === 'half' || step === 'negative')
              nisa.tensorScalar({
                dst: out,
                data: out,
                op0: 'multiply',
                operand0: step === 'half' ? 0.5 : -1,
              })
            else nisa.activation({ dst: out, data: out, op: step })
          }
          nisa.dmaCopy({ dst: y.at(m, now.N), src: out })
        }
      }
      const nest = (depth: number): void => {
        const axis = r.order[depth]
        const inner = <D extends 'M' | 'N' | 'K'>(dim: D, span: (typeof now)[D]): void => {
          const outer = now[dim]
          now[dim] = span
          nest(depth + 1)
          now[dim] = outer
        }
        if (axis === undefined) multiply()
        else if (axis === 'M') for (const m of nl.affineRange(now.M.blocks(s.mBlock))) inner('M', m)
        else if (axis === 'N') for (const n of nl.affineRange(now.N.blocks(s.nBlock))) inner('N', n)
        else {
          sum = nl.zeros('sum', [now.M.tiles(128), now.N], 'float32')
          for (const k of nl.sequentialRange(now.K.blocks(s.kBlock))) inner('K', k)
          finish()
        }
      }
      nest(0)
    },
  })
  return made.trace()
}

const dim = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(1, 31, 32, 33, 127, 128, 129, 256, 257),
)

/** Signs alternate along one axis only: each sum of the product has terms of one sign, so its relative error has a bound. */
function oneSigned(shape: [number, number], dtype: Dtype, options: RandomOptions, axis: 0 | 1): Tensor {
  const values = randomTensor(shape, dtype, options)
    .toFloat32()
    .map((value, at) => {
      const along = axis === 0 ? Math.floor(at / shape[1]) : at % shape[1]
      return along % 2 === 0 ? Math.abs(value) : -Math.abs(value)
    })
  return Tensor.from(values, shape, dtype)
}

test('random kernels compute the product, and issue exactly its MACs', () => {
  fc.assert(
    fc.property(
      recipe,
      fc.record({ M: dim, K: dim, N: dim }),
      fc.constantFrom<Dtype>('float32', 'bfloat16', 'float16'),
      fc.integer({ min: 0, max: 1000 }),
      (r, dims, dtype, seed) => {
        const { M, K, N } = dims
        const program = build(r)
        const x = oneSigned(r.natural ? [M, K] : [K, M], dtype, { seed }, r.natural ? 0 : 1)
        const w = oneSigned([K, N], dtype, { seed: seed + 1, scale: 1 / Math.sqrt(K) }, 1)
        const lhs = r.natural ? matrixOf(x) : float64.transpose(matrixOf(x))
        const product = float64.matmul(lhs, matrixOf(w)).data
        const expected = product.map((value) => r.steps.reduce((sum, step) => STEPS[step](sum), value))
        const allowed = tolerance(dtype, K, 2 + r.steps.length)
        const size = (values: Float64Array): number =>
          Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
        for (const precision of ['hardware', 'float32'] as const) {
          const actual = run(program, { x, w }, { precision }).toFloat32()
          const error = size(expected.map((value, i) => value - actual[i]!))
          const within = precision === 'hardware' ? allowed : tolerance('float32', K, 2 + r.steps.length)
          // what relu takes away was rounded too: errors are relative to the larger of product and result
          expect(error).toBeLessThanOrEqual(within * Math.max(size(product), size(expected)))
        }
        expect(count(program, bind(program, dims, dtype)).macs).toBe(M * K * N)
      },
    ),
    { numRuns: 60 },
  )
})
