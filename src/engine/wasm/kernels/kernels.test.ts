import fc from 'fast-check'
import { expect, test } from 'vitest'
import { disassemble } from '../../../../test/disassemble.ts'
import { compare, decodeInto, encodeInto, randomTensor, tolerance } from '../../../tensor/index.ts'
import { ModuleBuilder } from '../../../wasm/index.ts'
import { activations } from '../../activation.ts'
import type { LayerDtype } from '../../types.ts'
import { buildModule, type KernelModule } from './module.ts'
import { JOB_HEADER_BYTES, PHASE_BYTES, type PhaseArguments, type PhaseKind, phaseWords } from './phase.ts'
import { addTile, PANEL, PLACES } from './tile.ts'

const PAGES = 64
const JOB_ADDRESS = 1024
const SCRATCH = 8192
const limits = { initial: PAGES, maximum: PAGES, shared: false }

/** One kernel module on its own memory, single-threaded: the executor runs here as it does on every thread. */
class Bench {
  readonly kernels: KernelModule
  readonly #buffer: ArrayBuffer
  readonly #join: (scratch: number, maySleep: number) => void
  #top = 65536
  #phases: { kind: PhaseKind; variant: string; tasks: number; args: Record<string, number> }[] = []

  constructor(relaxed: boolean) {
    this.kernels = buildModule({ relaxed, memory: limits, jobAddress: JOB_ADDRESS })
    const memory = new WebAssembly.Memory(limits)
    const module = new WebAssembly.Module(this.kernels.bytes)
    const env = { memory, finished() {} }
    this.#join = new WebAssembly.Instance(module, { env }).exports.join as never
    this.#buffer = memory.buffer
  }

  /** Fresh floats, filled with NaN: what nobody wrote shows. */
  floats(length: number): { at: number; values: Float32Array } {
    const values = new Float32Array(this.#buffer, this.#top, length + 8).fill(Number.NaN)
    const at = this.#top
    this.#top += Math.ceil((length + 8) / 4) * 16
    return { at, values: values.subarray(0, length) }
  }

  phase<K extends PhaseKind>(kind: K, variant: string, tasks: number, args: PhaseArguments<K>): void {
    this.#phases.push({ kind, variant, tasks, args })
  }

  run(): void {
    const header = new Int32Array(this.#buffer, JOB_ADDRESS, JOB_HEADER_BYTES / 4)
    let total = 0
    this.#phases.forEach(({ kind, variant, tasks, args }, i) => {
      const slot = this.kernels.slots[kind][variant]!
      const common = { slot, begin: total, end: total + tasks, after: total }
      total += tasks
      const at = JOB_ADDRESS + JOB_HEADER_BYTES + i * PHASE_BYTES
      new Int32Array(this.#buffer, at, PHASE_BYTES / 4).set(phaseWords(kind, common, args as never))
    })
    header.set([0, 0, total, 0])
    this.#join(SCRATCH, 0)
  }
}

const hasRelaxed = WebAssembly.validate(buildModule({ relaxed: true, memory: limits, jobAddress: 0 }).bytes)
const up = (n: number, to: number): number => Math.ceil(n / to) * to

/** B [k, n] as blocks of the contraction, in each the panels, in each [rows][PANEL] with columns where they belong. */
function packed(b: Float32Array, k: number, n: number, kBlock: number, dtype: LayerDtype): Float32Array {
  const out = new Float32Array(k * up(n, PANEL))
  for (let row = 0; row < k; row++)
    for (let column = 0; column < n; column++) {
      const k0 = row - (row % kBlock)
      const panelAt = k0 * up(n, PANEL) + Math.floor(column / PANEL) * Math.min(kBlock, k - k0) * PANEL
      out[panelAt + (row - k0) * PANEL + PLACES[dtype][column % PANEL]!] = b[row * n + column]!
    }
  return out
}

function matmul(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < k; j++) for (let l = 0; l < n; l++) out[i * n + l]! += a[i * k + j]! * b[j * n + l]!
  return out
}

interface Chain {
  readonly relaxed: boolean
  readonly weights: 'float32' | 'bfloat16' | 'widened'
  readonly tileRows: number
  readonly m: number
  readonly k: number
  readonly r: number
  readonly n: number
  readonly kBlock: number
  readonly panelsPerTask: number
  readonly tilesPerTask: number
}

/** X·U into a strip, then times V into rows, by the kernels; and the same in float64. */
function chain({ relaxed, weights, m, k, r, n, kBlock, panelsPerTask, tilesPerTask, ...rest }: Chain) {
  const bench = new Bench(relaxed)
  const tileRows = Math.min(rest.tileRows, bench.kernels.maxTileRows)
  const dtype = weights === 'float32' ? weights : 'bfloat16'
  // Each row of X and column of V has one sign, and U is positive: no sum cancels, so that a relative error has a bound.
  const values = (rows: number, columns: number, seed: number, sign: (i: number, j: number) => number) =>
    randomTensor([rows, columns], dtype, { seed })
      .toFloat32()
      .map((value, at) => Math.abs(value) * sign(Math.floor(at / columns), at % columns))
  const alternating = (i: number): number => (i % 2 === 0 ? 1 : -1)
  const x = values(m, k, 1, alternating)
  const u = values(k, r, 2, () => 1)
  const v = values(r, n, 3, (_, j) => alternating(j))
  const place = (b: Float32Array, rows: number, columns: number): number => {
    const panels = packed(b, rows, columns, kBlock, dtype)
    const { at, values: target } = bench.floats(panels.length)
    if (dtype === 'float32') target.set(panels)
    else encodeInto(panels, 'bfloat16', new Uint16Array(target.buffer, at, panels.length))
    return at
  }
  const staged = bench.floats(m * up(k, 4))
  for (let i = 0; i < m; i++) staged.values.set(x.subarray(i * k, (i + 1) * k), i * up(k, 4))
  const tiles = Math.floor(m / tileRows)
  const tailRows = m % tileRows
  const strip = (columns: number) => {
    const tileBytes = 4 * tileRows * up(columns, PANEL)
    return { tileBytes, at: bench.floats(((tiles + 1) * tileBytes) / 4).at }
  }
  const [xStrip, xu] = [strip(k), strip(r)]
  const y = bench.floats(m * up(n, PANEL))
  const allTiles = tiles + Math.sign(tailRows)
  bench.phase('packRows', 'float32', allTiles, {
    x: staged.at,
    strip: xStrip.at,
    k,
    xRowBytes: 4 * up(k, 4),
    tileBytes: xStrip.tileBytes,
    tileRows,
    rows: m,
  })
  const common = (columns: number) => {
    const panelTasks = Math.ceil(up(columns, PANEL) / PANEL / panelsPerTask)
    const rowTasks = Math.max(1, Math.ceil(tiles / tilesPerTask))
    const args = {
      kBlock,
      panels: up(columns, PANEL) / PANEL,
      panelsPerTask,
      panelTasks,
      tiles,
      tilesPerTask,
      tileRows,
      tailRows,
    }
    return { tasks: panelTasks * rowTasks, args }
  }
  const first = common(r)
  bench.phase('product', weights, first.tasks, {
    ...first.args,
    a: xStrip.at,
    b: place(u, k, r),
    c: xu.at,
    k,
    aTileBytes: xStrip.tileBytes,
    cTileBytes: xu.tileBytes,
    rowBytes: 16,
    vectorBytes: 16 * tileRows,
    tailVectorBytes: 16 * tailRows,
  })
  const second = common(n)
  const rowBytes = 4 * up(n, PANEL)
  bench.phase('product', weights, second.tasks, {
    ...second.args,
    a: xu.at,
    b: place(v, r, n),
    c: y.at,
    k: r,
    aTileBytes: xu.tileBytes,
    cTileBytes: rowBytes * tileRows,
    rowBytes,
    vectorBytes: 16,
    tailVectorBytes: 16,
  })
  bench.run()
  const actual = new Float32Array(m * n)
  for (let i = 0; i < m; i++) actual.set(y.values.subarray(i * up(n, PANEL), i * up(n, PANEL) + n), i * n)
  const expected = matmul(Float32Array.from(matmul(x, u, m, k, r)), v, m, r, n)
  return { actual, expected }
}

test.each([false, ...(hasRelaxed ? [true] : [])])(
  'a chain of products agrees with float64, relaxed %s',
  (relaxed) => {
    fc.assert(
      fc.property(
        fc.record({
          relaxed: fc.constant(relaxed),
          weights: fc.constantFrom('float32' as const, 'bfloat16' as const, 'widened' as const),
          tileRows: fc.integer({ min: 1, max: 6 }),
          m: fc.integer({ min: 1, max: 20 }),
          k: fc.integer({ min: 1, max: 40 }),
          r: fc.integer({ min: 1, max: 30 }),
          n: fc.integer({ min: 1, max: 40 }),
          kBlock: fc.constantFrom(4, 8, 20, 512),
          panelsPerTask: fc.integer({ min: 1, max: 4 }),
          tilesPerTask: fc.integer({ min: 1, max: 4 }),
        }),
        (shape) => {
          const { actual, expected } = chain(shape)
          const { relativeError, mismatchedNaN } = compare(actual, expected)
          expect(mismatchedNaN).toBe(0)
          expect(relativeError).toBeLessThanOrEqual(tolerance('float32', shape.k + shape.r))
        },
      ),
      { numRuns: 60 },
    )
  },
)

test.each(['none', 'relu', 'silu', 'gelu'] as const)(
  '%s over the range of float32, in both passes',
  (kind) => {
    const x = Float32Array.from({ length: 4096 }, (_, i) => (i - 2048) / 64)
    x.set([Number.NaN, Number.POSITIVE_INFINITY, 100, -100, 0])
    const bench = new Bench(false)
    const [rows, bias, gate, ones] = [
      bench.floats(4096),
      bench.floats(1024),
      bench.floats(4096),
      bench.floats(4096),
    ]
    rows.values.set(x)
    gate.values.set(x)
    bias.values.fill(0)
    ones.values.fill(1)
    bench.phase('finishRows', kind, 2, {
      y: rows.at,
      bias: bias.at,
      rowBytes: 4096,
      vectors: 256,
      rowsPerTask: 3,
      rows: 4,
    })
    bench.phase('combine', kind, 3, { gate: gate.at, up: ones.at, vectors: 1024, vectorsPerTask: 500 })
    bench.run()
    for (const { values } of [rows, gate])
      for (let i = 0; i < x.length; i++) {
        const expected = activations[kind](x[i]!)
        if (!Number.isFinite(expected)) expect(values[i]).toBe(expected)
        // 2e-7 absolute is erf's own error, times x/2; below that, a few units in the last place.
        else expect(Math.abs(values[i]! - expected)).toBeLessThanOrEqual(2e-7 * (1 + Math.abs(x[i]!)))
      }
  },
)

test('rows are rounded to bfloat16 exactly as the codec rounds them', () => {
  const x = randomTensor([3, 64], 'float32', { seed: 5 }).toFloat32()
  // Ties to both sides, the largest finite value, which rounds to infinity, and what is not finite.
  const bits = new Uint32Array(x.buffer)
  bits.set([0x3f808000, 0x3f818000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0x7fc00000, 0x7f800001, 0x00000001])
  const bench = new Bench(false)
  const [y, out] = [bench.floats(3 * 64), bench.floats(3 * 32)]
  y.values.set(x)
  bench.phase('roundRows', 'bfloat16', 2, {
    y: y.at,
    out: out.at,
    rowBytes: 256,
    vectors: 16,
    outRowBytes: 128,
    rowsPerTask: 2,
    rows: 3,
  })
  bench.run()
  const rounded = new Uint16Array(out.values.buffer, out.at, 3 * 64)
  const expected = new Uint16Array(3 * 64)
  encodeInto(x, 'bfloat16', expected)
  const [a, b] = [new Float32Array(192), new Float32Array(192)]
  decodeInto(rounded, 'bfloat16', a)
  decodeInto(expected, 'bfloat16', b)
  expect(a).toEqual(b)
})

test.each([
  { rows: 1, relaxed: false, weights: 'float32' as const },
  { rows: 2, relaxed: true, weights: 'bfloat16' as const },
])('the tile kernel reads as it was written: %o', async ({ rows, relaxed, weights }) => {
  const module = new ModuleBuilder()
  module.importMemory('env', 'memory', limits)
  module.export(addTile(module, { rows, relaxed, weights }))
  const text = await disassemble(module.toBytes())
  await expect(text).toMatchFileSnapshot(`golden/tile-${rows}x8-${weights}${relaxed ? '-relaxed' : ''}.wat`)
})

test.each([true, false])('the whole module is valid, relaxed %s', async (relaxed) => {
  const options = { relaxed, jobAddress: 64 }
  const { bytes } = buildModule({ ...options, memory: limits })
  expect(await disassemble(bytes)).toContain(`(func $tile_${relaxed ? 6 : 4}x8_bfloat16 `)
  // wabt knows no shared memory in its validator: the engine that runs it does.
  const shared = buildModule({ ...options, memory: { ...limits, shared: true } })
  expect(WebAssembly.validate(shared.bytes)).toBe(!relaxed || hasRelaxed)
})
