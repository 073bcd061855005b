/**
 * Which model costs come from: a hash of the sources that they are computed with (devices, op table, simulator), so that
 * a cost which another version of the model found is never taken for one of this. Nobody has to count versions up.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Folders beside this one, as TypeScript or compiled. */
const MODEL = ['tensor', 'nki', 'device', 'simulate']

let known: string | null = null

/** Read once per process. @throws Error when the package's own files cannot be read. */
export function modelVersion(): string {
  known ??= hashOf(MODEL.map((folder) => fileURLToPath(new URL(`../${folder}/`, import.meta.url))))
  return known
}

function hashOf(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders)
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort())
      if (isSource(file)) hash.update(`${file}\n`).update(readFileSync(`${folder}${file}`))
  return hash.digest('hex')
}

const isSource = (file: string): boolean => /\.[jt]s$/.test(file) && !/\.(test|test-d|d)\.ts$/.test(file)
