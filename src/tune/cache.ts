/**
 * What a candidate costs, kept on disk: one small JSON file per candidate in $XDG_CACHE_HOME/neuronmm/tune (by default
 * ~/.cache/neuronmm/tune; in the temporary folder for a user without a home). The name of a file is a hash of all that
 * the cost depends on, so nothing ever needs to be invalidated: another program, shape, dtype, device table or version of
 * the model is another file. Each is written as soon as it is known, so that a search which was stopped goes on where it
 * was; several may share the folder.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Device } from '../device/index.ts'
import { type Binding, type Program, print } from '../nki/index.ts'
import type { Profile } from '../simulate/index.ts'
import { modelVersion } from './version.ts'

export type Cost = Pick<Profile, 'metrics' | 'asWritten' | 'bounds'>

export interface Cache {
  get(key: string): Cost | null
  put(key: string, cost: Cost): void
}

export const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || homeCache(), 'neuronmm', 'tune')

/** In containers, a user may have neither $HOME nor an entry in the list of users: then homedir throws. */
function homeCache(): string {
  try {
    return join(homedir(), '.cache')
  } catch {
    return join(tmpdir(), `cache-${process.getuid?.()}`)
  }
}

/** `macs`: multiply-accumulates that the result needs, which the program does not tell. */
export function cacheKey(program: Program, binding: Binding, device: Device, macs: number): string {
  const facts = [modelVersion(), print(program, { sites: false }), binding, device, macs]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

/**
 * A folder that cannot be read or written, or a file that holds something else, is no reason to fail: costs are then
 * modelled anew. `onProblem` is told of the first one, in one line.
 */
export function diskCache(folder = cacheFolder(), onProblem: (line: string) => void = () => {}): Cache {
  const path = (key: string) => join(folder, `${key}.json`)
  let told = false
  const tell = (what: string): void => {
    if (!told) onProblem(what)
    told = true
  }
  return {
    get(key) {
      let text: string
      try {
        text = readFileSync(path(key), 'utf8')
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'ENOENT') tell(`cannot read the cache ${folder} (${code}): costs are modelled anew`)
        return null
      }
      const cost = parsed(text)
      if (!cost) tell(`the cache ${folder} holds a damaged file: its cost is modelled anew`)
      return cost
    },
    put(key, cost) {
      // renamed into place: a reader never sees half a file, whoever else writes it
      const temporary = `${path(key)}.${process.pid}`
      try {
        mkdirSync(folder, { recursive: true })
        writeFileSync(temporary, JSON.stringify(cost))
        renameSync(temporary, path(key))
      } catch (error) {
        discard(temporary)
        tell(
          `cannot write to the cache ${folder} (${(error as NodeJS.ErrnoException).code}): costs are not kept`,
        )
      }
    },
  }
}

function discard(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // where nothing can be written, there is nothing to remove
  }
}

function parsed(text: string): Cost | null {
  try {
    const cost = JSON.parse(text) as Partial<Cost> | null
    const whole =
      Number.isFinite(cost?.metrics?.total_time) &&
      Number.isFinite(cost?.metrics?.hbm_read_bytes) &&
      Number.isFinite(cost?.asWritten?.hbm_read_bytes) &&
      Number.isFinite(cost?.bounds?.launch)
    return whole ? (cost as Cost) : null
  } catch {
    return null
  }
}

/** For one process, where nothing is to be written. */
export function memoryCache(): Cache {
  const costs = new Map<string, Cost>()
  return { get: (key) => costs.get(key) ?? null, put: (key, cost) => costs.set(key, cost) }
}
