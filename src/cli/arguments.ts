/** Arguments that several commands take, and what is wrong with them in one line. */
import { type Command, Option } from 'commander'
import type { DeviceName } from '../device/index.ts'
import type { Target } from '../emit/index.ts'
import {
  alone,
  type Choice,
  choose,
  FAMILIES,
  type Family,
  findFamily,
  formsOf,
  type ScheduleRequest,
} from '../kernels/index.ts'
import {
  ArgumentError,
  type Dims,
  type Kernel,
  meant,
  type Program,
  type ScheduleValues,
  type Split,
  splitOf,
} from '../nki/index.ts'
import { DTYPES, type Dtype } from '../tensor/index.ts'
import { headOf, isOwn, ownFamily } from './own.ts'

export const KERNELS: readonly string[] = FAMILIES.flatMap(formsOf).map(({ name }) => name)

export const isKernel = (name: string): boolean => KERNELS.includes(name) || ownFamily(name) !== null

/** By its name, or that of its file. @throws ArgumentError with the name that was probably meant. */
export function familyOf(name: string): Family {
  if (isKernel(name)) return ownFamily(name) ?? findFamily(name)
  if (isOwn(name)) throw new ArgumentError(`${name}: there is no such file`)
  if (isKernel(headOf(name)))
    throw new ArgumentError(
      `${name} is for diff and roofline; here give ${headOf(name)}, with --schedule and --shape`,
    )
  throw new ArgumentError(`no kernel ${name}${meant(name, KERNELS) || '; neuronmm kernels lists them'}`)
}

/** The largest dimension of a kernel (nki, bind). */
const MAX_SIZE = 2 ** 30

/** `M=1024,K=2048` → { M: 1024, K: 2048 }; sizes may be written 4k. */
export function parseShape(text: string): Dims {
  return Object.fromEntries(
    parsePairs(text, 'shape').map(([name, value]) => {
      const match = /^(\d+)(k?)$/i.exec(value)
      const n = match ? Number(match[1]) * (match[2] ? 1024 : 1) : Number.NaN
      if (Number.isNaN(n) || n < 1)
        throw new ArgumentError(
          `shape: ${name}=${value} is not a size; give a whole number from 1, such as ${name}=1024`,
        )
      if (n > MAX_SIZE)
        throw new ArgumentError(`shape: ${name}=${value} is too large; sizes go to ${MAX_SIZE}`)
      return [name, n]
    }),
  )
}

/** A name, or `kBlock=512,nBlock=1024`. */
export function parseSchedule(text: string): ScheduleRequest {
  if (!text.includes('=')) return text
  return Object.fromEntries(
    parsePairs(text, 'schedule').map(([name, value]): [string, number | string] => [
      name,
      /^-?[\d.]+$/.test(value) ? Number(value) : value,
    ]),
  ) satisfies ScheduleValues
}

export function parseDtype(text: string): Dtype {
  if (!(DTYPES as readonly string[]).includes(text))
    throw new ArgumentError(`no dtype ${text}; there are ${DTYPES.join(', ')}`)
  return text as Dtype
}

export function parseWhole(name: string, text: string): number {
  const n = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n))
    throw new ArgumentError(`${name}: ${text} is not a whole number from 0`)
  return n
}

function parsePairs(text: string, what: string): [string, string][] {
  const seen = new Set<string>()
  return text.split(',').map((pair) => {
    const [name, value, ...rest] = pair.split('=').map((part) => part.trim())
    if (!name || !value || rest.length > 0)
      throw new ArgumentError(
        `${what}: ${JSON.stringify(pair)} is not NAME=VALUE; separate entries by commas`,
      )
    if (seen.has(name)) throw new ArgumentError(`${what}: ${name} is given twice`)
    seen.add(name)
    return [name, value]
  })
}

/** Every dimension of a family, no other, each from 1. @throws ArgumentError */
export function checkShape(family: Family, dims: Dims): Dims {
  const needed = family.general.dims.filter((dim) => dim !== '1')
  const example = needed.map((dim) => `${dim}=…`).join(',')
  for (const dim of Object.keys(dims))
    if (!needed.includes(dim))
      throw new ArgumentError(`${family.name}: no dimension ${dim}; give --shape ${example}`)
  for (const dim of needed)
    if (dims[dim] === undefined)
      throw new ArgumentError(`${family.name}: dimension ${dim} is missing; give --shape ${example}`)
  return dims
}

/**
 * What the benchmarks work on: a layer K, r, N at one number of rows, or at the usual ones.
 * @throws ArgumentError
 */
export function workloadOf(
  shape: Dims | undefined,
  usual: { readonly dims: Dims; readonly rows: readonly number[] },
): { dims: Dims; rows: readonly number[] } {
  const { M, ...given } = shape ?? {}
  const dims = { ...usual.dims, ...given }
  // its kernel takes every dimension
  checkShape(familyOf('fused_xuv'), { M: M ?? 1, ...dims })
  return { dims, rows: M === undefined ? usual.rows : [M] }
}

export interface KernelArguments {
  readonly shape: Dims
  readonly dtype: Dtype
  readonly schedule: ScheduleRequest
  readonly activation?: string
  readonly json?: boolean
}

export const shapeOption = (without = ''): Option =>
  new Option('--shape <dims>', `dimensions, such as M=1024,K=2048,r=1280,N=8192${without}`).argParser(
    parseShape,
  )
/** Without one, `checkShape` says which dimensions it is to have. */
export const neededShapeOption = (): Option => shapeOption().default({}, 'none; every dimension is needed')
export const dtypeOption = (): Option =>
  new Option('--dtype <dtype>', 'dtype of the inputs').argParser(parseDtype).default('bfloat16')
export const scheduleOption = (): Option =>
  new Option('--schedule <schedule>', 'a name (default, seed, …) or entries such as mStrip=512,kBlock=1024')
    .argParser(parseSchedule)
    .default('default')

export const activationOption = (): Option =>
  new Option('--activation <name>', 'fuse an activation, where the kernel has one')

/** Where a command writes. `-` is refused: stdout is for the results of the command, alone. */
export const outputOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((path) => {
    if (path === '-')
      throw new ArgumentError(`${flags}: - is not taken for stdout; give a name, such as ./- for that one`)
    return path
  })

export const alignedOption = (): Option =>
  new Option(
    '--aligned <dims>',
    'dimensions promised to be whole blocks, such as M,K: text without edges',
  ).argParser((text) => text.split(',').map((dim) => dim.trim()))

/** NAME with --shape, --dtype, --schedule, --activation and --json. */
export const kernelCommand = (program: Command, name: string, description: string): Command =>
  program
    .command(`${name} <kernel>`)
    .description(description)
    .addOption(neededShapeOption())
    .addOption(dtypeOption())
    .addOption(scheduleOption())
    .addOption(activationOption())
    .option('--json', 'print one JSON object')

/** The form and schedule that the arguments name: its default is that of the target, where they name one. */
export function chosen(
  name: string,
  {
    shape,
    schedule,
    target,
    dtype,
  }: Pick<KernelArguments, 'shape' | 'schedule'> &
    Partial<{ readonly target: Target | undefined; readonly dtype: Dtype | undefined }>,
): { family: Family; choice: Choice } {
  const family = familyOf(name)
  return { family, choice: choose(family, checkShape(family, shape), schedule, coreOf(target), dtype) }
}

/** Ragged in every dimension, and soon done. */
const SMALL: Dims = { M: 200, K: 300, r: 140, N: 700 }
export const smallShape = ({ dims, limits }: Kernel): Dims =>
  Object.fromEntries(
    dims
      .filter((dim) => dim !== '1')
      .map((dim) => [dim, Math.min(SMALL[dim] ?? 300, limits[dim] ?? Number.POSITIVE_INFINITY)]),
  )

/** inf2 has the NeuronCore of trn1. */
export const coreOf = (target: Target = 'trn1'): DeviceName => (target === 'inf2' ? 'trn1' : target)

/** The general form with the schedule that it declares: what is written where no shape says more. */
export function declared(name: string, schedule: ScheduleRequest, dtype?: Dtype): Choice {
  const family = familyOf(name)
  return choose(alone(family, family.general), {}, schedule, undefined, dtype)
}

export const optionsOf = ({
  activation,
}: {
  readonly activation?: string | undefined
}): Record<string, string> => (activation === undefined ? {} : { activation })

export interface CoresArguments {
  readonly cores?: number
  readonly share?: string
}

/** --cores and --share: a launch on the physical cores of a logical one. */
export const withCores = (command: Command): Command =>
  command
    .addOption(
      new Option('--cores <n>', 'physical cores of the launch, kernel[n] (trn2 and trn3: 2)').argParser(
        (text) => parseWhole('cores', text),
      ),
    )
    .option('--share <dim>', 'the dimension that the cores share, such as M or N')

/** How the cores share the work; null for one core. @throws ArgumentError */
export function coresOf(program: Program, { cores, share }: CoresArguments, shape?: Dims): Split | null {
  if (cores === undefined && share !== undefined)
    throw new ArgumentError(`--share ${share} is for several cores; add --cores 2`)
  return cores === undefined || cores === 1 ? null : splitOf(program, cores, share, shape)
}

/** What `print` and `emit` take: a shape is optional, and picks the form. */
export interface ProgramArguments {
  readonly shape?: Dims
  readonly schedule: ScheduleRequest
  readonly target?: Target
  readonly activation?: string
  readonly dtype?: Dtype
}

export const programCommand = (program: Command, name: string, description: string): Command =>
  program
    .command(`${name} <kernel>`)
    .description(`${description}; with a shape, that of the form for this shape`)
    .addOption(shapeOption())
    .addOption(scheduleOption())
    .addOption(activationOption())

/** The form and the schedule that the arguments name: without a shape, the general form as it is declared. */
export const choiceOf = (name: string, { shape, schedule, target, dtype }: ProgramArguments): Choice =>
  shape ? chosen(name, { shape, schedule, target, dtype }).choice : declared(name, schedule, dtype)
