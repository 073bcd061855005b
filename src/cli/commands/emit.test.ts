/** `neuronmm emit`: what it writes where, what it refuses, and that nothing is left behind. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BIN, build, neuronmm } from '../../../test/command-line.ts'
import { choose, FAMILIES, findFamily, formsOf } from '../../kernels/index.ts'
import { assignments } from '../output.ts'

const SHAPE = 'M=300,K=256,r=64,N=512'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronmm-emit-'))
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const FORMS = FAMILIES.flatMap((family) => formsOf(family).map((form) => [form.name, family, form] as const))

/** The command that simulates what was emitted, as `emit` prints it. */
const simulating = (err: string): string[] => {
  const [, command] = /^Simulated by: npx neuronmm (.*)\n/m.exec(err)!
  return command!.split(' ')
}

describe.each(FORMS)('%s, emitted without a shape', (name, family, form) => {
  test('says in its docstring and on stderr how to simulate the same form and schedule', async () => {
    const { out, err } = await neuronmm('emit', name, '--dialect', 'current')
    const command = simulating(err)
    const written = /- Simulated by: ([\s\S]*?)"{3}/.exec(out)![1]!
    expect(written.replace(/'|\s+(?!-)|\s+$/g, (blank) => (blank === ' ' ? ' ' : ''))).toBe(
      `npx neuronmm ${command.join(' ')}`,
    )
    const { out: simulated } = await neuronmm(...command, '--json')
    const { schedule, form: chosen } = JSON.parse(simulated) as { schedule: object; form: string }
    expect(chosen).toBe(name)
    expect(schedule).toMatchObject(form.schedule)
  })

  test('and the command picks that form for any number of rows', () => {
    const entries = { ...form.schedule }
    for (const M of [1, 8, 128]) {
      const dims = Object.fromEntries(form.dims.map((dim) => [dim, dim === 'M' ? M : 256]))
      const own = name === family.name ? family : findFamily(name)
      expect(choose(own, dims, Object.keys(entries).length > 0 ? entries : 'default').kernel.name).toBe(name)
    }
  })
})

test('the default schedule is that of the shape on the target', async () => {
  const shape = 'M=4096,K=2048,r=1280,N=8192'
  const dims = { M: 4096, K: 2048, r: 1280, N: 8192 }
  const { general } = findFamily('fused_xuv')
  const emitted = async (target: string) =>
    simulating((await neuronmm('emit', 'fused_xuv', ...options(target), '--shape', shape)).err).at(-1)
  const options = (target: string) => ['--dialect', 'legacy', '--target', target]
  const expected = (target: string) =>
    assignments({ ...general.schedule, ...general.defaultFor(dims, target) }, ',')
  expect(expected('trn1')).not.toBe(expected('trn2'))
  expect(await emitted('trn1')).toBe(expected('trn1'))
  expect(await emitted('inf2')).toBe(expected('trn1'))
  expect(await emitted('trn2')).toBe(expected('trn2'))
})

describe('a kernel', () => {
  test('goes to stdout, or to a file that may be emitted again', async () => {
    const { out, code } = await neuronmm('emit', 'fused_xuv', '--dialect', 'current')
    expect(code).toBe(0)
    expect(out).toContain('def fused_xuv(x, u, v')
    const file = join(folder, 'fused_xuv.py')
    for (let time = 0; time < 2; time++) {
      expect(await neuronmm('emit', 'fused_xuv', '--dialect', 'current', '-o', file)).toEqual({
        code: 0,
        out: '',
        err: expect.stringMatching(/^Simulated by: npx neuronmm run fused_xuv .*\n$/),
      })
      expect(readFileSync(file, 'utf8')).toBe(out)
    }
    expect(readdirSync(folder)).toEqual(['fused_xuv.py'])
  })

  test('does not replace what somebody else wrote, unless it is forced to', async () => {
    const file = join(folder, 'mine.py')
    writeFileSync(file, 'mine')
    const args = ['emit', 'fused_xuv', '--dialect', 'legacy', '-o', file]
    const { code, err } = await neuronmm(...args)
    expect({ code, err }).toEqual({
      code: 2,
      err: `neuronmm: ${file} is there, and neuronmm did not write it; choose another, or give --force\n`,
    })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect((await neuronmm(...args, '--force')).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toContain('def fused_xuv')
  })

  test('with the schedule that was searched for says what for', async () => {
    const tuned = [
      'emit',
      'fused_xuv',
      '--dialect',
      'current',
      '--tuned',
      '--target',
      'trn2',
      '--shape',
      SHAPE,
    ]
    const { out, code } = await neuronmm(...tuned)
    expect(code).toBe(0)
    expect(out).toContain('Tuned for M=300 K=256 r=64 N=512 in bfloat16 on trn2')
    const { out: found } = await neuronmm('tune', 'fused_xuv', '--target', 'trn2', '--shape', SHAPE, '--json')
    const { schedule } = (JSON.parse(found) as { best: { schedule: Record<string, number | string> } }).best
    // what is left to the compiler is not in the text
    for (const [name, value] of Object.entries(schedule).filter(([, value]) => value !== 'auto')) {
      const keyword = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
      expect(out.replace(/\s+/g, ' ')).toContain(
        typeof value === 'number' && name !== 'buffers' ? `${keyword}=${value}` : `${name} = ${value}`,
      )
    }
  })

  test('whose search is interrupted is not written', async () => {
    const file = join(folder, 'fused_xuv.py')
    const search = neuronmm(
      ...['emit', 'fused_xuv', '--dialect', 'current', '--tuned', '--target', 'trn2'],
      ...['--shape', 'M=4096,K=8192,r=4096,N=16384', '-o', file],
    )
    setTimeout(() => process.emit('SIGINT'), 50)
    const { code, out, err } = await search
    expect({ code, out, err }).toEqual({ code: 130, out: '', err: 'neuronmm: interrupted\n' })
    expect(existsSync(file)).toBe(false)
  })
})

test.each([
  [['fused_xvu', '--dialect', 'current'], /^neuronmm: no kernel fused_xvu; did you mean fused_xuv\?.*\n$/],
  [['fused_xuv', '--dialect', 'new'], /'new' is invalid. Allowed choices are legacy, current/],
  [['fused_xuv'], /^neuronmm: emit: give --dialect legacy or --dialect current\n$/],
  [[], /^neuronmm: emit: give the name of a kernel, or --all\n$/],
  [['fused_xuv', '--all', '--dialect', 'current'], /^neuronmm: emit: give the name of a kernel, or --all\n$/],
  [['fused_xuv', '--dialect', 'current', '--shape', 'M=x'], /^neuronmm: shape: M=x is not a size/],
  [
    ['fused_xuv', '--dialect', 'current', '--shape', 'M=1,K=2'],
    /^neuronmm: fused_xuv: dimension r is missing/,
  ],
  [['fused_xuv', '--dialect', 'current', '--shape', 'M'], /^neuronmm: shape: "M" is not NAME=VALUE/],
  [['fused_xuv', '--dialect', 'current', '--target', 'trn1'], /has no target trn1; it runs on trn2, trn3\n$/],
  [['fused_xuv', '--dialect', 'current', '--aligned', 'Q'], /no dimension Q to align; it has M, K, r, N\n$/],
  [
    ['fused_xuv', '--dialect', 'current', '--tuned', '--target', 'trn2'],
    /--tuned needs the --shape and the --target/,
  ],
  [
    ['fused_xuv', '--dialect', 'current', '--tuned', '--shape', SHAPE],
    /--tuned needs the --shape and the --target/,
  ],
  [
    [
      'fused_xuv',
      '--dialect',
      'current',
      '--tuned',
      '--target',
      'trn2',
      '--shape',
      SHAPE,
      '--schedule',
      'seed',
    ],
    /--tuned searches for a schedule; leave --schedule out/,
  ],
  [['--all'], /^neuronmm: emit: --all writes a package; give its folder with -o\n$/],
  [['--all', '-o', '/nowhere', '--aligned', 'M'], /^neuronmm: emit: --aligned is for one kernel/],
])('emit %j is one line', async (args, message) => {
  const { code, out, err } = await neuronmm('emit', ...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(message)
})

describe('a path that cannot be written', () => {
  const emitted = (path: string) => neuronmm('emit', 'matmul_basic', '--dialect', 'legacy', '-o', path)

  test('names it, and not a temporary file', async () => {
    const path = join(folder, 'absent', 'k.py')
    expect(await emitted(path)).toEqual({
      code: 2,
      out: '',
      err: `neuronmm: ${path} cannot be opened (ENOENT); check the path and its permissions\n`,
    })
    const { code, err } = await emitted(folder)
    expect({ code, err }).toEqual({ code: 2, err: `neuronmm: ${folder} is a folder; -o takes a file\n` })
  })

  test.skipIf(process.getuid?.() === 0)('because of its permissions leaves the file as it was', async () => {
    const path = join(folder, 'k.py')
    chmodSync(folder, 0o500)
    const { code, err } = await emitted(path)
    chmodSync(folder, 0o700)
    expect({ code, err }).toEqual({
      code: 2,
      err: `neuronmm: ${path} cannot be opened (EACCES); check the path and its permissions\n`,
    })
  })

  test('that is a device is written to, and stays one', async () => {
    expect(await emitted('/dev/null')).toMatchObject({ code: 0, out: '' })
    expect(readFileSync('/dev/null', 'utf8')).toBe('')
  })

  test.skipIf(process.platform === 'win32')(
    'that is a pipe without a path of its own is written to',
    async () => {
      build()
      const emit = `"${process.execPath}" "${BIN}" emit matmul_basic --dialect legacy`
      const piped = spawnSync('sh', ['-c', `${emit} -o /dev/stdout | cat`], {
        encoding: 'utf8',
        timeout: 20_000,
      })
      const { out } = await neuronmm('emit', 'matmul_basic', '--dialect', 'legacy')
      expect(piped.stdout).toBe(out)
    },
  )
})

describe('a package', () => {
  const all = (...args: string[]) => neuronmm('emit', '--all', '-o', join(folder, 'out'), ...args)
  const written = () => readdirSync(join(folder, 'out'), { recursive: true }).map(String).sort()

  test('holds every form in each dialect, and appears as a whole', async () => {
    const { code, err } = await all()
    expect(code).toBe(0)
    const names = FAMILIES.flatMap(formsOf).map(({ name }) => name)
    expect(err).toContain(`${names.length} kernels, legacy and current`)
    const scripts = [
      'README.md',
      '__init__.py',
      'benchmark_current.py',
      'benchmark_legacy.py',
      'benchmarking.py',
    ]
    const folders = ['legacy', 'current'].flatMap((dialect) => [
      dialect,
      ...['__init__', ...names].map((name) => `${dialect}/${name}.py`),
    ])
    expect(written()).toEqual([...scripts, ...folders].sort())
    expect(readdirSync(folder)).toEqual(['out'])
  })

  test('of one dialect has nothing of the other', async () => {
    await all('--target', 'trn1')
    expect(written().filter((name) => name.includes('current'))).toEqual([])
    expect(readFileSync(join(folder, 'out', 'legacy', 'fused_xuv.py'), 'utf8')).toContain('Target: trn1')
  })

  test('is emitted again over itself, and leaves what else is there', async () => {
    await all('--dialect', 'legacy')
    const before = written()
    writeFileSync(join(folder, 'out', 'notes.txt'), 'mine')
    expect((await all('--dialect', 'legacy')).code).toBe(0)
    expect(written()).toEqual([...before, 'notes.txt'].sort())
  })

  test('goes into no folder that is not its own, unless it is forced to', async () => {
    mkdirSync(join(folder, 'out'))
    writeFileSync(join(folder, 'out', 'notes.txt'), 'mine')
    const { code, err } = await all()
    expect({ code, err }).toEqual({
      code: 2,
      err: `neuronmm: ${join(folder, 'out')} is not empty, and no package that neuronmm emitted; choose another folder, or give --force\n`,
    })
    expect(written()).toEqual(['notes.txt'])
    expect((await all('--force')).code).toBe(0)
    expect(readFileSync(join(folder, 'out', 'notes.txt'), 'utf8')).toBe('mine')
    expect(written()).toContain('legacy/fused_xuv.py')
  })

  test('replaces no file of somebody else in its own folder', async () => {
    await all()
    const file = join(folder, 'out', 'README.md')
    writeFileSync(file, 'mine')
    const { code, err } = await all()
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(`${file} is there, and`) })
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  test('whose folder is a file is refused', async () => {
    writeFileSync(join(folder, 'out'), 'mine')
    expect((await all()).err).toContain('is a file; -o takes a folder with --all')
  })
})
