/**
 * Executing emitted Python on the numpy stand-ins of test/nki: many cases in one process, tensors in one binary file.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tensor } from '../tensor/index.ts'
import type { Dialect } from './dialect.ts'

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
}

export type ExecutionResult =
  | { readonly output: Tensor; readonly hbmReadBytes: number; readonly hbmWriteBytes: number }
  | { readonly error: string }

/** The environment's Python with numpy, or null: `NEURONMM_PYTHON`, .venv of the working directory, python3. */
export function findPython(): string | null {
  const candidates = [process.env.NEURONMM_PYTHON, join('.venv', 'bin', 'python'), 'python3', 'python']
  for (const python of candidates) {
    if (!python) continue
    const { status } = spawnSync(python, ['-c', 'import numpy'], { stdio: 'ignore', timeout: 60_000 })
    if (status === 0) return python
  }
  return null
}

const RUNNER = fileURLToPath(new URL('../../test/nki/execute.py', import.meta.url))

/** @throws Error when Python itself fails; what a kernel does wrong is in its result. */
export function executePython(python: string, cases: readonly ExecutionCase[]): ExecutionResult[] {
  const folder = mkdtempSync(join(tmpdir(), 'neuronmm-'))
  try {
    write(folder, cases)
    const { status, stderr, error } = spawnSync(python, ['-B', RUNNER, folder], {
      encoding: 'utf8',
      env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
    })
    if (status !== 0)
      throw new Error(`${python} failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`)
    return read(folder, cases)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function write(folder: string, cases: readonly ExecutionCase[]): void {
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
  const described = cases.map(({ dialect, source, inputs, keywords = {}, cores = 1, ...rest }, i) => {
    const file = `kernel_${i}.py`
    writeFileSync(join(folder, file), source)
    const tensors = inputs.map((t) => ({ shape: t.shape, dtype: t.dtype, offset: place(t) }))
    return { file, dialect, function: rest.function, keywords, cores, inputs: tensors }
  })
  const bytes = chunks.map((chunk) => new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  writeFileSync(join(folder, 'inputs.bin'), Buffer.concat(bytes))
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(described))
}

interface Written {
  readonly error?: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly hbmReadBytes: number
  readonly hbmWriteBytes: number
}

function read(folder: string, cases: readonly ExecutionCase[]): ExecutionResult[] {
  const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Written[]
  const outputs = readFileSync(join(folder, 'outputs.bin'))
  return results.map(({ error, shape, offset, hbmReadBytes, hbmWriteBytes }, i) => {
    if (error !== undefined) return { error }
    const size = shape.reduce((a, b) => a * b, 1)
    const values = new Float32Array(size)
    new Uint8Array(values.buffer).set(outputs.subarray(offset, offset + 4 * size))
    return { output: Tensor.from(values, shape, cases[i]!.inputs[0]!.dtype), hbmReadBytes, hbmWriteBytes }
  })
}
