/** What the seed does, and what it does wrong: its traffic to the byte, and each of its defects mended. */
import { describe, expect, test } from 'vitest'
import { bind, type Dims, type Kernel, type ScheduleValues } from '../nki/index.ts'
import { check, count } from '../simulate/index.ts'
import { choose, FAMILIES, findFamily } from './index.ts'

const BF16 = 2
const counted = (name: string, schedule: string, dims: Dims) => {
  const kernel = findFamily(name).general
  return count(kernel.trace(kernel.schedules[schedule]), bind(kernel.trace(), dims, 'bfloat16'))
}
const ceil = Math.ceil
const WORKLOAD = { K: 8192, r: 4096, N: 16384 }

/** Elements read, from the loops of the seed's kernels; all write M·N. */
type Loops = (d: { M: number; K: number; r: number; N: number }) => number
const fused =
  (rows: number): Loops =>
  ({ M, K, r, N }) =>
    M * K + ceil(M / rows) * r * (K + N)
const tiled: Loops = ({ M, K, N }) => K * M * ceil(N / 512) + K * N * ceil(M / 128)
const READS: [kernel: string, schedule: string, loops: Loops][] = [
  ['matmul_tiled', 'seed', tiled],
  ['matmul_tiled_natural_lhs', 'seed', tiled],
  ['matmul_fully_optimized', 'seed', ({ M, K, N }) => K * N + K * M * ceil(N / 1024)],
  ['matmul_fixed_loop_order', 'seed', ({ M, K, N }) => K * N * ceil(M / 2048) + K * M * ceil(N / 1024)],
  ['fused_xuv', 'seed', fused(1024)],
  ['fused_xuv', 'seed-decode', fused(256)],
  ['fused_xuv', 'seed-llama-1b', fused(512)],
  ['fused_xtuv', 'seed', fused(1024)],
  ['fused_xuv_transposed', 'seed', fused(1024)],
  ['fused_xtuv_transposed', 'seed', fused(1024)],
  ['fused_mlp_up_transposed', 'seed', ({ M, K, r, N }) => M * K + 2 * ceil(M / 1024) * r * (K + N)],
]

describe('as-written traffic is the seed’s, to the byte', () => {
  test.each(READS)('%s, schedule %s', (name, schedule, loops) => {
    for (const M of [1024, 4096, 2500, 100]) {
      const all = { M, ...WORKLOAD }
      const dims = Object.fromEntries(findFamily(name).general.dims.map((dim) => [dim, all[dim as 'M']]))
      const { hbmReadBytes, hbmWriteBytes } = counted(name, schedule, dims)
      expect(hbmReadBytes, `read at M=${M}`).toBe(BF16 * loops(all))
      expect(hbmWriteBytes, `written at M=${M}`).toBe(BF16 * M * all.N)
    }
  })

  test('the published workload: MiB read and written', () => {
    const MIB = 2 ** 20
    const table = [1024, 4096, 16384, 32768].map((M) =>
      (['matmul_fully_optimized', 'sequential_xtuv', 'fused_xuv'] as const).map((name) => {
        const { r, ...dense } = { M, ...WORKLOAD }
        const { hbmReadBytes, hbmWriteBytes } = counted(
          name,
          'seed',
          name === 'matmul_fully_optimized' ? dense : { ...dense, r },
        )
        return [hbmReadBytes / MIB, hbmWriteBytes / MIB]
      }),
    )
    expect(table).toEqual([
      [
        [512, 32],
        [336, 40],
        [208, 32],
      ],
      [
        [1280, 128],
        [960, 160],
        [832, 128],
      ],
      [
        [4352, 512],
        [3456, 640],
        [3328, 512],
      ],
      [
        [8448, 1024],
        [6784, 1280],
        [6656, 1024],
      ],
    ])
  })

  test('786,432 matmuls at M = 32768', () => {
    expect(counted('fused_xuv', 'seed', { M: 32768, ...WORKLOAD }).ncMatmuls).toBe(786_432)
  })
})

describe('defects of the seed', () => {
  const right = (name: string, dims: Dims, schedule: ScheduleValues = {}) => {
    const result = check(findFamily(name).general, dims, 'bfloat16', { seed: 5, schedule })
    expect(result.relativeError).toBeLessThanOrEqual(result.tolerance)
  }
  const seedOf = (name: string, schedule = 'seed') => findFamily(name).general.schedules[schedule]!

  // poison in uninitialised memory makes the run itself refuse what these two did
  test('1: the transposed form accumulated into a buffer that was never zeroed', () => {
    right('fused_xuv_transposed', { M: 140, K: 260, r: 130, N: 200 }, seedOf('fused_xuv_transposed'))
  })
  test('2: masked loads went into tiles that were not zeroed, so that garbage entered the contraction', () => {
    right('matmul_tiled', { M: 130, K: 200, N: 520 }, seedOf('matmul_tiled'))
    right('matmul_tiled_natural_lhs', { M: 130, K: 200, N: 520 }, seedOf('matmul_tiled_natural_lhs'))
  })
  test('3: rows between 512 and 1024 overran a PSUM bank in the transposed forms', () => {
    for (const name of ['fused_xtuv_transposed', 'fused_xuv_transposed'])
      right(name, { M: 700, K: 128, r: 128, N: 128 }, seedOf(name))
  })
  test('4: so did columns between one tile and a block', () => {
    right('fused_xuv', { M: 64, K: 128, r: 128, N: 1024 }, seedOf('fused_xuv', 'seed-llama-1b'))
  })
  test('5: the second pair of factors is checked like the first', () => {
    const program = findFamily('fused_mlp_up_transposed').general.trace()
    const dtypes = {
      x: 'bfloat16',
      gate_u: 'bfloat16',
      gate_v: 'bfloat16',
      up_u: 'float32',
      up_v: 'bfloat16',
    } as const
    expect(() => bind(program, { M: 8, K: 8, r: 8, N: 8 }, dtypes)).toThrow(
      /nc_matmul: float32 × bfloat16: if one operand is float32, both must be/,
    )
  })
  test('6: the whole MLP, which the seed calls but never defines', () => {
    right('fused_mlp', { M: 140, K: 200, r: 70, N: 300 })
  })
  test('8: one row issues the useful multiply-accumulates, padded or not', () => {
    const dims = { M: 1, ...WORKLOAD }
    const { kernel, schedule } = choose(findFamily('fused_xuv'), dims)
    const program = kernel.trace(schedule)
    expect(kernel.name).toBe('fused_xuv_decode')
    for (const reading of ['exact', 'padded'] as const)
      expect(count(program, bind(program, dims, 'bfloat16'), reading).macs).toBe(8192 * 4096 + 4096 * 16384)
  })
  test('9: fewer rows than a strip read U and V once, not once per 128 rows', () => {
    const { tensors } = counted('fused_xtuv', 'seed', { M: 1000, ...WORKLOAD })
    expect(tensors.u!.hbmReadBytes).toBe(BF16 * 8192 * 4096)
    expect(tensors.v!.hbmReadBytes).toBe(BF16 * 4096 * 16384)
  })
  test('10: the error does not grow with K, also at a rank whose strips are short', () => {
    const kernel = findFamily('fused_xuv').general
    const error = (dims: Dims, schedule: ScheduleValues) =>
      check(kernel, dims, 'bfloat16', { seed: 6, schedule }).relativeError
    const at = (K: number) => ({ M: 140, K, r: 64, N: 64 })
    const [small, large] = [at(512), at(8192)]
    const seed = seedOf('fused_xuv')
    expect(error(large, seed)).toBeGreaterThan(1.3 * error(small, seed))
    expect(error(large, kernel.defaultFor(large))).toBeLessThan(1.1 * error(small, kernel.defaultFor(small)))
    expect(kernel.trace(kernel.defaultFor({ M: 32768, K: 8192, r: 4096, N: 16384 })).choices.accumulate).toBe(
      'float32',
    )
  })
})

describe('decode forms', () => {
  const forms = FAMILIES.flatMap((family) => family.special)
  const dims = { M: 5, K: 700, r: 300, N: 1100 }
  const trace = (kernel: Kernel) => kernel.trace(kernel.defaultFor(dims))

  test.each(forms.map((kernel) => [kernel.name, kernel] as const))(
    '%s reads every input once',
    (_, kernel) => {
      const program = trace(kernel)
      const { tensors, macs } = count(program, bind(program, dims, 'bfloat16'))
      for (const { name, p, f } of program.inputs)
        expect(tensors[name]!.hbmReadBytes, name).toBe(BF16 * dims[p.dim as 'M'] * dims[f.dim as 'M'])
      expect(macs).toBe(kernel.macs(dims))
    },
  )
})
