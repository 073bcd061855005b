/**
 * Progress on stderr for what takes over a second: a bar on a terminal, a line every few seconds elsewhere.
 */
import { writeSync } from 'node:fs'
import { SingleBar } from 'cli-progress'
import { interruptible } from './interrupt.ts'

type OnProgress = (done: number, total: number) => void

const SHOW_AFTER_MS = 1000
const LINE_EVERY_MS = 5000

/** Work that never yields: Ctrl-C ends it wherever it is (interrupt.ts). */
export function showProgress<T>(label: string, work: (onProgress: OnProgress) => T): T {
  const view = new View(label)
  try {
    return interruptible(() => work((done, total) => view.update(done, total)))
  } finally {
    view.stop()
  }
}

/** Work that yields: Ctrl-C aborts the signal, so that it stops at its next step and keeps what is done. */
export async function withProgress<T>(
  label: string,
  work: (onProgress: OnProgress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const interrupt = () => controller.abort()
  process.once('SIGINT', interrupt)
  const view = new View(label)
  try {
    return await work((done, total) => view.update(done, total), controller.signal)
  } finally {
    view.stop()
    process.off('SIGINT', interrupt)
  }
}

/** Past the stream of stderr: one that Ctrl-C interrupts within a write never writes again, and a last line is to come. */
function write(text: string): true {
  try {
    writeSync(process.stderr.fd, text)
  } catch {
    // nobody reads it, or too slowly; the work goes on
  }
  return true
}

class View {
  private readonly started = Date.now()
  private lastLine = 0
  private bar: SingleBar | null = null

  constructor(private readonly label: string) {}

  update(done: number, total: number): void {
    const now = Date.now()
    if (now - this.started < SHOW_AFTER_MS) return
    if (process.stderr.isTTY) {
      if (!this.bar) {
        this.bar = new SingleBar({
          format: `${this.label} {bar} {percentage}% · {eta_formatted} left`,
          stream: Object.create(process.stderr, { write: { value: write } }),
          clearOnComplete: true,
        })
        this.bar.start(total, done)
      }
      this.bar.update(done)
    } else if (now - this.lastLine >= LINE_EVERY_MS) {
      this.lastLine = now
      write(`${this.label}: ${Math.floor((100 * done) / Math.max(1, total))} %\n`)
    }
  }

  stop(): void {
    this.bar?.stop()
  }
}
