import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LayerDtype } from '../types.ts'
import { buildModule } from './kernels/module.ts'
import { PHASES, type PhaseKind } from './kernels/phase.ts'
import { PANEL } from './kernels/tile.ts'
import { type LayerProgram, type Pair, type PlanOptions, plan, tileRowsOf } from './plan.ts'
import type { PackedMatrix } from './weights.ts'

const memory = { initial: 1, maximum: 1, shared: false }
const machines = [true, false].map((relaxed) => buildModule({ relaxed, memory, jobAddress: 1024 }))

interface Phase {
  readonly kind: PhaseKind
  readonly variant: string
  readonly begin: number
  readonly end: number
  readonly after: number
  readonly args: Readonly<Record<string, number>>
}

/** The words of a job by name. */
function phasesOf({ kernels }: Pick<PlanOptions, 'kernels'>, words: readonly (readonly number[])[]): Phase[] {
  const named = Object.entries(kernels.slots).flatMap(([kind, variants]) =>
    Object.entries(variants).map(([variant, slot]) => ({ kind: kind as PhaseKind, variant, slot })),
  )
  return words.map(([slot, begin, end, after, ...rest]) => {
    const { kind, variant } = named.find((entry) => entry.slot === slot)!
    const args = Object.fromEntries(PHASES[kind].map((name, i) => [name, rest[i]!]))
    return { kind, variant, begin: begin!, end: end!, after: after!, args }
  })
}

let address = 2 ** 30
const matrix = (contraction: number, columns: number, dtype: LayerDtype = 'float32'): PackedMatrix => {
  const panels = Math.ceil(columns / PANEL)
  address += 2 ** 20
  const bytes = contraction * panels * PANEL * (dtype === 'bfloat16' ? 2 : 4)
  return { address, dtype, contraction, columns, kBlock: 4 * Math.ceil(contraction / 8), panels, bytes }
}
const chain = (K: number, r: number, N: number, dtype: LayerDtype = 'float32'): LayerProgram => ({
  kind: 'chain',
  matrices: [matrix(K, r, dtype), matrix(r, N, dtype)],
  bias: undefined,
  activation: 'none',
})
const pair = (K: number, r: number, N: number): Pair => ({ first: matrix(K, r), second: matrix(r, N) })

const options = fc.record({
  kernels: fc.constantFrom(...machines),
  io: fc.constantFrom('float32' as const, 'bfloat16' as const),
  rows: fc.integer({ min: 1, max: 200 }),
  threads: fc.integer({ min: 1, max: 9 }),
  scratch: fc.constant(4096),
  program: fc
    .tuple(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 900 }),
    )
    .chain(([K, r, N]) =>
      fc.constantFrom<LayerProgram>(chain(K, r, N), chain(K, r, N, 'bfloat16'), {
        kind: 'mlp',
        gate: pair(K, r, N),
        up: pair(K, r + 1, N),
        down: pair(N, r, K),
        activation: 'silu',
      }),
    ),
})

test('tiles are as few as full ones would be, and no taller than the tallest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 8 }), (rows, most) => {
      const height = tileRowsOf(rows, most)
      expect(height).toBeLessThanOrEqual(most)
      expect(Math.ceil(rows / height)).toBe(Math.ceil(rows / most))
    }),
  )
  expect([8, 7, 13, 6, 1].map((rows) => tileRowsOf(rows, 6))).toEqual([4, 4, 5, 6, 1])
})

test('tasks are numbered without gaps, and a phase waits for tasks before it only', () => {
  fc.assert(
    fc.property(options, (o) => {
      const job = plan(o)
      let next = 0
      for (const { begin, end, after } of phasesOf(o, job.phases)) {
        expect(begin).toBe(next)
        expect(end).toBeGreaterThan(begin)
        expect(after).toBeLessThanOrEqual(begin)
        next = end
      }
      expect(job.total).toBe(next)
    }),
  )
})

test('the tasks of a product cover every panel and every row once', () => {
  fc.assert(
    fc.property(options, (o) => {
      for (const { kind, begin, end, args } of phasesOf(o, plan(o).phases)) {
        if (kind !== 'product') continue
        const { panels, panelsPerTask, panelTasks, tiles, tilesPerTask, tileRows, tailRows } = args as Record<
          (typeof PHASES.product)[number],
          number
        >
        const seen = new Uint8Array(panels * o.rows)
        for (let index = 0; index < end - begin; index++) {
          const panel0 = (index % panelTasks) * panelsPerTask
          const row0 = Math.floor(index / panelTasks) * tilesPerTask * tileRows
          const reachesEnd = row0 + tilesPerTask * tileRows >= tiles * tileRows
          const row1 = reachesEnd ? tiles * tileRows + tailRows : row0 + tilesPerTask * tileRows
          for (let panel = panel0; panel < Math.min(panels, panel0 + panelsPerTask); panel++)
            for (let row = row0; row < row1; row++) seen[panel * o.rows + row]!++
        }
        expect(seen.every((times) => times === 1)).toBe(true)
      }
    }),
  )
})

test('what is staged, kept between products and given back lies apart, inside the scratch memory', () => {
  fc.assert(
    fc.property(options, (o) => {
      const job = plan(o)
      const bytes = o.io === 'bfloat16' ? 2 : 4
      const pieces = new Map([[job.x.at, o.rows * job.x.pitch * bytes]])
      for (const { kind, args } of phasesOf(o, job.phases)) {
        if (kind === 'packRows') pieces.set(args.strip!, o.rows * (args.tileBytes! / args.tileRows!))
        if (kind === 'product') pieces.set(args.c!, o.rows * (args.cTileBytes! / args.tileRows!))
        if (kind === 'roundRows') pieces.set(args.out!, o.rows * args.outRowBytes!)
      }
      expect(pieces.has(job.y.at)).toBe(true)
      let end = o.scratch
      for (const [at, size] of [...pieces].sort(([a], [b]) => a - b)) {
        expect(at % 64).toBe(0)
        expect(at).toBeGreaterThanOrEqual(end)
        end = at + size
      }
      expect(job.end).toBeGreaterThanOrEqual(end)
    }),
  )
})

const kinds = (o: PlanOptions) => phasesOf(o, plan(o).phases).map(({ kind, variant }) => `${kind} ${variant}`)
const one = { io: 'float32', rows: 1, threads: 2, kernels: machines[0]!, scratch: 4096 } as const

test('one float32 row is multiplied where it stands; others are packed, and rounded where weights are', () => {
  const product = 'product float32'
  expect(kinds({ ...one, program: chain(40, 8, 50) })).toEqual([product, product])
  expect(kinds({ ...one, rows: 2, program: chain(40, 8, 50) })[0]).toBe('packRows float32')
  expect(kinds({ ...one, program: chain(40, 8, 50, 'bfloat16') })[0]).toBe('packRows rounded')
  expect(kinds({ ...one, io: 'bfloat16', program: chain(40, 8, 50) })).toEqual([
    'packRows bfloat16',
    product,
    product,
    'roundRows bfloat16',
  ])
})

test('bfloat16 panels are widened for many row tiles only, and only without a fused multiply-add', () => {
  const program = chain(40, 8, 50, 'bfloat16')
  const used = (kernels: PlanOptions['kernels'], rows: number) => kinds({ ...one, kernels, rows, program })[1]
  expect(used(machines[0]!, 150)).toBe('product bfloat16')
  expect(used(machines[1]!, 150)).toBe('product widened')
  expect(used(machines[1]!, 8)).toBe('product bfloat16')
})

test('gate and up of an MLP do not wait for each other, and down waits for both', () => {
  const program: LayerProgram = {
    kind: 'mlp',
    gate: pair(40, 8, 90),
    up: pair(40, 8, 90),
    down: pair(90, 8, 40),
    activation: 'silu',
  }
  const o = { ...one, program }
  const phases = phasesOf(o, plan(o).phases)
  expect(phases.map(({ kind }) => kind)).toEqual([
    ...['product', 'product', 'product', 'product'],
    'combine',
    ...['product', 'product'],
  ])
  expect(phases[1]!.after).toBe(phases[0]!.after)
  expect(phases[3]!.after).toBe(phases[2]!.after)
  for (const i of [2, 4, 5, 6]) expect(phases[i]!.after).toBe(phases[i]!.begin)
})
