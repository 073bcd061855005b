/** Ctrl-C in commands that simulate without a pause: one line, 130, and no file. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, start } from '../../test/command-line.ts'
import { interruptible } from './interrupt.ts'

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'neuronmm-interrupt-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('interruptible', () => {
  test('gives what the work gives, and throws what it throws', () => {
    expect(interruptible(() => [1, 2])).toEqual([1, 2])
    const error = new RangeError('no')
    expect(() =>
      interruptible(() => {
        throw error
      }),
    ).toThrow(error)
  })
})

describe('Ctrl-C', () => {
  const endless = join(folder, 'endless.mjs')

  beforeAll(() => {
    build()
    const scale = readFileSync(file('examples/scale.mjs'), 'utf8')
      .replace('import', "import { writeSync } from 'node:fs'\nimport")
      .replace("'neuronmm'", JSON.stringify(file('dist/index.js')))
      .replace('macs: () => 0', "macs() { writeSync(2, 'computing\\n'); for (;;); }")
    writeFileSync(endless, scale)
  }, 60_000)

  test.each([
    ['run', [endless]],
    ['profile', [endless, '--trace', join(folder, 'trace.json')]],
    ['diff', [endless, `${endless}@trn2`]],
    ['roofline', [endless, '-o', join(folder, 'roofline.svg')]],
  ])('ends %s at once', async (command, args) => {
    const { child, written, ended } = start(command, ...args, '--shape', 'M=300,N=1000')
    const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000)
    let interrupted = 0
    child.stderr!.once('data', () => {
      interrupted = performance.now()
      child.kill('SIGINT')
    })
    expect(await ended).toBeNull()
    const seconds = (performance.now() - interrupted) / 1000
    clearTimeout(impatient)
    expect(written).toEqual({ code: 130, out: '', err: 'computing\nneuronmm: interrupted\n' })
    expect(seconds).toBeLessThan(2)
    expect(readdirSync(folder)).toEqual(['endless.mjs'])
  })

  test.skipIf(process.platform === 'win32')('while a file is written lets it become whole', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const shape = 'M=2048,K=1024,r=512,N=1024'
    const { child, written, ended } = start('profile', 'fused_xuv', '--shape', shape, '--trace', pipe)
    // whoever writes is held up until somebody reads
    const reader = await open(pipe)
    child.kill('SIGINT')
    const { traceEvents } = JSON.parse(await reader.readFile('utf8'))
    expect(traceEvents.length).toBeGreaterThan(1000)
    expect(await ended).toBeNull()
    expect(written.code).toBe(130)
    expect(written.err).toMatch(/slices.*\nneuronmm: interrupted\n$/)
  })
})
