/** What the documents show is run: each command as it stands there, and each line of output is in its output. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { findPython } from '../src/execute/index.ts'
import { build, start } from './command-line.ts'

const pathOf = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url))
const read = (file: string): string => readFileSync(pathOf(file), 'utf8')

const GUIDE = read('docs/kernels.md')
const SHOWN = /```sh\nnpx neuronmm (?<command>.+)\n```\n\n```text\n(?<output>[^`]+)```/g

beforeAll(build)

describe('docs/kernels.md', () => {
  const shown = [...GUIDE.matchAll(SHOWN)].map(({ groups }) => [groups!.command!, groups!.output!] as const)

  test('shows commands', () => expect(shown.length).toBe(GUIDE.match(/^npx neuronmm/gm)!.length))

  const python = shown.filter(([command]) => command.startsWith('check'))
  test.skipIf(!findPython()).each(python)('%s', outputs)
  test.each(shown.filter((command) => !python.includes(command)))('%s', outputs)

  async function outputs(command: string, output: string): Promise<void> {
    const { written, ended } = start(...command.split(' '))
    await ended
    expect(written.err).not.toMatch(/^neuronmm:/m)
    for (const line of output.trim().split('\n')) expect(written.out).toContain(line)
    expect(written.code).toBe(0)
  }

  test.each(['product', 'blocked'])('shows lines of examples/%s.mjs as they are there', (name) => {
    const example = squeeze(read(`examples/${name}.mjs`))
    const code = [...GUIDE.matchAll(/```ts\n([^`]+)```/g)].map((match) => squeeze(match[1]!))
    expect(code.some((text) => example.includes(text))).toBe(true)
  })
})

describe('README.md', () => {
  test('shows the kernel of examples/scale.mjs', () => {
    const [kernel] = /^export const scale = kernel\(\{.*?^\}\)/ms.exec(read('examples/scale.mjs'))!
    expect(read('README.md')).toContain(kernel)
  })

  test('shows examples/library.mjs, which runs', () => {
    const example = read('examples/library.mjs')
    expect(read('README.md')).toContain(example.slice(example.indexOf('import')))
    const { status, stdout, stderr } = spawnSync(process.execPath, [pathOf('examples/library.mjs')], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('scale(x [M, N]')
    expect(stdout).toMatch(/^\S+ seconds 8388608 bytes read$/m)
    expect(stdout).toContain('@nki.jit\ndef scale(x, N_BLOCK=1024):')
    if (findPython()) expect(stdout).toMatch(/^true null$/m)
  })
})

describe('docs/integration.md', () => {
  test('shows the command that emit prints', async () => {
    const { written, ended } = start('emit', 'fused_xuv', '--dialect', 'current')
    await ended
    const [, command] = /^Simulated by: (.*)$/m.exec(written.err)!
    expect(read('docs/integration.md')).toContain(`${command}\n`)
  })
})

/** However far it is indented. */
const squeeze = (text: string): string => text.trim().replace(/\n\s*/g, '\n')
