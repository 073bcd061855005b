/** `--cores 2` of emit, run, profile, diff, roofline and check: what two physical cores do together, and where it is refused. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { neuronmm } from '../../../test/command-line.ts'
import { findPython } from '../../execute/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronmm-cores-'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const shape = ['--shape', 'M=300,K=200,r=60,N=140']
const two = ['--cores', '2']

test('run executes both shares, and counts the bytes of both', async () => {
  const counted = async (...args: string[]) => {
    // in one strip, so that one core reads the weights once
    const whole = ['--schedule', 'mStrip=512']
    const { code, out } = await neuronmm('run', 'fused_xuv', ...shape, ...whole, '--json', ...args)
    expect(code).toBe(0)
    return JSON.parse(out)
  }
  const [alone, rows, columns] = [
    await counted(),
    await counted(...two),
    await counted(...two, '--share', 'N'),
  ]
  expect([alone, rows, columns].map(({ ok, cores, share }) => [ok, cores, share])).toEqual([
    [true, 1, null],
    [true, 2, 'M'],
    [true, 2, 'N'],
  ])
  const weights = 2 * 60 * (200 + 140)
  expect(rows.hbmReadBytes).toBe(alone.hbmReadBytes + weights)
  expect(columns.hbmReadBytes).toBe(alone.hbmReadBytes + 2 * 200 * (300 + 60))
  expect(rows.hbmWriteBytes).toBe(alone.hbmWriteBytes)
})

test('profile gives the slower core, and what both take and move', async () => {
  const args = ['profile', 'fused_xuv', '--target', 'trn2', ...shape, ...two]
  const { metrics, launch } = JSON.parse((await neuronmm(...args, '--json')).out)
  expect(launch.split).toEqual({ dim: 'M', count: 2 })
  expect(launch.shares).toEqual([256, 44])
  expect(launch.total_time).toBe(metrics.total_time)
  expect(launch.hbm_write_bytes).toBe(2 * 300 * 140)
  expect((await neuronmm(...args)).out).toContain('2 cores share M (256 + 44). Together they read ')
})

test('diff and roofline take the slower core, as profile does', async () => {
  const on = (...args: string[]) => neuronmm(...args, '--target', 'trn2', ...shape, ...two)
  const { metrics } = JSON.parse((await on('profile', 'fused_xuv', '--json')).out)
  const difference = JSON.parse((await on('diff', 'fused_xuv', 'fused_xuv:seed', '--json')).out)
  const time = difference.metrics.find(({ name }: { name: string }) => name === 'total_time')
  expect(time.a).toBe(metrics.total_time)
  expect(difference.a.launch.shares).toEqual([256, 44])
  expect((await on('diff', 'fused_xuv', 'fused_xuv:seed')).out).toContain(
    '; the slowest of 2 cores, which share M',
  )
  const { points } = JSON.parse((await on('roofline', 'fused_xuv', '--json')).out)
  expect(points[0].seconds).toBe(metrics.total_time)
  expect((await on('roofline', 'fused_xuv')).out).toContain('a point is the slowest of them')
})

describe.skipIf(!findPython())('check', () => {
  test('executes both cores', async () => {
    const { code, out } = await neuronmm('check', 'fused_xuv', ...shape, ...two, '--json')
    expect(code).toBe(0)
    const { checks } = JSON.parse(out)
    expect(checks).toHaveLength(1)
    expect(checks[0]).toMatchObject({ dialect: 'current', ok: true, integerError: 0 })
  })
})

test.each([
  [
    ['emit', 'fused_xuv', '--dialect', 'legacy', '--target', 'trn1', ...two],
    /the legacy dialect has no launch on 2 physical/,
  ],
  [
    ['emit', 'fused_xuv', '--dialect', 'current', '--cores', '3'],
    /3 cores; a logical core has 2 physical ones at most/,
  ],
  [
    ['emit', 'fused_xuv', '--dialect', 'current', '--share', 'M'],
    /--share M is for several cores; add --cores 2/,
  ],
  [
    ['emit', 'fused_xuv', '--dialect', 'current', ...two, '--share', 'K'],
    /K is not a dimension of the output/,
  ],
  [['emit', '--all', '-o', 'nowhere', ...two], /--cores is for one kernel, not for --all/],
  [
    ['emit', 'fused_mlp_decode', '--dialect', 'current', ...two],
    /M is at most 128, one tile; K is summed over, at /,
  ],
  [
    ['run', 'fused_xuv', '--shape', 'M=1,K=9,r=9,N=9', ...two],
    /M is at most 128, one tile; N is 9, one tile/,
  ],
  [
    ['profile', 'fused_xuv', '--target', 'trn1', ...shape, ...two],
    /trn1: a logical core is one physical core/,
  ],
])('%j is refused', async (args, line) => {
  const { code, out, err } = await neuronmm(...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(line)
  expect(err.trim().split('\n')).toHaveLength(1)
})

test('emit --tuned searches for the share of a core', async () => {
  const args = ['emit', 'fused_xuv', '--dialect', 'current', '--target', 'trn2', '--tuned', ...two]
  const { code, out } = await neuronmm(...args, '--shape', 'M=256,K=256,r=64,N=256')
  expect(code).toBe(0)
  // not the form for at most 128 rows, although a share is as small
  expect(out).toContain('def fused_xuv(')
  expect(out).toMatch(/Tuned for M=128 K=256 r=64 N=256 in bfloat16 on trn2,\s+as modelled\./)
})

test('M=1 shares columns', async () => {
  const { out } = await neuronmm(
    'emit',
    'fused_xuv',
    '--dialect',
    'current',
    '--shape',
    'M=1,K=9,r=9,N=200',
    ...two,
  )
  expect(out).toContain('def fused_xuv_decode(')
  expect(out).toContain('N_CORE = min(N_SHARE, N - n_core)')
})
