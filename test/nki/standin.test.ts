/** The stand-ins' own tests are Python, in unit/: each rule once kept and once broken. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { findPython } from '../../src/execute/index.ts'

const python = findPython()

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
