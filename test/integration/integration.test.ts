/** The code of docs/integration.md is what it says: its commands are the CLI's, and its Python runs on stand-ins. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { emitPython } from '../../src/emit/index.ts'
import { findPython } from '../../src/execute/index.ts'
import { findFamily } from '../../src/kernels/index.ts'
import { splitOf, whyNotShared } from '../../src/nki/index.ts'

const python = findPython()
const page = readFileSync('docs/integration.md', 'utf8')
const blocks = [...page.matchAll(/^```python\n(.*?)^```$/gms)].map(([, code]) => code!)
const program = (name: string) => findFamily(name).general.trace()

it.skipIf(!python)('every Python block does what it says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'integration-'))
  try {
    for (const [i, code] of blocks.entries()) writeFileSync(join(folder, `block_${i}.py`), code)
    for (const name of new Set(blocks.flatMap((code) => kernelsOf(code)))) {
      const traced = program(name)
      // the text for two cores is that for one as well
      const cores = name === 'fused_mlp' ? {} : { cores: splitOf(traced, 2) }
      writeFileSync(join(folder, `${name}.py`), emitPython(traced, { dialect: 'current', ...cores }))
    }
    const { status, stdout, stderr } = spawnSync(
      python!,
      ['-B', 'test/integration/run_blocks.py', resolve('test/nki'), folder],
      { encoding: 'utf8' },
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(blocks.length)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const kernelsOf = (code: string): string[] =>
  [...code.matchAll(/^from (fused_\w+) import \1$/gm)].map(([, name]) => name!)

it('calls kernels by the names and the order of their inputs', () => {
  const names = (kernel: string) => program(kernel).inputs.map(({ name }) => name)
  expect(names('fused_xuv')).toEqual(['x', 'u', 'v'])
  expect(names('fused_mlp')).toEqual(['x', 'gate_u', 'gate_v', 'up_u', 'up_v', 'down_u', 'down_v'])
  expect(names('fused_xtuv')).toEqual(['x_t', 'u', 'v'])
})

it('says truly what two cores share', () => {
  expect(splitOf(program('fused_xuv'), 2).dim).toBe('M')
  expect(splitOf(program('fused_xuv_decode'), 2).dim).toBe('N')
  expect(splitOf(program('fused_mlp'), 2).dim).toBe('M')
  expect(splitOf(program('fused_mlp_up_transposed_decode'), 2).dim).toBe('N')
  for (const dim of ['M', 'K']) expect(whyNotShared(program('fused_mlp_decode'), dim)).not.toBeNull()
})

it('names kernels that there are', () => {
  const commands = [...page.matchAll(/npx neuronmm (?:emit|profile) (\w+)/g)]
  expect(commands.length).toBeGreaterThan(4)
  for (const [, name] of commands) expect(findFamily(name!).general.name).toBe(name)
})
