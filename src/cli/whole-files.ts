/** Files that commands write: whole or not at all, and refused before the work rather than after it. */
import {
  accessSync,
  constants,
  mkdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ArgumentError } from '../nki/index.ts'

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

/** The same for a folder that is made where it is missing. @throws ArgumentError */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch {
    throw new ArgumentError(`${path}: no folder can be made there; choose another one`)
  }
  checkWritable(join(path, 'a file'))
}

/** By renaming into place: whatever happens, nobody sees half a file. @throws ArgumentError */
export function writeWhole(path: string, data: string | Uint8Array): void {
  const existing = whatIs(path)
  // a pipe or a device is written as it is
  const temporary = existing && !existing.isFile() ? path : `${path}.${process.pid}`
  try {
    writeFileSync(temporary, data)
    if (temporary !== path) renameSync(temporary, path)
  } catch (error) {
    if (temporary !== path) rmSync(temporary, { force: true })
    throw new ArgumentError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
}

const isFolder = (path: string): boolean => whatIs(path)?.isDirectory() ?? false

function whatIs(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
