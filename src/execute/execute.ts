/**
 * Executing emitted Python: many cases in one process, tensors in one binary file, and a line from the process for
 * each case that is done. The numpy stand-ins are Python themselves, under test/nki, and part of the package.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Dialect, Target } from '../emit/index.ts'
import { Tensor } from '../tensor/index.ts'
import type { Interpreter } from './python.ts'

export interface ExecutionCase {
  readonly dialect: Dialect
  /** The emitted text. */
  readonly source: string
  readonly function: string
  /** In the kernel's order. */
  readonly inputs: readonly Tensor[]
  readonly keywords?: Readonly<Record<string, number>>
  /** Programs of the launch, executed one after the other. */
  readonly cores?: number
  /** Whose memory it must fit in; by default trn1 for legacy and trn2 for current. */
  readonly target?: Target
  /** Affine loops run backwards: their iterations must not depend on each other. Stand-ins only. */
  readonly reversed?: boolean
}

/** Bytes are null where the interpreter does not count them. */
export type ExecutionResult =
  | { readonly output: Tensor; readonly hbmReadBytes: number | null; readonly hbmWriteBytes: number | null }
  | { readonly error: string }

export interface ExecuteOptions {
  readonly interpreter?: Interpreter
  readonly signal?: AbortSignal
  /** Called after every case. */
  readonly onProgress?: (done: number, total: number) => void
}

/** dist/execute and src/execute are equally deep. */
const RUNNER = fileURLToPath(new URL('../../test/nki/execute.py', import.meta.url))

/** @throws Error when Python itself fails, AbortError on the signal; what a kernel does wrong is in its result. */
export async function executePython(
  python: string,
  cases: readonly ExecutionCase[],
  { interpreter = 'stand-in', signal, onProgress }: ExecuteOptions = {},
): Promise<ExecutionResult[]> {
  signal?.throwIfAborted()
  const folder = mkdtempSync(join(tmpdir(), 'neuronmm-'))
  try {
    write(folder, cases, interpreter)
    const written = await start(python, folder, signal, (done) => onProgress?.(done, cases.length))
    if (written.length !== cases.length)
      throw new Error(`${python} ended after ${written.length} of ${cases.length} kernels`)
    return read(folder, cases, written)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Results come as lines that begin with a record separator (RFC 7464): kernels may print as they like. */
async function start(
  python: string,
  folder: string,
  signal: AbortSignal | undefined,
  onResult: (done: number) => void,
): Promise<Written[]> {
  const child = spawn(python, ['-B', RUNNER, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
    ...(signal && { signal }),
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4096)
  })
  const written: Written[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('\x1e')) return
    written.push(JSON.parse(line.slice(1)) as Written)
    onResult(written.length)
  })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`${python} failed: ${complaint.trim().split('\n').at(-1)}`)
  return written
}

function write(folder: string, cases: readonly ExecutionCase[], interpreter: Interpreter): void {
  const chunks: Float32Array[] = []
  const offsets = new Map<Tensor, number>()
  let offset = 0
  const place = (tensor: Tensor): number => {
    const known = offsets.get(tensor)
    if (known !== undefined) return known
    const at = offset
    offsets.set(tensor, at)
    chunks.push(tensor.toFloat32())
    offset += tensor.size
    return at
  }
  const described = cases.map(({ source, inputs, keywords = {}, cores = 1, ...rest }, i) => {
    const file = `kernel_${i}.py`
    writeFileSync(join(folder, file), source)
    const tensors = inputs.map((t) => ({ shape: t.shape, dtype: t.dtype, offset: place(t) }))
    return { ...rest, interpreter, file, keywords, cores, inputs: tensors }
  })
  const bytes = chunks.map((chunk) => new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  writeFileSync(join(folder, 'inputs.bin'), Buffer.concat(bytes))
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(described))
}

/** What the process says of one case. */
interface Written {
  readonly error?: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly hbmReadBytes: number | null
  readonly hbmWriteBytes: number | null
}

function read(
  folder: string,
  cases: readonly ExecutionCase[],
  written: readonly Written[],
): ExecutionResult[] {
  const outputs = readFileSync(join(folder, 'outputs.bin'))
  return written.map(({ error, shape, offset, hbmReadBytes, hbmWriteBytes }, i) => {
    if (error !== undefined) return { error }
    const size = shape.reduce((a, b) => a * b, 1)
    const values = new Float32Array(size)
    new Uint8Array(values.buffer).set(outputs.subarray(offset, offset + 4 * size))
    return { output: Tensor.from(values, shape, cases[i]!.inputs[0]!.dtype), hbmReadBytes, hbmWriteBytes }
  })
}
