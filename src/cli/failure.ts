/** What a failed command prints, one line, and with which exit code. */
import { ArgumentError, KernelError } from '../nki/index.ts'

export const EXIT = { ok: 0, failed: 1, badInput: 2, missing: 3, interrupted: 130 } as const

/** Something that this machine lacks: what, and how to get it. */
export class MissingError extends Error {
  override readonly name = 'MissingError'
}

export const INTERRUPTED = 'neuronmm: interrupted'

/** However many lines a message has. */
export const oneLine = (message: string): string => `neuronmm: ${message.trim().replace(/\s*\n\s*/g, ' ')}`

/** Mistakes of the user are one line; anything else is a defect of ours, and keeps its stack under NEURONMM_DEBUG. */
export function explain(error: unknown): { text: string; code: number } {
  if (!(error instanceof Error)) return { text: oneLine(String(error)), code: EXIT.failed }
  const line = oneLine(error.message)
  if (
    error instanceof ArgumentError ||
    error instanceof KernelError ||
    error instanceof RangeError ||
    error instanceof TypeError
  )
    return { text: line, code: EXIT.badInput }
  if (isFileError(error))
    return {
      text: `neuronmm: ${error.path} cannot be opened (${error.code}); check the path and its permissions`,
      code: EXIT.badInput,
    }
  if (error instanceof MissingError) return { text: line, code: EXIT.missing }
  if (error.name === 'AbortError') return { text: INTERRUPTED, code: EXIT.interrupted }
  return { text: process.env.NEURONMM_DEBUG ? (error.stack ?? line) : line, code: EXIT.failed }
}

const isFileError = (error: Error): error is NodeJS.ErrnoException & { path: string } =>
  'code' in error && 'path' in error && 'syscall' in error
