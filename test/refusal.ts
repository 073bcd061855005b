/**
 * Kernels that are wrong on purpose, and what is said about them. The compiler refuses most of them already (see
 * types.test-d.ts), so these take untyped handles, as a caller from plain JavaScript does.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Kernel, KernelError, kernel } from '../src/nki/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the types refuse is what these kernels do
type Untyped = any
type Body = (h: Untyped, tensors: Untyped, dims: Untyped, schedule: Untyped) => unknown

interface Options {
  readonly inputs?: Readonly<Record<string, readonly [string, string]>>
  readonly output?: readonly [string, string]
  readonly limits?: Readonly<Record<string, number>>
}

/** A kernel `k` of x [K, M] and w [K, N], with result [M, N] and a schedule of one block size. */
export function untyped(trace: Body, options: Options = {}): Kernel {
  const { inputs = { x: ['K', 'M'], w: ['K', 'N'] }, output = ['M', 'N'], limits = {} } = options
  const declaration: Untyped = {
    name: 'k',
    summary: 'A kernel under test.',
    inputs,
    output,
    limits,
    schedule: { kBlock: 512 },
    reference: () => ({ rows: 0, cols: 0, data: new Float64Array() }),
    macs: () => 0,
    trace,
  }
  return kernel(declaration)
}

/**
 * The message with which `attempt` is refused. Where it names a line of a test, the text of that line stands in its
 * place: a snapshot then shows whether it is the right line, and stays true when lines move.
 */
export function refusalOf(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    return withSourceLines(error.message)
  }
  throw new Error('it was accepted')
}

/** What is said about tracing this kernel. */
export const refusal = (trace: Body, options: Options = {}): string =>
  refusalOf(() => untyped(trace, options).trace())

const SOURCES = new URL('../src/', import.meta.url)
const withSourceLines = (message: string): string =>
  message.replace(/([\w-]+\.test\.ts):(\d+)/g, (_, file: string, line: string) => {
    const path = readdirSync(SOURCES, { recursive: true }).find((p) => basename(String(p)) === file)
    const source = readFileSync(new URL(String(path), SOURCES), 'utf8')
    return `«${source.split('\n')[Number(line) - 1]!.trim()}»`
  })
