/**
 * Progress on stderr for what takes over a second: a bar on a terminal, a line every few seconds elsewhere.
 */
import { SingleBar } from 'cli-progress'

type OnProgress = (done: number, total: number) => void

const SHOW_AFTER_MS = 1000
const LINE_EVERY_MS = 5000

/** Work that never yields: a signal could not reach it, so Ctrl-C is left to end the process. */
export function showProgress<T>(label: string, work: (onProgress: OnProgress) => T): T {
  const view = new View(label)
  try {
    return work((done, total) => view.update(done, total))
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
          stream: process.stderr,
          clearOnComplete: true,
        })
        this.bar.start(total, done)
      }
      this.bar.update(done)
    } else if (now - this.lastLine >= LINE_EVERY_MS) {
      this.lastLine = now
      console.error(`${this.label}: ${Math.floor((100 * done) / Math.max(1, total))} %`)
    }
  }

  stop(): void {
    this.bar?.stop()
  }
}
