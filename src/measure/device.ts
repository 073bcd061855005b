/**
 * Measuring on a NeuronCore: every point in a Python process of its own, so that one that crashes or hangs costs itself
 * only; then, where the Neuron tools are, its summary by the profiler. Written from the documentation of the Neuron SDK
 * and tested against stand-ins of its tools: it has not been run on hardware yet.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emitPython, TORCH_DEVICE } from '../emit/index.ts'
import {
  CLOCKS,
  type Clock,
  type Failure,
  FORMAT,
  faultOf,
  type Measurement,
  type Measurements,
  type Percentiles,
} from './document.ts'
import { type Point, tracePoint } from './points.ts'
import { runProcess } from './process.ts'
import { filesBelow, type Summarised, summarise } from './profiler.ts'
import { type Sdk, script } from './sdk.ts'

export interface DeviceOptions {
  readonly warmup: number
  readonly iterations: number
  /** Most seconds for one point; compilation is most of it. */
  readonly seconds: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
  /** Told at once what became of a point. */
  readonly onPoint?: (result: Measurement | Failure) => void
}

export interface DeviceRun {
  readonly measurements: Measurements
  /** Ended early by the signal: what was measured until then is there. */
  readonly interrupted: boolean
}

export async function measureOnDevice(
  points: readonly Point[],
  sdk: Sdk,
  options: DeviceOptions,
): Promise<DeviceRun> {
  const results: (Measurement | Failure)[] = []
  let interrupted = false
  for (const point of points) {
    try {
      const result = await measure(point, sdk, options)
      results.push(result)
      options.onPoint?.(result)
    } catch (error) {
      if (!options.signal?.aborted) throw error
      interrupted = true
      break
    }
    options.onProgress?.(results.length, points.length)
  }
  return { measurements: documentOf(sdk, results), interrupted }
}

function documentOf(sdk: Sdk, results: readonly (Measurement | Failure)[]): Measurements {
  const { target, dialect, instance, pythonVersion, packages, profiler } = sdk
  return {
    format: FORMAT,
    target,
    dialect,
    machine: { instance, python: pythonVersion, packages, profiler },
    points: results.filter((result): result is Measurement => !('error' in result)),
    failures: results.filter((result): result is Failure => 'error' in result),
  }
}

async function measure(point: Point, sdk: Sdk, options: DeviceOptions): Promise<Measurement | Failure> {
  const folder = mkdtempSync(join(tmpdir(), 'neuronmm-device-'))
  try {
    writeCase(folder, point, sdk, options)
    const timed = await runCase(folder, point, sdk, options)
    if ('error' in timed) return { ...point, error: timed.error }
    const summary = sdk.profiler ? await summariseCase(folder, point, sdk, options) : null
    const measured = { ...point, ...timed, profile: null, note: null }
    if (!summary) return measured
    // the times are good without it
    return 'error' in summary ? { ...measured, note: summary.error } : { ...measured, profile: summary }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const KERNEL = 'kernel.py'

function writeCase(folder: string, point: Point, { dialect, target }: Sdk, options: DeviceOptions): void {
  const { program } = tracePoint(point)
  const { dims, dtype, cores } = point
  const source = emitPython(program, { dialect, target, ...(cores && { cores }) })
  writeFileSync(join(folder, KERNEL), source)
  writeFileSync(join(folder, 'torch_device.py'), TORCH_DEVICE)
  const inputs = program.inputs.map(({ p, f }) => ({ shape: [dims[p.dim] ?? 1, dims[f.dim] ?? 1], dtype }))
  const { warmup, iterations } = options
  const described = {
    file: KERNEL,
    function: program.name,
    dialect,
    target,
    inputs,
    cores: cores?.count ?? 1,
    warmup,
    iterations,
  }
  writeFileSync(join(folder, 'case.json'), JSON.stringify(described))
}

/** Kernels are compiled for as many physical cores as a logical one has (NKI documentation, nki.jit). */
const environment = ({ cores }: Point, { target }: Sdk): Record<string, string> =>
  target === 'trn1' ? {} : { NEURON_LOGICAL_NC_CONFIG: `${cores?.count ?? 1}` }

type Timed = { readonly clock: Clock; readonly percentiles: Percentiles } | { readonly error: string }

async function runCase(
  folder: string,
  point: Point,
  sdk: Sdk,
  { seconds, signal }: DeviceOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<Timed> {
  const { failure } = await runProcess(sdk.python, ['-B', script('benchmark'), 'case.json'], {
    cwd: folder,
    env: { ...environment(point, sdk), ...env },
    seconds,
    signal,
  })
  if (failure) return { error: failure }
  const path = join(folder, 'result.json')
  if (!existsSync(path)) return { error: 'it ended without a result' }
  return checked(JSON.parse(readFileSync(path, 'utf8')))
}

function checked(result: { error?: string; clock?: unknown; percentiles?: unknown }): Timed {
  if (result.error !== undefined) return { error: result.error.split('\n')[0]! }
  const { clock, percentiles } = result
  const fault = CLOCKS.includes(clock as Clock) ? faultOf(percentiles) : `an unknown clock, ${clock}`
  return fault ? { error: fault } : { clock: clock as Clock, percentiles: percentiles as Percentiles }
}

/** nki.benchmark has left the compiled kernel and a trace; otherwise another run lets the runtime write the kernel down. */
async function summariseCase(
  folder: string,
  point: Point,
  sdk: Sdk,
  options: DeviceOptions,
): Promise<Summarised> {
  const { seconds, signal } = options
  const [neff, trace] = [join(folder, 'kernel.neff'), join(folder, 'kernel.ntff')]
  const limits = { cwd: folder, env: environment(point, sdk), seconds, signal }
  if (existsSync(neff)) return summarise(sdk.profiler!, neff, existsSync(trace) ? trace : null, limits)
  const inspected = await runCase(folder, point, sdk, options, {
    NEURON_RT_INSPECT_ENABLE: '1',
    NEURON_RT_INSPECT_DEVICE_PROFILE: '1',
    NEURON_RT_INSPECT_OUTPUT_DIR: folder,
  })
  if ('error' in inspected) return inspected
  const [largest] = filesBelow(folder, '.neff')
  return largest
    ? summarise(sdk.profiler!, largest, null, limits)
    : { error: 'the runtime wrote no compiled kernel (NEFF) down' }
}
