/** An emitted package, used as its user does: imported, and benchmarked, on fakes of the SDK that run the stand-ins. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPython } from '../../src/execute/index.ts'
import { neuronmm } from '../command-line.ts'
import { KERNELS } from './cases.ts'

const python = findPython()
const SMALL = ['--M', '100', '--K', '130', '--r', '40', '--N', '140', '--warmup', '1', '--iters', '3']
const here = fileURLToPath(new URL('.', import.meta.url))

type Call = Readonly<Record<string, unknown>> & { readonly call: string }

describe.skipIf(!python)('an emitted package', () => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'neuronmm-package-'))
    expect((await neuronmm('emit', '--all', '-o', join(folder, 'kernels'))).code).toBe(0)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function run(
    args: readonly string[],
    modules: readonly string[] = ['legacy', 'current'],
    env: Readonly<Record<string, string>> = {},
  ) {
    const calls = join(folder, 'calls.txt')
    rmSync(calls, { force: true })
    const { status, stdout, stderr } = spawnSync(python!, ['-B', '-W', 'error', ...args], {
      encoding: 'utf8',
      cwd: folder,
      env: {
        ...process.env,
        ...env,
        FAKE_SDK_CALLS: calls,
        PYTHONPATH: modules.map((name) => join(here, '..', 'neuron-sdk', name)).join(delimiter),
      },
    })
    const recorded = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []
    return { status, stdout, stderr, calls: recorded.map((line) => JSON.parse(line) as Call) }
  }

  test.each(['legacy', 'current'])('imports every kernel of %s', (dialect) => {
    const { status, stdout, stderr } = run([
      '-c',
      `import kernels, kernels.${dialect} as k; print(*sorted(n for n in k.__all__ if callable(getattr(k, n))))`,
    ])
    expect(status, stderr).toBe(0)
    expect(stdout.trim().split(' ')).toEqual(KERNELS.map(({ name }) => name).sort())
  })

  test('needs no SDK until a dialect is imported', () => {
    expect(run(['-c', 'import kernels'], []).status).toBe(0)
    const { status, stderr } = run(['-c', 'import kernels.legacy'], [])
    expect(status).toBe(1)
    expect(stderr).toContain("No module named 'neuronxcc'")
  })

  test('benchmarks every legacy kernel and baseline with nki.benchmark', () => {
    const file = join(folder, 'legacy.json')
    const { status, stdout, stderr, calls } = run(['kernels/benchmark_legacy.py', ...SMALL, '--json', file])
    expect(status, stderr).toBe(0)
    expect(calls.map(({ call, kernel }) => [call, kernel])).toEqual(
      KERNELS.map(({ name }) => ['nki.benchmark', name]),
    )
    const fused = calls.find(({ kernel }) => kernel === 'fused_xuv')
    expect(fused).toMatchObject({
      warmup: 1,
      iters: 3,
      shapes: [
        [100, 130],
        [130, 40],
        [40, 140],
      ],
      dtypes: ['bfloat16', 'bfloat16', 'bfloat16'],
    })
    expect(stdout).toMatch(/^kernel +role +p1 us +p50 us +p90 us +p99 us\n/)
    expect(stdout).toMatch(/^fused_xuv +kernel +901\.0 +950\.0 +990\.0 +999\.0$/m)
    expect(stdout).toMatch(/^sequential_xuv +baseline /m)
    const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: Record<string, unknown>[] }
    expect(results.map((result) => result.kernel)).toEqual(KERNELS.map(({ name }) => name))
    expect(results[0]!.us).toEqual({
      0: 900,
      1: 901,
      10: 910,
      25: 925,
      50: 950,
      90: 990,
      99: 999,
      100: 1000,
    })
  })

  test.each([
    ['torch', 'neuron', ['synchronize']],
    ['xla', 'xla:0', ['mark_step', 'wait_device_ops']],
  ])('benchmarks every current kernel and baseline under %s', (torch, device, waits) => {
    const file = join(folder, 'current.json')
    const args = ['kernels/benchmark_current.py', ...SMALL, '--json', file]
    const { status, stderr, calls } = run(args, undefined, { FAKE_TORCH: torch })
    expect(status, stderr).toBe(0)
    const { results } = JSON.parse(readFileSync(file, 'utf8')) as {
      results: { kernel: string; us: Record<string, number> }[]
    }
    expect(results.map(({ kernel }) => kernel)).toEqual(KERNELS.map(({ name }) => name))
    for (const { us } of results) {
      const latencies = [0, 1, 10, 25, 50, 90, 99, 100].map((p) => us[p]!)
      expect(latencies[0]).toBeGreaterThan(0)
      expect(latencies).toEqual(latencies.toSorted((a, b) => a - b))
    }
    // what was moved to the device is waited for, and each of the four executions
    for (const wait of waits)
      expect(calls.filter(({ call }) => call === wait)).toHaveLength(KERNELS.length * 5)
    expect(calls.find(({ call }) => call === 'torch.to')).toEqual({
      call: 'torch.to',
      device,
      shape: [130, 100],
      dtype: 'bfloat16',
    })
  })

  test('leaves out decode forms where there are many rows, and says so', () => {
    const args = ['--kernel', 'fused_xuv_decode', '--kernel', 'matmul_tiled', ...SMALL, '--M', '129']
    const options = ['--compile-opt=--logical-nc-config=1']
    const { stdout, calls } = run(['kernels/benchmark_legacy.py', ...args, ...options])
    expect(stdout).toMatch(/^fused_xuv_decode +skipped: it takes at most 128 rows$/m)
    expect(calls).toMatchObject([
      { kernel: 'matmul_tiled', options: { additional_compile_opt: '--logical-nc-config=1' } },
    ])
  })

  test('refuses kernels that it does not have', () => {
    const { status, stderr } = run(['kernels/benchmark_legacy.py', '--kernel', 'fused_xvu'])
    expect(status).toBe(2)
    expect(stderr).toContain('no kernel fused_xvu')
  })
})
