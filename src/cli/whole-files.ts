/** Files that commands write: whole or not at all, and refused before the work rather than after it. */
import {
  accessSync,
  constants,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ArgumentError } from '../nki/index.ts'
import { EXIT, INTERRUPTED } from './failure.ts'

/** That a file can be written there; one that exists is replaced. @throws ArgumentError */
export function checkWritable(path: string): void {
  if (isFolder(path)) throw new ArgumentError(`${path} is a folder; give the name of a file`)
  const folder = dirname(path)
  if (!isFolder(folder)) throw new ArgumentError(`${path}: there is no folder ${folder}; make it first`)
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    throw new ArgumentError(`${path}: ${folder} cannot be written to; choose another folder`)
  }
}

/** That a folder is there or can be made, and written to; nothing is made yet. @throws ArgumentError */
export function checkFolder(path: string): void {
  let existing = path
  while (!whatIs(existing) && dirname(existing) !== existing) existing = dirname(existing)
  if (!isFolder(existing)) throw new ArgumentError(`${path}: no folder can be made there; choose another one`)
  checkWritable(join(existing, 'a file'))
}

/**
 * By renaming into place: whatever happens, nobody sees half a file, and Ctrl-C leaves none beside it, since it ends the
 * process when the file is whole. @throws what node:fs throws, with `path`
 */
export function writeWhole(path: string, data: string | Uint8Array): void {
  const existing = whatIs(path)
  // a link stays one; a pipe or a device is written as it is, and need not have a path of its own (/dev/stdout)
  const target = existing?.isFile() ? realpathSync(path) : path
  const temporary = existing && !existing.isFile() ? target : `${target}.${process.pid}`
  const interrupt = () => {
    console.error(INTERRUPTED)
    process.exit(EXIT.interrupted)
  }
  process.once('SIGINT', interrupt)
  try {
    writeFileSync(temporary, data)
    if (temporary !== target) renameSync(temporary, target)
  } catch (error) {
    if (temporary !== target) rmSync(temporary, { force: true })
    // the name that the user gave, not that of the temporary file
    throw Object.assign(error as Error, { path })
  } finally {
    // a signal that came meanwhile is delivered between the two: the loop polls there, and not always before the first
    setImmediate(() => setImmediate(() => process.off('SIGINT', interrupt)))
  }
}

const isFolder = (path: string): boolean => whatIs(path)?.isDirectory() ?? false

export function whatIs(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
