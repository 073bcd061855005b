/**
 * Where in the kernel's source an instruction was issued. V8 captures the frames at once but formats them on first
 * use, so keeping a site for every node costs about 10 µs and printing one about 90 µs.
 */

/** This folder, as it appears in stack frames: its sources and, behind source maps or not, its compiled files. */
const FOLDERS = (() => {
  const here = decodeURIComponent(new URL('.', import.meta.url).pathname)
  return [here, here.replace(/\/dist\/nki\/$/, '/src/nki/')]
})()

/** `    at name (file:line:column)` or `    at file:line:column`; a file may have spaces and brackets in its name. */
const FRAME = /^\s*at (?:\S.*? \()?(.+?):(\d+):\d+\)?$/
const isLanguage = (file: string): boolean =>
  FOLDERS.some((folder) => file.startsWith(folder)) && !/\.test(-d)?\.ts$/.test(file)

export class Site {
  private text: string | undefined

  private constructor(private readonly error: Error) {}

  static capture(): Site {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 40
    const site = new Site(new Error())
    Error.stackTraceLimit = limit
    return site
  }

  /** `fused-xuv.ts:41`, or `fused-xuv.ts:41, in blocks.ts:16` when a library function stands between. */
  toString(): string {
    this.text ??= userFrames(this.error.stack ?? '')
    return this.text
  }

  /** Like toString(), but only the kernel's own line. */
  get line(): string {
    return this.toString().split(',')[0]!
  }
}

/**
 * The frames from the first one outside of the language to the one that the language called, i.e. `trace`. Where a
 * routine stands between, the language calls the library on the kernel's behalf: those frames are passed over.
 */
export function userFrames(stack: string): string {
  const frames: string[] = []
  let passed = ''
  let traced = false
  for (const text of stack.split('\n').slice(1)) {
    const match = FRAME.exec(text)
    if (!match) continue
    const file = fileOf(match[1]!)
    if (isLanguage(file)) {
      passed = file
      continue
    }
    traced = frames.length > 0 && passed !== '' && !/\/routine\.[jt]s$/.test(passed)
    if (traced) break
    frames.push(`${file.split('/').at(-1)}:${match[2]}`)
    passed = ''
  }
  traced ||= passed !== ''
  if (frames.length === 0) return 'unknown place'
  // outside of a trace, what called the caller says nothing
  return frames.length === 1 || !traced ? frames[0]! : `${frames.at(-1)}, in ${frames[0]}`
}

const fileOf = (location: string): string =>
  (location.startsWith('file://')
    ? decodeURIComponent(location.slice('file://'.length))
    : location.replace(/^async /, '')
  ).replace(/\?.*$/, '')
