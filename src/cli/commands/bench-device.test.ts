/** `neuronmm bench --on device`: exit codes, the table and the file, on stand-ins of the Neuron SDK. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { neuronmm } from '../../../test/command-line.ts'
import { findPython } from '../../execute/index.ts'
import { parseMeasurements } from '../../measure/index.ts'

const python = findPython()
const bench = ['bench', '--on', 'device']
const small = ['--shape', 'M=256,K=512,r=128,N=512', '--iterations', '5']

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronmm-bench-'))
  file = join(folder, 'measured.json')
  vi.stubEnv('NEURONMM_PYTHON', python ? resolve(python) : '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function install(name: 'legacy' | 'current'): void {
  vi.stubEnv('PYTHONPATH', resolve('test/neuron-sdk', name))
  vi.stubEnv('PATH', [resolve('test/neuron-sdk/bin'), process.env.PATH].join(delimiter))
}

/** All but the progress, which a slow machine shows. */
const problems = (err: string): string => err.replace(/^bench on device: \d+ %\n/gm, '')

test('without the SDK: one line, exit code 3', async () => {
  const { code, out, err } = await neuronmm(...bench, ...small, '--save', file)
  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(err).toMatch(/^neuronmm: this takes a Trainium instance with the Neuron SDK: .*install .*\n$/)
  expect(existsSync(file)).toBe(false)
})

describe.skipIf(!python)('with it', () => {
  test('measured beside modelled, and a file for the calibration report', async () => {
    install('legacy')
    const { code, out, err } = await neuronmm(...bench, '--target', 'trn1', ...small, '--save', file)
    expect({ code, err: problems(err) }).toEqual({ code: 0, err: '' })
    expect(out).toContain('legacy dialect: neuronxcc 2.21.18209')
    // 0.5 ms and 1.5 MB are the stand-in's
    for (const kernel of ['matmul_fully_optimized', 'sequential_xtuv', 'fused_xuv'])
      expect(out).toMatch(
        new RegExp(
          `^${kernel} .* 0\\.950 +0\\.999 +profiler +0\\.500 +0\\.\\d{3} +[-+]\\d+\\.\\d % +0\\.001 `,
          'm',
        ),
      )
    const saved = parseMeasurements(readFileSync(file, 'utf8'), file)
    expect(saved).toMatchObject({ target: 'trn1', dialect: 'legacy', failures: [] })
    expect(saved.points).toHaveLength(3)
  })

  test('a kernel that fails is said on stderr, and is exit code 1', async () => {
    install('current')
    vi.stubEnv('FAKE_NEURON', 'raise:sequential_xuv')
    const args = [...bench, '--target', 'trn2', '--kernels', 'fused_xuv,sequential_xuv', ...small]
    const { code, out, err } = await neuronmm(...args, '--save', file, '--json')
    expect(code).toBe(1)
    expect(problems(err)).toBe(
      'sequential_xuv M=256 K=512 r=128 N=512: RuntimeError: [F134] neuronx-cc terminated abnormally\n',
    )
    const { points, failures, compared } = JSON.parse(out)
    expect([points.length, failures.length, compared.length]).toEqual([1, 1, 1])
  })

  test('two cores', async () => {
    install('current')
    const args = [...bench, '--target', 'trn2', '--kernels', 'fused_xuv', ...small, '--cores', '2']
    const { code } = await neuronmm(...args, '--save', file)
    expect(code).toBe(0)
    expect(parseMeasurements(readFileSync(file, 'utf8'), file).points[0]!.cores).toEqual({
      dim: 'M',
      count: 2,
    })
  })

  test('Ctrl-C ends what hangs: exit code 130, and no file where nothing was measured', async () => {
    install('legacy')
    vi.stubEnv('FAKE_NEURON', 'hang')
    const running = neuronmm(...bench, '--target', 'trn1', ...small, '--save', file)
    setTimeout(() => process.emit('SIGINT'), 1500)
    const { code, out, err } = await running
    expect({ code, out, err }).toEqual({ code: 130, out: '', err: 'neuronmm: interrupted\n' })
    expect(existsSync(file)).toBe(false)
  })
})

test.each([
  [['bench', '--save', 'x'], '--save is for measurements on a device; add --on device'],
  [['bench', '--cores', '2'], '--cores is for measurements on a device; add --on device'],
  [[...bench, '--target', 'host'], '--target host is this CPU; leave it out, or name trn1, trn2 or trn3'],
  [[...bench, '--iterations', '0'], '--iterations and --timeout are numbers from 1'],
  [[...bench, '--shape', 'Q=3'], 'fused_xuv: no dimension Q; give --shape M=…,K=…,r=…,N=…'],
])('%j is refused', async (args, line) => {
  expect(await neuronmm(...args)).toEqual({ code: 2, out: '', err: `neuronmm: ${line}\n` })
})
