/**
 * Progress on stderr for what takes over a second: a bar on a terminal, a line every few seconds elsewhere. Ctrl-C
 * aborts the signal, so that work stops at its next step and says so.
 */
import { SingleBar } from 'cli-progress'

type OnProgress = (done: number, total: number) => void

const SHOW_AFTER_MS = 1000
const LINE_EVERY_MS = 5000

export async function withProgress<T>(
  label: string,
  work: (onProgress: OnProgress, signal: AbortSignal) => T | Promise<T>,
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
