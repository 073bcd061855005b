/** `neuronmm check`: exit codes and lines for what is right, wrong, refused, missing and interrupted. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { neuronmm } from '../../../test/command-line.ts'
import { findPython } from '../../execute/index.ts'
import { FAMILIES, formsOf } from '../../kernels/index.ts'

const python = findPython()
const sdk = ['legacy', 'current'].map((name) =>
  fileURLToPath(new URL(`../../../test/neuron-sdk/${name}`, import.meta.url)),
)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronmm-check-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe.skipIf(!python)('on the stand-ins', () => {
  test('gives a line for each dialect', async () => {
    const { code, out } = await neuronmm('check', 'fused_xuv')
    expect(code).toBe(0)
    const lines = out.split('\n').filter((line) => line.startsWith('fused_xuv'))
    expect(lines).toEqual([
      expect.stringMatching(
        /^fused_xuv +legacy +M=200 K=300 r=140 N=700 bfloat16 +right .* equal +400000 +280000$/,
      ),
      expect.stringMatching(
        /^fused_xuv +current +M=200 K=300 r=140 N=700 bfloat16 +right .* equal +400000 +280000$/,
      ),
    ])
    expect(out).toContain('2 of 2 right, executed on numpy stand-ins of NKI.')
  })

  test('takes a shape, a dtype, a schedule, an activation and a dialect', async () => {
    const { code, out } = await neuronmm(
      ...[
        'check',
        'fused_xuv',
        '--shape',
        'M=1,K=64,r=32,N=96',
        '--dtype',
        'float32',
        '--dialect',
        'current',
      ],
      ...['--activation', 'silu', '--schedule', 'seed', '--json'],
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      with: 'stand-in',
      ok: true,
      checks: [
        {
          kernel: 'fused_xuv',
          dialect: 'current',
          shape: { M: 1, K: 64, r: 32, N: 96 },
          dtype: 'float32',
          ok: true,
          error: null,
          relativeError: expect.any(Number),
          largestError: expect.any(Number),
          allowed: expect.any(Number),
          integerError: null,
          hbmReadBytes: { python: 4 * (64 + 64 * 32 + 32 * 96), expected: 4 * (64 + 64 * 32 + 32 * 96) },
          hbmWriteBytes: { python: 4 * 96, expected: 4 * 96 },
        },
      ],
    })
  })

  test('picks the form for the shape', async () => {
    const { out } = await neuronmm(
      'check',
      'fused_xuv',
      '--shape',
      'M=2,K=64,r=32,N=96',
      '--dialect',
      'legacy',
    )
    expect(out).toMatch(/^fused_xuv_decode +legacy/m)
  })

  test('checks every form that knows the schedule with --all', async () => {
    const shape = ['--shape', 'M=20,K=40,r=30,N=50', '--dialect', 'current']
    const { code, out } = await neuronmm('check', '--all', ...shape)
    expect(code).toBe(0)
    const forms = FAMILIES.flatMap(formsOf).length
    expect(out).toContain(`${forms} of ${forms} right`)
    const { out: some } = await neuronmm('check', '--all', '--schedule', 'seed-llama-1b', ...shape)
    expect(some).toMatch(/^[1-9] of [1-9] right/m)
  })

  test('refuses what does not fit on the target, and says where', async () => {
    const strip = ['--shape', 'M=16k,K=64,N=512', '--dialect', 'legacy', '--target', 'trn1']
    const { code, out } = await neuronmm(
      'check',
      'matmul_fully_optimized',
      ...strip,
      '--schedule',
      'mBlock=128,nBlock=1024,outermost=columns',
    )
    expect(code).toBe(1)
    expect(out).toMatch(/matmul_fully_optimized +legacy .* REFUSED/)
    expect(out).toMatch(/, legacy: .*\d+ bytes .*per partition/)
  })

  test('is interrupted by Ctrl-C', async () => {
    const checked = neuronmm('check', '--all', '--shape', 'M=700,K=700,r=300,N=900')
    setTimeout(() => process.emit('SIGINT'), 300)
    const { code, out, err } = await checked
    expect({ code, out }).toEqual({ code: 130, out: '' })
    expect(err).toMatch(/neuronmm: interrupted\n$/)
  })

  test('ends Python with it', async () => {
    const pid = join(folder, 'pid')
    const endless = join(folder, 'python')
    writeFileSync(
      endless,
      `#!/bin/sh\n[ "$1" = -c ] && exit 0\necho $$ > ${pid}.tmp\nmv ${pid}.tmp ${pid}\nexec sleep 60\n`,
      { mode: 0o755 },
    )
    vi.stubEnv('NEURONMM_PYTHON', endless)
    const checked = neuronmm('check', 'fused_xuv')
    await vi.waitUntil(() => existsSync(pid), { timeout: 20_000 })
    process.emit('SIGINT')
    expect((await checked).code).toBe(130)
    const isGone = () => spawnSync('kill', ['-0', readFileSync(pid, 'utf8').trim()]).status !== 0
    await vi.waitUntil(isGone, { timeout: 20_000 })
  })
})

describe.skipIf(!python)("on AWS's simulators", () => {
  const calls = () =>
    readFileSync(join(folder, 'calls.txt'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  beforeEach(() => {
    vi.stubEnv('PYTHONPATH', sdk.join(delimiter))
    vi.stubEnv('FAKE_SDK_CALLS', join(folder, 'calls.txt'))
  })

  test('runs the current dialect in nki.simulate and the legacy one in nki.simulate_kernel', async () => {
    const { code, out } = await neuronmm('check', 'fused_xuv', '--with', 'nki', '--dtype', 'float32')
    expect(code).toBe(0)
    expect(out).toContain("2 of 2 right, executed on AWS's simulator.")
    // normal and whole numbers
    const dtypes = ['float32', 'float32', 'float32']
    const legacy = { call: 'nki.simulate_kernel', kernel: 'fused_xuv', dtypes, target: 'trn1' }
    const current = { call: 'nki.simulate', kernel: 'fused_xuv', dtypes, target: 'trn2', precise: '1' }
    expect(calls()).toEqual([legacy, legacy, current, current])
  })

  test('passes the target on', async () => {
    await neuronmm('check', 'fused_xuv', '--with', 'nki', '--target', 'trn3', '--dtype', 'float16')
    expect(calls()).toMatchObject([
      { call: 'nki.simulate', target: 'trn3', dtypes: ['float16', 'float16', 'float16'] },
      { call: 'nki.simulate' },
    ])
  })

  const hasBfloat16 = Boolean(python) && spawnSync(python!, ['-c', 'import ml_dtypes']).status === 0
  test.skipIf(!hasBfloat16)('gives them bfloat16 as numpy has it from ml_dtypes', async () => {
    const { code, out } = await neuronmm('check', 'fused_xuv', '--with', 'nki')
    expect(code, out).toBe(0)
    const dtypes = ['bfloat16', 'bfloat16', 'bfloat16']
    expect(calls()).toMatchObject([{ dtypes }, { dtypes }, { dtypes }, { dtypes }])
  })

  test('says what is wrong, with exit code 1', async () => {
    vi.stubEnv('FAKE_SDK_ERROR', '1')
    const { code, out } = await neuronmm(
      ...['check', 'matmul_tiled', '--with', 'nki.simulate_kernel', '--dtype', 'float32'],
    )
    expect(code).toBe(1)
    expect(out).toMatch(/^matmul_tiled +legacy .* WRONG/m)
    expect(out).toMatch(
      /^matmul_tiled, legacy: relative error .*; an element is off .*; whole numbers differ by up to 1$/m,
    )
    expect(out).toContain('0 of 1 right')
  })

  test('of the other dialect are refused', async () => {
    const { code, err } = await neuronmm(
      ...['check', 'fused_xuv', '--with', 'nki.simulate_kernel', '--dialect', 'current'],
    )
    expect({ code, err }).toEqual({
      code: 2,
      err: 'neuronmm: check: nki.simulate_kernel is of the legacy dialect; use --with nki\n',
    })
  })
})

describe('where something is missing', () => {
  test.skipIf(!python)('the SDK, it is one line and exit code 3', async () => {
    vi.stubEnv('NEURONMM_PYTHON', python!)
    const missing = await neuronmm('check', 'fused_xuv', '--with', 'nki', '--dialect', 'current')
    expect(missing).toEqual({
      code: 3,
      out: '',
      err: `neuronmm: ${python} has no nki; install nki of the AWS Neuron SDK 2.29 or later (awsdocs-neuron.readthedocs-hosted.com), or name another Python in NEURONMM_PYTHON\n`,
    })
    const { code, err } = await neuronmm('check', 'fused_xuv', '--with', 'nki')
    expect(code).toBe(3)
    expect(err.trim().split('\n')).toHaveLength(1)
  })

  test.skipIf(!python)('one of two packages, the other dialect is checked', async () => {
    vi.stubEnv('PYTHONPATH', sdk[0]!)
    vi.stubEnv('FAKE_SDK_CALLS', join(folder, 'calls.txt'))
    const { code, out, err } = await neuronmm('check', 'fused_xuv', '--with', 'nki', '--dtype', 'float32')
    expect(code).toBe(0)
    expect(err).toMatch(/^Left out: .* has no nki; install nki of the AWS Neuron SDK/)
    expect(out).toContain('1 of 1 right')
  })

  test('numpy, which both dialects need, it is said once', async () => {
    const bare = join(folder, 'bare-python')
    writeFileSync(bare, '#!/bin/sh\necho numpy nki neuronxcc\n', { mode: 0o755 })
    vi.stubEnv('NEURONMM_PYTHON', bare)
    const { code, err } = await neuronmm('check', 'fused_xuv', '--with', 'nki')
    expect(code).toBe(3)
    expect(err.match(/has no numpy/g)).toHaveLength(1)
  })

  test('Python, it says so', async () => {
    vi.stubEnv('NEURONMM_PYTHON', join(folder, 'python'))
    expect(await neuronmm('check', 'fused_xuv')).toEqual({
      code: 3,
      out: '',
      err: `neuronmm: emitted kernels are executed by Python, and NEURONMM_PYTHON=${join(folder, 'python')} does not run; install Python 3.9 or newer with numpy, or name one in NEURONMM_PYTHON\n`,
    })
  })

  test('numpy, it says how to get it', async () => {
    // stands for a Python without numpy: it finds no module
    const bare = join(folder, 'python')
    writeFileSync(bare, '#!/bin/sh\nshift 2\necho "$@"\n', { mode: 0o755 })
    vi.stubEnv('NEURONMM_PYTHON', bare)
    expect(await neuronmm('check', 'fused_xuv')).toEqual({
      code: 3,
      out: '',
      err: `neuronmm: ${bare} has no numpy; install it (${bare} -m pip install numpy), or name another Python in NEURONMM_PYTHON\n`,
    })
  })

  test.skipIf(!python)('Python that fails in the middle is reported with its last words', async () => {
    const failing = join(folder, 'python')
    writeFileSync(failing, '#!/bin/sh\n[ "$1" = -c ] && exit 0\necho out of memory >&2\nexit 7\n', {
      mode: 0o755,
    })
    vi.stubEnv('NEURONMM_PYTHON', failing)
    expect(await neuronmm('check', 'fused_xuv')).toEqual({
      code: 1,
      out: '',
      err: `neuronmm: ${failing} failed: out of memory\n`,
    })
    expect(existsSync(failing)).toBe(true)
  })
})

test.each([
  [['fused_xvu'], /^neuronmm: no kernel fused_xvu; did you mean fused_xuv\?/],
  [[], /^neuronmm: check: give the name of a kernel, or --all\n$/],
  [['fused_xuv', '--dialect', 'new'], /'new' is invalid. Allowed choices are legacy, current/],
  [['fused_xuv', '--shape', 'M=0,K=1,r=1,N=1'], /^neuronmm: shape: M=0 is not a size/],
  [
    ['fused_xuv', '--shape', 'M=5'],
    /^neuronmm: fused_xuv: dimension K is missing; give --shape M=…,K=…,r=…,N=…\n$/,
  ],
  [['fused_xuv', '--schedule', 'best'], /^neuronmm: fused_xuv: no schedule best; it has default, /],
  [['fused_xuv', '--schedule', 'longstrips'], /no schedule longstrips; did you mean long-strips\?\n$/],
  [['fused_xuv', '--schedule', 'mStripp=512'], /no schedule entry mStripp; did you mean mStrip\?\n$/],
  [
    ['fused_xuv', '--aligned', 'M'],
    /^neuronmm: check: --aligned is for one kernel, at a --shape of whole blocks\n$/,
  ],
  [['--all', '--schedule', 'best'], /^neuronmm: check: no schedule best; it has default, seed, /],
  [
    ['fused_xuv', '--dtype', 'int8'],
    /^neuronmm: check: emitted kernels are checked in bfloat16, float32, float16, not in int8\n$/,
  ],
  [
    ['fused_xuv', '--dialect', 'legacy', '--target', 'trn3'],
    /^neuronmm: check: the legacy dialect has no target trn3/,
  ],
])('check %j is one line', async (args, message) => {
  const { code, out, err } = await neuronmm('check', ...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(message)
})
