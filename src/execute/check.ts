/**
 * An emitted kernel held against the program that it was emitted from: its outputs against those of `simulate/run`, bit
 * by bit on whole numbers and within a rounding step otherwise, and its bytes from and to HBM against the counters.
 */
import { setImmediate as breathe } from 'node:timers/promises'
import { type EmitOptions, emitPython, type Target } from '../emit/index.ts'
import {
  bind,
  type Dims,
  type Kernel,
  KernelError,
  type OptionValues,
  type Program,
  type ScheduleValues,
  walk,
} from '../nki/index.ts'
import { count, countLaunch, randomInputs, run } from '../simulate/index.ts'
import { compare, type Dtype, dtypeInfo, type Tensor, tolerance } from '../tensor/index.ts'
import { type ExecuteOptions, type ExecutionCase, type ExecutionResult, executePython } from './execute.ts'

/** A kernel at a shape, and the texts of it that are to be checked. */
export interface CheckRequest {
  readonly kernel: Kernel
  readonly dims: Dims
  readonly dtype: Dtype
  readonly emit: readonly EmitOptions[]
  readonly schedule?: ScheduleValues
  readonly options?: OptionValues
  /** Block sizes that the caller of the Python passes as keywords, instead of those that the text has. */
  readonly passed?: Readonly<Record<string, number>>
  /** Affine loops run backwards: their iterations must not depend on each other. */
  readonly reversed?: boolean
  /** By default both. */
  readonly data?: readonly Distribution[]
}

/** What was executed, and what was expected. */
export interface Pair<T> {
  readonly python: T
  readonly expected: T
}

export interface CheckOutcome {
  readonly request: CheckRequest
  readonly emit: EmitOptions
  readonly ok: boolean
  /** What Python, a stand-in or the emitter refused; then there is nothing else. */
  readonly error: string | null
  /** On numbers with a normal distribution, and what is allowed; the largest error in units of the largest output. */
  readonly relativeError: number | null
  readonly largestError: number | null
  readonly allowed: number
  /** Largest difference on whole numbers, where nothing is rounded; null for kernels that leave them. */
  readonly integerError: number | null
  /** Null where they were not counted. */
  readonly hbmReadBytes: Pair<number> | null
  readonly hbmWriteBytes: Pair<number> | null
}

/** Dtypes that numpy stand-ins have. */
export const CHECKED_DTYPES: readonly Dtype[] = ['bfloat16', 'float32', 'float16']

export type Distribution = 'normal' | 'integer'

interface Planned {
  readonly request: CheckRequest
  readonly emit: EmitOptions
  readonly program: Program
  readonly refused: string | null
  readonly executions: readonly Execution[]
}

interface Execution {
  readonly distribution: Distribution
  readonly expected: Tensor
  readonly execution: ExecutionCase
}

/** Outcomes in the order of the requests, and of the texts within each. @throws AbortError on the signal */
export async function checkEmitted(
  python: string,
  requests: readonly CheckRequest[],
  { interpreter, signal, onProgress }: ExecuteOptions = {},
): Promise<CheckOutcome[]> {
  const planned: Planned[] = []
  const total = 2 * requests.reduce((sum, { emit }) => sum + emit.length, 0)
  for (const request of requests) {
    planned.push(...plan(request))
    onProgress?.(planned.length, total)
    await breathe()
    signal?.throwIfAborted()
  }
  const results = await executePython(
    python,
    planned.flatMap(({ executions }) => executions.map(({ execution }) => execution)),
    {
      ...(interpreter && { interpreter }),
      ...(signal && { signal }),
      onProgress: (done, all) => onProgress?.(total / 2 + Math.floor((total * done) / (2 * all)), total),
    },
  )
  const remaining = [...results]
  return planned.map((plan) => judge(plan, remaining.splice(0, plan.executions.length)))
}

function plan(request: CheckRequest): Planned[] {
  const { kernel, dims, dtype, schedule = {}, options = {}, passed = {}, reversed = false } = request
  const written = kernel.trace(schedule, options)
  const program = kernel.trace({ ...schedule, ...passed }, options)
  const { data: wanted = ['normal', 'integer'] } = request
  const distributions: readonly Distribution[] = staysWhole(program) ? wanted : ['normal']
  const data = distributions.map((distribution) => {
    const inputs = Object.values(randomInputs(kernel, dims, dtype, 0, distribution))
    // the program may call them otherwise than the kernel
    const byName = Object.fromEntries(inputs.map((tensor, i) => [program.inputs[i]!.name, tensor]))
    return { distribution, inputs, expected: run(program, byName) }
  })
  const keywords = Object.fromEntries(
    program.params.flatMap(({ name, value }, i) =>
      value === written.params[i]!.value ? [] : [[name.toUpperCase(), value]],
    ),
  )
  return request.emit.map((emit) => {
    const source = textOf(written, emit)
    const common = {
      dialect: emit.dialect,
      function: kernel.name,
      keywords,
      reversed,
      cores: emit.cores?.count ?? 1,
      ...(emit.target && { target: emit.target as Target }),
    }
    if ('refused' in source) return { request, emit, program, refused: source.refused, executions: [] }
    const executions = data.map(({ inputs, ...rest }) => ({
      ...rest,
      execution: { ...common, source: source.text, inputs },
    }))
    return { request, emit, program, refused: null, executions }
  })
}

function textOf(program: Program, emit: EmitOptions): { text: string } | { refused: string } {
  try {
    return { text: emitPython(program, emit) }
  } catch (error) {
    if (error instanceof KernelError) return { refused: error.message.replace(/\s*\n\s*/g, ' ') }
    throw error
  }
}

const LEAVES_WHOLE_NUMBERS = new Set(['exp', 'silu', 'gelu', 'sigmoid', 'tanh', 'rsqrt', 'divide'])

/** Whether whole numbers stay whole: then float32 sums are exact, in whatever order. */
function staysWhole(program: Program): boolean {
  for (const [node] of walk(program.body))
    if (node.kind === 'op') {
      const words = Object.values(node.attributes).map(String)
      if (node.spec.name === 'reciprocal' || words.some((word) => LEAVES_WHOLE_NUMBERS.has(word)))
        return false
    }
  return true
}

function judge(
  { request, emit, program, refused, executions }: Planned,
  results: readonly ExecutionResult[],
): CheckOutcome {
  const { kernel, dims, dtype } = request
  const allowed = step(kernel, dims, dtype)
  const outcome = { request, emit, allowed, relativeError: null, largestError: null, integerError: null }
  const error = refused ?? results.map((r) => ('error' in r ? r.error : null)).find((e) => e !== null) ?? null
  if (error !== null) return { ...outcome, ok: false, error, hbmReadBytes: null, hbmWriteBytes: null }
  const done = results.flatMap((result) => ('error' in result ? [] : [result]))
  const binding = bind(program, dims, dtype)
  const counts = emit.cores ? countLaunch(program, binding, emit.cores) : count(program, binding)
  const counted = (name: 'hbmReadBytes' | 'hbmWriteBytes') =>
    done.some((result) => result[name] === null) ? null : { python: done[0]![name]!, expected: counts[name] }
  const bytes = { hbmReadBytes: counted('hbmReadBytes'), hbmWriteBytes: counted('hbmWriteBytes') }
  const errors = Object.assign(
    { relativeError: null, largestError: null, integerError: null },
    ...done.map(({ output }, i) => errorsOf(executions[i]!, output)),
  ) as Errors
  const ok =
    (errors.relativeError ?? 0) <= allowed &&
    (errors.largestError ?? 0) <= 2 * allowed &&
    (errors.integerError ?? 0) === 0 &&
    Object.values(bytes).every((pair) => pair === null || pair.python === pair.expected)
  return { ...outcome, ...errors, ...bytes, ok, error }
}

type Errors = Pick<CheckOutcome, 'relativeError' | 'largestError' | 'integerError'>

function errorsOf({ distribution, expected }: Execution, output: Tensor): Partial<Errors> {
  const { relativeError, maxAbsError } = compare(output, expected)
  if (distribution === 'integer') return { integerError: maxAbsError }
  const largest = expected.toFloat32().reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return { relativeError, largestError: largest === 0 ? maxAbsError : maxAbsError / largest }
}

/**
 * How far two executions of one kernel may be apart, relative to its output: sums of float32 in another order differ in
 * their last places, so that a result may be rounded to the neighbour. In 16 bits that is the unit roundoff; in float32
 * the last places are the result, and the error is that of the sum itself.
 */
function step(kernel: Kernel, dims: Dims, dtype: Dtype): number {
  const { bytes, significandBits } = dtypeInfo(dtype)
  if (bytes < 4) return 2 ** -significandBits
  const contraction = kernel.dims.reduce(
    (sum, dim) => sum + (kernel.output.includes(dim) ? 0 : (dims[dim] ?? 1)),
    0,
  )
  return tolerance(dtype, Math.max(1, contraction), Object.keys(kernel.inputs).length)
}
