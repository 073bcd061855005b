/** A command line: run in this process, which is quick, or as its users run it, for signals and pipes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const BIN = join(ROOT, 'dist/cli/bin.js')

const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  )

/** Compiles what `neuronmm` runs, unless it is as new as its sources. */
export function build(): void {
  const built = statSync(BIN, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built > newest(join(ROOT, 'src'))) return
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stdout)
}

/** A process of `neuronmm …args`, and what becomes of it. */
export function start(...args: string[]): {
  child: ChildProcess
  written: Finished
  ended: Promise<NodeJS.Signals | null>
} {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const written = { code: -1, out: '', err: '' }
  child.stdout!.on('data', (data) => {
    written.out += data
  })
  child.stderr!.on('data', (data) => {
    written.err += data
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (code, signal) => {
      written.code = code ?? -1
      resolve(signal)
    })
  })
  return { child, written, ended }
}
