/** The stand-ins' own tests are Python, in unit/: each rule once kept and once broken. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { findPython } from '../../src/execute/index.ts'

const python = findPython()

const root = fileURLToPath(new URL('../..', import.meta.url))

test('the package holds the Python that neuronmm check needs', () => {
  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout } = spawnSync('npm', pack, { cwd: root, encoding: 'utf8' })
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  const packed = files.map(({ path }) => path).filter((path) => path.startsWith('test/'))
  const standin = ['__init__', 'chip', 'current', 'functions', 'legacy', 'memory', 'symbolic']
  expect(packed.sort()).toEqual(
    ['aws.py', 'execute.py', ...standin.map((name) => `standin/${name}.py`)]
      .map((path) => `test/nki/${path}`)
      .sort(),
  )
})

test.skipIf(!python)('the stand-ins keep the rules of NKI', () => {
  const unit = fileURLToPath(new URL('unit', import.meta.url))
  const { status, stderr } = spawnSync(
    python!,
    ['-B', '-W', 'error', '-m', 'unittest', 'discover', '-s', unit],
    {
      encoding: 'utf8',
    },
  )
  expect(stderr).toMatch(/Ran \d\d+ tests/)
  expect(status, stderr).toBe(0)
})
