import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, type Finished, start } from '../../test/command-line.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SCALE = join(ROOT, 'examples/scale.mjs')
const PRODUCT = join(ROOT, 'examples/product.mjs')
const folder = mkdtempSync(join(tmpdir(), 'neuronmm-own-'))

async function neuronmm(...args: string[]): Promise<Finished> {
  const { written, ended } = start(...args)
  await ended
  return written
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

beforeAll(build)
afterAll(() => rmSync(folder, { recursive: true }))

describe('a kernel in a file', () => {
  const SHAPE = ['--shape', 'M=200,N=1300']

  test('is run, and compared with its reference', async () => {
    const { code, out } = await neuronmm('run', SCALE, ...SHAPE, '--json')
    expect(JSON.parse(out)).toMatchObject({ kernel: 'scale', ok: true, relativeError: 0 })
    expect(code).toBe(0)
  })

  test('may use the moves of the library', async () => {
    const { out } = await neuronmm('run', PRODUCT, '--shape', 'M=200,K=300,N=700', '--json')
    expect(JSON.parse(out)).toMatchObject({ kernel: 'product', ok: true, macsUseful: 200 * 300 * 700 })
  })

  test('is profiled and compared by schedule', async () => {
    const { out } = await neuronmm('diff', `${SCALE}:nBlock=512`, `${SCALE}:nBlock=2048@trn2`, ...SHAPE)
    expect(out).toContain('a: scale on trn1, M=200 N=1300, bfloat16, schedule nBlock=512')
    expect(out).toContain('b: scale on trn2, M=200 N=1300, bfloat16, schedule nBlock=2048')
  })

  test('is tuned over the values that it declares', async () => {
    const { out } = await neuronmm('tune', SCALE, '--shape', 'M=1000,N=4100', '--no-cache', '--json')
    expect(JSON.parse(out)).toMatchObject({ best: { schedule: { nBlock: 4096 } } })
  })

  test('is printed with its lines, and emitted', async () => {
    expect((await neuronmm('print', SCALE)).out).toContain('# scale.mjs:')
    expect((await neuronmm('emit', SCALE, '--dialect', 'current')).out).toContain('def scale(x')
  })

  test('is refused with its line, where it breaks a rule', async () => {
    const broken = file('broken.mjs', `${source('broken')}`.replace('tiles(128)', 'tiles(256)'))
    const { code, err } = await neuronmm('print', broken)
    expect(err).toMatch(/^neuronmm: broken \(broken\.mjs:\d+\): .*128.*\n$/)
    expect(code).toBe(2)
  })
})

describe('in one line', () => {
  test.each([
    ['no file', () => join(folder, 'none.mjs'), 'none.mjs: there is no such file'],
    ['no kernel', () => file('empty.mjs', 'export const scale = 3'), 'it exports no kernel; export one'],
    ['no JavaScript', () => file('syntax.mjs', '\nexport const = 3'), 'syntax.mjs shows where'],
    ['a module that fails', () => file('fails.mjs', 'throw new Error("no luck")'), 'fails.mjs: no luck'],
    ['several kernels', () => two(), 'it exports one, two; name one, as in '],
    ['another name', () => `${two()}#three`, 'it exports no kernel three; there is one, two'],
  ])('%s', async (_, path, what) => {
    const { code, out, err } = await neuronmm('print', path())
    expect(err).toMatch(/^neuronmm: .*\n$/)
    expect(err).toContain(what)
    expect(out).toBe('')
    expect(code).toBe(2)
  })

  test('a reference that is wrong, rather than the kernel', async () => {
    const wrong = file('wrong.mjs', source('wrong').replace('a.times(x, {', 'a.transpose({'))
    const { err } = await neuronmm('run', wrong, '--shape', 'M=3,N=5')
    expect(err).toBe(
      'neuronmm: wrong: its reference gives [5, 3], and the output is [3, 5]; it computes [M, N] from the inputs by the algebra that it is given\n',
    )
    const failing = file('failing.mjs', source('failing').replace('a.times(x, {', 'a.matmul(x, {'))
    expect((await neuronmm('run', failing, '--shape', 'M=3,N=5')).err).toContain(
      'failing: its reference fails: matmul of [3, 5] and [3, 5];',
    )
  })

  test('a spec, where one kernel is wanted', async () => {
    expect((await neuronmm('print', `${SCALE}:default`)).err).toContain('is for diff and roofline; here give')
  })

  test('one of several by its name', async () => {
    expect((await neuronmm('print', `${two()}#two`)).out).toContain('two(x [M, N]) → y [M, N]')
  })
})

/** The example under another name, in a folder from which the package is not to be found. */
function source(name: string): string {
  return readFileSync(SCALE, 'utf8')
    .replace("'neuronmm'", JSON.stringify(pathToFileURL(join(ROOT, 'dist/index.js')).href))
    .replaceAll(/\bscale\b(?= =)|(?<=')scale(?=')/g, name)
}

const two = () => file('two.mjs', source('one') + source('two').replace(/^import.*$/m, ''))
