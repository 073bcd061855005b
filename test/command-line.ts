/** A command line, run in this process: what it prints, and its exit code. */
import { vi } from 'vitest'
import { main } from '../src/cli/main.ts'

export interface Finished {
  readonly code: number
  readonly out: string
  readonly err: string
}

export async function neuronmm(...args: readonly string[]): Promise<Finished> {
  let out = ''
  let err = ''
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text
      return true
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += text
      return true
    }),
    vi.spyOn(console, 'log').mockImplementation((...words) => {
      out += `${words.join(' ')}\n`
    }),
    vi.spyOn(console, 'error').mockImplementation((...words) => {
      err += `${words.join(' ')}\n`
    }),
  ]
  try {
    await main(args)
    return { code: Number(process.exitCode ?? 0), out, err }
  } finally {
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
  }
}
