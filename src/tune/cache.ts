/**
 * What a candidate costs, kept on disk: one small JSON file per candidate in $XDG_CACHE_HOME/neuronmm/tune (by default
 * ~/.cache/neuronmm/tune). The name of a file is a hash of all that the cost depends on, so nothing ever needs to be
 * invalidated: another program, shape, dtype, device table or version of this package is another file.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Device } from '../device/index.ts'
import { type Binding, type Program, print } from '../nki/index.ts'
import type { Profile } from '../simulate/index.ts'

export type Cost = Pick<Profile, 'metrics' | 'asWritten' | 'bounds'>

export interface Cache {
  get(key: string): Cost | null
  put(key: string, cost: Cost): void
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'neuronmm', 'tune')

export function cacheKey(program: Program, binding: Binding, device: Device): string {
  const facts = [version, print(program, { sites: false }), binding, device]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

/** A folder that cannot be written is no reason to fail: costs are then modelled anew each time. */
export function diskCache(folder = cacheFolder()): Cache {
  const path = (key: string) => join(folder, `${key}.json`)
  return {
    get(key) {
      try {
        return JSON.parse(readFileSync(path(key), 'utf8')) as Cost
      } catch {
        return null
      }
    },
    put(key, cost) {
      try {
        mkdirSync(folder, { recursive: true })
        // renamed into place: a reader never sees half a file
        const temporary = `${path(key)}.${process.pid}`
        writeFileSync(temporary, JSON.stringify(cost))
        renameSync(temporary, path(key))
      } catch {
        // read-only or full
      }
    },
  }
}

/** For one process, where nothing is to be written. */
export function memoryCache(): Cache {
  const costs = new Map<string, Cost>()
  return { get: (key) => costs.get(key) ?? null, put: (key, cost) => costs.set(key, cost) }
}
