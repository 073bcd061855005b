/**
 * Small kernels made up at random: block and tile sizes, the order of the loops, dtypes, how X is laid out, where sums
 * are kept, and what is done to the result. Each computes Y = steps(X·W).
 */
import fc from 'fast-check'
import { kernel, type Program, type Span, type View } from '../src/nki/index.ts'

/** What may follow the product; each is at most 1-Lipschitz or a power of two, so that it does not enlarge errors. */
export const STEPS = {
  relu: (x: number) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  half: (x: number) => x / 2,
  negative: (x: number) => -x,
} as const
type Step = keyof typeof STEPS

export interface Recipe {
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
export const recipe: fc.Arbitrary<Recipe> = fc.record({
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

export function build(r: Recipe): Program {
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
