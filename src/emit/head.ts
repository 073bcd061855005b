/** What stands around the body of a kernel: docstring, signature, shapes and their checks, named constants. */
import { type HbmTensor, PARTITIONS, type Param, type Program } from '../nki/index.ts'
import type { Bound } from './bounds.ts'
import { DIALECT, type Dialect, HELPERS, type Helper, imports, WRITTEN_BY } from './dialect.ts'
import { command, packed, paragraph, statement } from './format.ts'
import type { Plan } from './plan.ts'
import { coreSize, mentions, type Sizes, textOf } from './sizes.ts'
import type { Survey } from './survey.ts'
import { coreStart, dtypeText } from './writer.ts'

export interface HeadContext {
  readonly program: Program
  readonly plan: Plan
  /** How large its keywords may be. */
  readonly bounds: ReadonlyMap<Param, Bound>
  readonly sizes: Sizes
  readonly survey: Survey
  readonly aligned: ReadonlySet<string>
  /** The dimension that the cores of a launch share. */
  readonly shared: string | null
}

const DIMENSIONS: Readonly<Record<string, string>> = {
  M: 'rows of X (tokens)',
  K: 'in-features',
  r: 'rank',
  N: 'out-features',
}

export interface HeadOptions {
  readonly dialect: Dialect
  readonly target: string | null
  /** What the schedule was tuned for, in words. */
  readonly tunedFor: string | null
  /** The command that simulates the same schedule. */
  readonly simulatedBy: string | null
  /** Physical cores of the launch. */
  readonly cores: number
}

/** Docstring, imports and what `lines` refer to. */
export function moduleHead(
  program: Program,
  dialect: Dialect,
  helpers: ReadonlySet<Helper>,
  lines: readonly string[],
  tiled: boolean,
): string[] {
  const needed = (Object.keys(HELPERS) as Helper[]).filter((helper) => helpers.has(helper))
  const text = lines.join('\n')
  const used = needed.filter(
    (helper) =>
      mentions(text, helper) ||
      needed.some(
        (other) => mentions(text, other) && HELPERS[other].slice(1).some((l) => mentions(l, helper)),
      ),
  )
  const first = `${program.name} as an NKI kernel, for ${DIALECT[dialect].support}.`
  return [
    ...paragraph(`"""${first}`, 0),
    '',
    ...(tiled ? paragraph(LAYOUT, 0) : []),
    WRITTEN_BY,
    '"""',
    '',
    ...imports(dialect),
    ...used.flatMap((helper) => ['', ...(helper === 'PMAX' ? [] : ['']), ...HELPERS[helper]]),
  ]
}

const LAYOUT =
  'Blocks in SBUF are [partition, tile, column]: row i is in partition i % 128 of tile i // 128. Where a function works on a part of a block, start is its first tile.'

export function signature({ name, inputs, params }: Program): string[] {
  const groups = [inputs.map((t) => t.name), params.map((p) => `${textOf(p)}=${p.value}`)]
  return ['@nki.jit', ...packed(`def ${name}(`, groups, '):', 0)]
}

export function kernelDocstring(context: HeadContext, options: HeadOptions): string[] {
  const { program, plan, bounds, aligned } = context
  const { inputs, output, params, dims } = program
  const named = dims.filter(({ dim }) => dim !== '1')
  const item = (text: string) => paragraph(text, 2, '', '    ')
  const lines = [
    ...paragraphs(program.summary),
    '',
    '    Dimensions:',
    ...named.flatMap(({ dim, limit }) => item(`${dim}: ${describe(dim, limit, aligned.has(dim))}`)),
    '',
    '    Args:',
    ...byShape(inputs).flatMap(([names, shape]) => item(`${names.join(', ')} (nl.ndarray): ${shape} in HBM`)),
    ...params.flatMap((p) => item(`${textOf(p)} (int): ${keyword(plan, p, bounds.get(p) ?? null)}`)),
    '',
    '    Returns:',
    ...item(`${output.name} (nl.ndarray): ${shapeOf(output)} in HBM, of the dtype of ${inputs[0]!.name}`),
    '',
    '    Notes:',
    ...notes(context, options).flatMap((note) => paragraph(`- ${note}`, 2, '', '  ')),
    ...(options.simulatedBy === null ? [] : command('- Simulated by: ', options.simulatedBy, 2, '  ')),
    '    """',
  ]
  return lines
}

const shapeOf = ({ p, f }: HbmTensor): string => `[${p.dim}, ${f.dim}]`

/** Tensors of one shape together. */
function byShape(tensors: readonly HbmTensor[]): [names: string[], shape: string][] {
  const groups = new Map<string, string[]>()
  for (const tensor of tensors) {
    const names = groups.get(shapeOf(tensor))
    if (names) names.push(tensor.name)
    else groups.set(shapeOf(tensor), [tensor.name])
  }
  return [...groups].map(([shape, names]) => [names, shape])
}

function notes(
  { program, shared }: HeadContext,
  { dialect, target, tunedFor, cores }: HeadOptions,
): string[] {
  const { choices, params, name } = program
  return [
    ...(params.length > 0
      ? ['The schedule: dimensions are cut into equal pieces, none larger than these block sizes.']
      : []),
    ...Object.entries(choices).flatMap(([choice, word]) =>
      word === 'none' ? [] : `${CHOICES[choice]?.[word] ?? 'As chosen'} (${choice} = ${word}).`,
    ),
    ...(tunedFor ? [`Tuned for ${tunedFor}.`] : []),
    `${target ? `Target: ${target}. ` : ''}For ${DIALECT[dialect].support}.`,
    ...(shared
      ? [
          `${name}[${cores}](…) runs on both cores of LNC${cores}, each on its share of ${shared}; ${name}(…) on one.`,
        ]
      : []),
  ]
}

/** What the choices and options of our kernels say about the text. */
const CHOICES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  accumulate: {
    float32: 'Sums over blocks are kept in float32 and rounded once',
    input: 'Sums over blocks are kept in the dtype of the input: half the space, a rounding per block',
  },
  stationary: {
    activation: 'The activation is stationary, and weights move past it',
    weights: 'Weights are stationary, and the activation moves past them',
  },
  transposeBy: {
    dma: 'X is transposed on its way, by DMA',
    tensor: 'X is loaded in long rows, and transposed on the tensor engine',
  },
  outermost: {
    columns: 'The outermost loop is over columns of the result',
    rows: 'The outermost loop is over rows of the result',
  },
  buffers: {
    1: 'Each block is loaded into the place of the one before: nothing is loaded ahead',
    2: 'Blocks that are loaded take turns in two places',
    3: 'Blocks that are loaded take turns in three places',
    4: 'Blocks that are loaded take turns in four places',
  },
  activation: { silu: 'SiLU is applied to the result on its way out' },
}

const paragraphs = (summary: string): string[] => {
  const [first, ...rest] = paragraph(`"""${summary}`, 1)
  return [first!, ...rest]
}

/** What a keyword cuts, and what it may be. */
function keyword(plan: Plan, param: Param, bound: Bound | null): string {
  const cuts = [...plan.spans].filter((span) => span.size === param)
  const kinds = [...new Set(cuts.map(({ label }) => label.split('_').at(-1)!))]
  const dims = [...new Set(cuts.map(({ dim }) => dim))]
  return `largest ${kinds.join(' and ')} of ${dims.join(' and ')}, ${values(param, bound)}`
}

function values(param: Param, bound: Bound | null): string {
  if (bound && bound.min === bound.max) return `${bound.max}`
  if (param.value <= PARTITIONS) return 'a divisor of 128'
  return `a multiple of 128${bound ? ` up to ${bound.max}` : ''}`
}

function describe(dim: string, limit: number, aligned: boolean): string {
  const bound = limit === Number.POSITIVE_INFINITY ? 'any size' : `at most ${limit}`
  const what = DIMENSIONS[dim]
  return `${what ? `${what}, ` : ''}${aligned ? 'in whole blocks' : bound}`
}

/** Shapes of the arguments, by name, and that they and the keywords fit. */
export function shapes({ program, bounds }: HeadContext): string[] {
  const seen = new Set<string>()
  const names: string[] = []
  const checks: string[] = []
  for (const { name, p, f } of program.inputs) {
    const dims = [p.dim, f.dim]
    const fresh = dims.map((dim) => !seen.has(dim) && dim !== '1')
    if (fresh[0] && fresh[1]) names.push(`${dims.join(', ')} = ${name}.shape`)
    else if (fresh[0]) names.push(`${dims[0]} = ${name}.shape[0]`)
    else if (fresh[1]) names.push(`${dims[1]} = ${name}.shape[1]`)
    const known = dims.flatMap((dim, axis) => (fresh[axis] ? [] : [`${name}.shape[${axis}] == ${dim}`]))
    if (known.length > 0) checks.push(`assert ${known.join(' and ')}, "${name} must be [${dims.join(', ')}]"`)
    for (const dim of dims) seen.add(dim)
  }
  for (const { dim, limit } of program.dims)
    if (dim !== '1' && limit !== Number.POSITIVE_INFINITY)
      checks.push(`assert ${dim} <= ${limit}, "${program.name} takes ${dim} up to ${limit}"`)
  const capped = new Map<string, { readonly name: string; readonly max: number }[]>()
  for (const param of program.params) {
    const name = textOf(param)
    const bound = bounds.get(param)
    if (bound && bound.min === bound.max)
      checks.push(`assert ${name} == ${bound.max}, "${name} must be ${bound.max}, ${bound.by}"`)
    else if (param.value <= PARTITIONS)
      checks.push(`assert ${name} > 0 and 128 % ${name} == 0, "${name} must divide 128"`)
    else if (bound) capped.set(bound.by, [...(capped.get(bound.by) ?? []), { name, max: bound.max }])
  }
  for (const [by, keywords] of capped) {
    const fit = keywords.map(({ name, max }) => `${name} <= ${max}`).join(' and ')
    checks.push(`assert ${fit}, "${keywords.map(({ name }) => name).join(' or ')} exceeds ${by}"`)
  }
  return [...names, ...checks].flatMap((text) => condition(text))
}

/** An assertion; one that is too long is bracketed, a term per line. */
function condition(text: string): string[] {
  const match = /^assert (.*), (".*")$/.exec(text)
  if (!match || text.length + 4 <= 100) return statement(text, 1)
  const [first, ...rest] = match[1]!.split(' and ')
  return [
    '    assert (',
    `        ${first}`,
    ...rest.map((term) => `        and ${term}`),
    `    ), ${match[2]}`,
  ]
}

/** Promised whole blocks, checked. */
export function promises({ program, survey, aligned }: HeadContext): string[] {
  const terms = survey.rests((dim) => aligned.has(dim))
  if (terms.length === 0) return []
  return condition(
    `assert ${terms.map((term) => `${term} == 0`).join(' and ')}, "${program.name} was emitted for whole blocks"`,
  )
}

/** The share of the core that runs: of one program or of several, which is what `sharesOf` computes. */
export function share({ shared, sizes }: HeadContext): string[] {
  if (!shared) return []
  sizes.helpers.add('ceil_div')
  const [whole, core, start] = [`${shared.toUpperCase()}_SHARE`, coreSize(shared), coreStart(shared)]
  return [
    `# Each core computes its share of ${shared}.`,
    `${whole} = ceil_div(ceil_div(${shared}, 128), nl.num_programs(0)) * 128`,
    `assert ${whole} * (nl.num_programs(0) - 1) < ${shared}, "${shared} is too small to be shared"`,
    `${start} = nl.program_id(0) * ${whole}`,
    `${core} = min(${whole}, ${shared} - ${start})`,
  ].flatMap((text) => statement(text, 1))
}

export const outputLine = ({ output }: Program): string[] =>
  statement(
    `${output.name} = nl.ndarray((${output.p.dim}, ${output.f.dim}), dtype=${dtypeText(output.dtype)}, buffer=nl.shared_hbm)`,
    1,
  )
