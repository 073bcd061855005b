/**
 * Programs that may hang, crash, print at length and start others: each runs in a process group of its own, which ends
 * with it, at a time limit, or on an abort.
 */
import { spawn } from 'node:child_process'

export interface ProcessOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly seconds: number
  readonly signal?: AbortSignal | undefined
}

export interface Ended {
  readonly status: number | null
  /** Why it did not succeed, in a few words; null where it did. */
  readonly failure: string | null
  readonly stdout: string
}

/** Between being asked to end and being ended. */
const GRACE_MS = 2000
const MOST_OUTPUT = 16 * 2 ** 20

/** @throws AbortError once the group is gone. A program that fails is not an error here: see `failure`. */
export function runProcess(
  command: string,
  args: readonly string[],
  { cwd, env, seconds, signal }: ProcessOptions,
): Promise<Ended> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, last] = ['', '']
    let timedOut = false
    let grace: NodeJS.Timeout | undefined
    const kill = (name: NodeJS.Signals): void => {
      try {
        process.kill(-child.pid!, name)
      } catch {
        // it is gone already
      }
    }
    const end = (): void => {
      kill('SIGTERM')
      grace = setTimeout(kill, GRACE_MS, 'SIGKILL')
    }
    const killNow = (): void => kill('SIGKILL')
    const timer = setTimeout(() => {
      timedOut = true
      end()
    }, seconds * 1000)
    signal?.addEventListener('abort', end)
    process.once('exit', killNow)
    const clear = (): void => {
      clearTimeout(timer)
      clearTimeout(grace)
      signal?.removeEventListener('abort', end)
      process.off('exit', killNow)
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < MOST_OUTPUT) stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      last = (last + text).slice(-4096)
    })
    child.on('error', (error) => {
      clear()
      resolve({ status: null, failure: error.message, stdout })
    })
    child.on('close', (status, killed) => {
      clear()
      // whatever it started and left behind
      if (child.pid !== undefined) killNow()
      if (signal?.aborted) reject(signal.reason)
      else if (timedOut) resolve({ status, failure: `it was ended after ${seconds} s`, stdout })
      else if (status === 0) resolve({ status, failure: null, stdout })
      else resolve({ status, failure: why(status, killed, last || stdout), stdout })
    })
  })
}

function why(status: number | null, killed: string | null, said: string): string {
  const how = killed ? `it was killed by ${killed}` : `it exited with ${status}`
  const line = said.trim().split('\n').at(-1)?.trim()
  return line ? `${how}: ${line}` : how
}
