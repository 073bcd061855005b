/**
 * Writing what was emitted: whole files or none, and never over what somebody else wrote, unless the user says so.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { WRITTEN_BY } from '../emit/index.ts'
import { ArgumentError } from '../nki/index.ts'
import { whatIs, writeWhole } from './whole-files.ts'

/** One file. What is no regular file (a device, a pipe) is written to as it is. */
export function writeEmitted(path: string, text: string, force = false): void {
  naming(path, () => {
    const target = whatIs(path)
    if (!target || target.isFile() || target.isDirectory()) refuseForeign(path, force)
  })
  writeWhole(path, text)
}

/**
 * Files by path in a folder. All are written beside it first: a new folder appears whole, and in one that is there
 * files are replaced by renaming. What else is in it stays.
 */
export function writeEmittedFolder(folder: string, files: ReadonlyMap<string, string>, force = false): void {
  naming(folder, () => {
    const target = resolve(folder)
    const stats = statOf(target)
    if (stats && !stats.isDirectory())
      throw new ArgumentError(`${folder} is a file; -o takes a folder with --all`)
    const occupied = stats && readdirSync(target).length > 0
    if (occupied && !force && !isOurs(join(target, '__init__.py')))
      throw new ArgumentError(
        `${folder} is not empty, and no package that neuronmm emitted; choose another folder, or give --force`,
      )
    for (const path of files.keys()) refuseForeign(join(target, path), force)
    mkdirSync(dirname(target), { recursive: true })
    const staged = `${target}.${process.pid}.tmp`
    try {
      mkdirSync(staged)
      for (const [path, text] of files) {
        mkdirSync(dirname(join(staged, path)), { recursive: true })
        writeFileSync(join(staged, path), text)
      }
      if (!stats) {
        renameSync(staged, target)
        return
      }
      for (const path of files.keys()) {
        mkdirSync(dirname(join(target, path)), { recursive: true })
        renameSync(join(staged, path), join(target, path))
      }
    } finally {
      rmSync(staged, { recursive: true, force: true })
    }
  })
}

function refuseForeign(path: string, force: boolean): void {
  const stats = statOf(path)
  if (stats?.isDirectory()) throw new ArgumentError(`${path} is a folder; -o takes a file`)
  if (stats && !force && !isOurs(path))
    throw new ArgumentError(
      `${path} is there, and neuronmm did not write it; choose another, or give --force`,
    )
}

const isOurs = (path: string): boolean => {
  const stats = statOf(path)
  return (
    Boolean(stats?.isFile() || stats?.isSymbolicLink()) && readFileSync(path, 'utf8').includes(WRITTEN_BY)
  )
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Errors of the file system name the path that the user gave, not a temporary one beside it. */
function naming(path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) Object.assign(error, { path })
    throw error
  }
}
