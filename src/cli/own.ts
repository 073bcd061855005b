/**
 * Kernels of one's own: where a command takes a kernel by name it takes a file, too, that exports one.
 *
 *     neuronmm profile ./scale.mjs --shape M=1024,N=4096        ./kernels.mjs#scale, where it exports several
 *
 * Files are imported before the command line is read, since all that reads it wants kernels at once.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { alone, type Family } from '../kernels/index.ts'
import { ArgumentError, type Kernel } from '../nki/index.ts'

/** A file, and which of its exports. */
const OWN = /^(?<file>[^#]+\.[cm]?[jt]s)(?:#(?<name>[\w$]+))?$/

/** The kernel of a spec (specs.ts). */
export const headOf = (text: string): string => text.split(/[:@]/, 1)[0]!

const families = new Map<string, Family>()

/** The kernel of a file that was imported; null for any other word. */
export const ownFamily = (word: string): Family | null => families.get(word) ?? null

/** Whether a word names a file at all, imported or not. */
export const isOwn = (word: string): boolean => OWN.test(word)

/** Imports what the words of a command line name. @throws ArgumentError in one line, whatever is wrong with a file. */
export async function importOwn(words: readonly string[]): Promise<void> {
  for (const word of new Set(words.flatMap((word) => [word, headOf(word)]))) {
    const { file, name } = OWN.exec(word)?.groups ?? {}
    if (file === undefined || !existsSync(file)) continue
    families.set(word, alone({ group: 'own' }, pick(word, await kernelsOf(file), name)))
  }
}

async function kernelsOf(file: string): Promise<Map<string, Kernel>> {
  let exports: Record<string, unknown>
  try {
    exports = await import(pathToFileURL(resolve(file)).href)
  } catch (error) {
    throw new ArgumentError(`${file}: ${reason(error, file)}`)
  }
  const found = Object.entries(exports).filter((entry): entry is [string, Kernel] => isKernel(entry[1]))
  return new Map(found)
}

function reason(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return `Node ${process.versions.node} does not read TypeScript; compile it, take Node 22.18 or newer, or a loader (NODE_OPTIONS="--import tsx")`
  if (error instanceof SyntaxError) return `${error.message}; node --check ${file} shows where`
  return error.message
}

/** The one that is named, else the only one. */
function pick(word: string, kernels: ReadonlyMap<string, Kernel>, name: string | undefined): Kernel {
  const names = [...kernels.keys()]
  if (names.length === 0)
    throw new ArgumentError(`${word}: it exports no kernel; export one, made by kernel()`)
  if (name === undefined && names.length > 1)
    throw new ArgumentError(`${word}: it exports ${names.join(', ')}; name one, as in ${word}#${names[0]}`)
  const kernel = kernels.get(name ?? names[0]!)
  if (!kernel) throw new ArgumentError(`${word}: it exports no kernel ${name}; there is ${names.join(', ')}`)
  return kernel
}

const isKernel = (value: unknown): value is Kernel =>
  typeof value === 'object' && value !== null && 'trace' in value && 'macs' in value && 'schedules' in value
