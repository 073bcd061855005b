/**
 * kernel(): an ordinary function becomes a kernel. It is traced once for all shapes and one configuration: dimensions
 * are spans, numbers of the schedule are parameters, and choices and options are plain words that it may branch on.
 */
import { ArgumentError, KernelError } from './errors.ts'
import { type Handles, handles } from './language.ts'
import type { HbmTensor, Program } from './program.ts'
import type { Algebra, Matrix } from './reference.ts'
import { userFrames } from './site.ts'
import { Param, Span } from './span.ts'
import { Trace } from './trace.ts'
import { verify } from './verify.ts'
import { View } from './view.ts'

type Shapes = Readonly<Record<string, readonly [p: string, f: string]>>
type DimsOf<I extends Shapes> = I[keyof I][number]
/** Words to choose from; the first is the default. */
type Words = Readonly<Record<string, readonly [string, ...string[]]>>
type Chosen<W extends Words> = { readonly [K in keyof W]: W[K][number] }

export interface KernelDef<
  I extends Shapes,
  O extends readonly [DimsOf<I>, DimsOf<I>],
  S extends Readonly<Record<string, number>>,
  C extends Words,
  Q extends Words,
> {
  readonly name: string
  /** One sentence: what it computes, and its idea. */
  readonly summary: string
  /** Inputs in the order of the call, each [rows, columns] in HBM. */
  readonly inputs: I
  readonly output: O
  /** Upper bounds of dimensions; the verifier relies on them, and every run checks them. */
  readonly limits?: { readonly [D in DimsOf<I>]?: number }
  /** Block sizes: numbers that stay symbolic, with their default values. */
  readonly schedule: S
  /** Choices of the schedule that shape the trace, such as which operand is stationary. They do not change the result. */
  readonly choices?: C
  /** Options that change the result, such as a fused activation. */
  readonly options?: Q
  /** Other schedules with a name. */
  readonly schedules?: Readonly<Record<string, Partial<S & Chosen<C>>>>
  /** Our default for a shape on a core (`trn1`), where it differs from `schedule`. */
  defaultFor?(dims: { readonly [D in DimsOf<I>]: number }, target: string): Partial<S & Chosen<C>>
  /** The values that a search over schedules tries. */
  readonly space?: { readonly [K in keyof S]?: readonly number[] }
  /** What it ought to compute. */
  reference(algebra: Algebra, inputs: { readonly [K in keyof I]: Matrix }, options: Chosen<Q>): Matrix
  /** Multiply-accumulates that the result needs. */
  macs(dims: { readonly [D in DimsOf<I>]: number }): number
  trace(
    h: Handles,
    tensors: { readonly [K in keyof I]: View<'hbm', I[K][0], I[K][1]> } & {
      readonly y: View<'hbm', O[0], O[1]>
    },
    dims: { readonly [D in DimsOf<I>]: Span<D> },
    schedule: { readonly [K in keyof S]: Param } & Chosen<C>,
    options: Chosen<Q>,
  ): void
}

export type ScheduleValues = Readonly<Record<string, number | string>>
export type OptionValues = Readonly<Record<string, string>>

/** A kernel whose dimensions are known by name only: what tools work with. */
export interface Kernel {
  readonly name: string
  readonly summary: string
  readonly inputs: Shapes
  readonly output: readonly [string, string]
  readonly limits: Readonly<Record<string, number>>
  /** Default block sizes and choices. */
  readonly schedule: ScheduleValues
  readonly choices: Words
  readonly options: Words
  /** Schedules by name; `default` is among them. */
  readonly schedules: Readonly<Record<string, ScheduleValues>>
  /** The entries of the default schedule for a shape that differ from `schedule`; of trn1, unless a core is named. */
  defaultFor(dims: Readonly<Record<string, number>>, target?: string): ScheduleValues
  readonly space: Readonly<Record<string, readonly number[]>>
  /** Numbers that the entry `buffers` takes beside `auto`; none where the kernel gives that entry a meaning of its own. */
  readonly degrees: readonly number[]
  /** Dimensions in the order in which the inputs name them. */
  readonly dims: readonly string[]
  reference(algebra: Algebra, inputs: Readonly<Record<string, Matrix>>, options: OptionValues): Matrix
  macs(dims: Readonly<Record<string, number>>): number
  /** @throws KernelError for what the language or the hardware refuses, ArgumentError for an unknown entry. */
  trace(schedule?: ScheduleValues, options?: OptionValues): Program
}

export function kernel<
  const I extends Shapes,
  const O extends readonly [DimsOf<I>, DimsOf<I>],
  S extends Readonly<Record<string, number>>,
  // biome-ignore lint/complexity/noBannedTypes: no choices unless they are declared
  const C extends Words = {},
  // biome-ignore lint/complexity/noBannedTypes: no options unless they are declared
  const Q extends Words = {},
>(def: KernelDef<I, O, S, C, Q>): Kernel {
  checkDeclared(def)
  const choices: Words = def.choices ?? {}
  const own = { ...def.schedule, ...firstWords(choices) }
  const degrees = BUFFERS in own ? [] : DEGREES
  const defaults = BUFFERS in own ? own : { ...own, [BUFFERS]: AUTO }
  // from here on names are only known at run time: the one place where the declaration loses its types
  const untyped = def as unknown as Declared
  return {
    name: def.name,
    summary: def.summary,
    inputs: def.inputs,
    output: def.output,
    limits: untyped.limits ?? {},
    schedule: defaults,
    choices,
    options: def.options ?? {},
    schedules: { default: {}, ...(def.schedules as Record<string, ScheduleValues> | undefined) },
    defaultFor: (dims, target = 'trn1') => untyped.defaultFor?.(dims, target) ?? {},
    space: untyped.space ?? {},
    degrees,
    dims: [...new Set(Object.values<readonly string[]>(def.inputs).flat())],
    reference: (algebra, inputs, options) =>
      untyped.reference(algebra, inputs, { ...firstWords(def.options ?? {}), ...options }),
    macs: (dims) => untyped.macs(dims),
    trace: (schedule = {}, options = {}) =>
      traceKernel(untyped, defaults, choices, degrees, schedule, options),
  }
}

/**
 * An entry of every schedule, unless a kernel gives it a meaning of its own: the degree of multi-buffering, how many
 * copies rotate of what is allocated to rotate at all. `auto` leaves it to the compiler, which takes what fits.
 */
export const BUFFERS = 'buffers'
export const AUTO = 'auto'
/** One copy: a load waits for what reads the block before. The profiler takes no more than four (device/, bufferingDegree). */
const DEGREES = [1, 2, 3, 4]

/** A declaration after its types are gone; what it may leave out is optional still. */
type Declared = Omit<Kernel, 'trace' | 'defaultFor' | 'limits' | 'options' | 'space' | 'degrees'> &
  Partial<Pick<Kernel, 'defaultFor' | 'limits' | 'options' | 'space'>> & { trace: Body }

type Body = (
  h: Handles,
  tensors: Record<string, View>,
  dims: Record<string, Span<string>>,
  schedule: Record<string, Param | string>,
  options: OptionValues,
) => unknown

const firstWords = (words: Words): Record<string, string> =>
  Object.fromEntries(Object.entries(words).map(([name, [first]]) => [name, first]))
/** As a name is written in programs and in Python: kBlock is k_block. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)

function traceKernel(
  def: Declared,
  defaults: ScheduleValues,
  choices: Words,
  degrees: readonly number[],
  schedule: ScheduleValues,
  options: OptionValues,
): Program {
  const values = { ...defaults, ...schedule }
  const buffers: Words = degrees.length > 0 ? { [BUFFERS]: [AUTO, ...degrees.map(String)] } : {}
  checkEntries(def.name, 'schedule', schedule, defaults, { ...choices, ...buffers })
  const usual = firstWords(def.options ?? {})
  checkEntries(def.name, 'option', options, usual, def.options ?? {})
  const wanted = { ...usual, ...options }
  const degree = BUFFERS in buffers && values[BUFFERS] !== AUTO ? Number(values[BUFFERS]) : null
  // what is left to the compiler is no choice of the program
  const words = Object.keys(degree === null ? choices : { ...choices, ...buffers })
  const chosen = Object.fromEntries(words.map((name) => [name, String(values[name])]))
  const trace = new Trace(def.name, degree)
  const params = Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'number' && !(name in chosen)
      ? [[name, new Param(trace, snake(name), value)] as const]
      : [],
  )
  const h = handles(trace)
  const dims: Record<string, Span<string>> = {}
  const dim = (name: string): Span<string> => {
    dims[name] ??=
      name === '1' ? h.nl.unit : new Span(trace, name, def.limits?.[name] ?? Number.POSITIVE_INFINITY)
    return dims[name]
  }
  const names = Object.keys(def.inputs)
  const tensor = (name: string, [p, f]: readonly [string, string], output: boolean): HbmTensor => ({
    kind: 'hbm',
    name: snake(name),
    memory: 'hbm',
    dtype: { like: snake(output ? names[0]! : name) },
    p: dim(p),
    f: dim(f),
    output,
  })
  const inputs = names.map((name) => tensor(name, def.inputs[name]!, false))
  const output = tensor('y', def.output, true)
  const views = Object.fromEntries(
    [...inputs.map((t, i) => [names[i]!, t] as const), ['y', output] as const].map(([name, t]) => [
      name,
      new View(trace, t, t.p, t.f),
    ]),
  )
  const result = inKernel(def.name, () =>
    def.trace(h, views, dims, { ...Object.fromEntries(params), ...chosen }, wanted),
  )
  if (result instanceof Promise) {
    result.catch(() => {}) // what it failed on is beside the point
    throw new KernelError(def.name, 'trace()', {
      what: 'trace() is async',
      fix: 'write a plain function: nothing in a trace is awaited',
    })
  }
  trace.end()
  const program: Program = {
    name: def.name,
    summary: def.summary,
    params: params.map(([, param]) => param),
    choices: { ...chosen, ...wanted },
    dims: Object.values(dims),
    spans: trace.spans,
    inputs,
    output,
    body: trace.body,
    calls: trace.calls,
  }
  verify(program)
  return program
}

const DECLARED = {
  name: 'string',
  summary: 'string',
  inputs: 'object',
  output: 'object',
  schedule: 'object',
  reference: 'function',
  macs: 'function',
  trace: 'function',
} as const

/** What the compiler says of a kernel in TypeScript. @throws ArgumentError */
function checkDeclared(def: object): void {
  const declared = def as Readonly<Record<string, unknown>>
  for (const [field, kind] of Object.entries(DECLARED))
    if (typeof declared[field] !== kind || declared[field] === null)
      throw new ArgumentError(
        `kernel ${declared.name ?? 'without a name'}: ${field} is ${field in declared ? `no ${kind}` : 'missing'}; a kernel declares ${Object.keys(DECLARED).join(', ')}`,
      )
}

/** What JavaScript makes of a name that there is not is said with its line; what the author throws stays his. */
function inKernel<T>(name: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof ReferenceError)) throw error
    throw new KernelError(name, userFrames(error.stack ?? ''), {
      what: error.message,
      fix: 'look for a name on this line that is misspelt; FEATURES.md lists what nl and nisa have',
    })
  }
}

/** Every entry must be known; numbers must be numbers, and words one of those declared. */
function checkEntries(
  name: string,
  kind: string,
  given: ScheduleValues,
  known: ScheduleValues,
  words: Words,
): void {
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, key)) {
      const all = Object.keys(known)
      throw new ArgumentError(
        `${name}: no ${kind} ${key}; ${all.length ? `it has ${all.join(', ')}` : 'it has none'}`,
      )
    }
    const allowed = Object.hasOwn(words, key) ? words[key] : undefined
    if (allowed ? !allowed.includes(String(value)) : typeof value !== 'number' || !Number.isFinite(value))
      throw new ArgumentError(
        `${name}: ${kind} ${key} is ${value}; give ${allowed ? allowed.join(' or ') : 'a number'}`,
      )
  }
}
