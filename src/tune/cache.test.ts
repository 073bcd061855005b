/** Where the cache lies, in particular for a user whom the system does not know, as containers have them. */
import { tmpdir } from 'node:os'
import { afterEach, expect, test, vi } from 'vitest'
import { cacheFolder } from './cache.ts'

const homedir = vi.hoisted(() => vi.fn<() => string>())
vi.mock('node:os', async (original) => ({ ...(await original<typeof import('node:os')>()), homedir }))
afterEach(() => vi.unstubAllEnvs())

test('is that of the user, or of $XDG_CACHE_HOME', () => {
  homedir.mockReturnValue('/home/user')
  vi.stubEnv('XDG_CACHE_HOME', '')
  expect(cacheFolder()).toBe('/home/user/.cache/neuronmm/tune')
  vi.stubEnv('XDG_CACHE_HOME', '/elsewhere')
  expect(cacheFolder()).toBe('/elsewhere/neuronmm/tune')
})

test('is temporary where the user has no home', () => {
  homedir.mockImplementation(() => {
    throw new Error('uv_os_homedir returned ENOENT')
  })
  vi.stubEnv('XDG_CACHE_HOME', '')
  expect(cacheFolder().startsWith(tmpdir())).toBe(true)
})
