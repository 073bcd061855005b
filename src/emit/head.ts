/** What stands around the body of a kernel: docstring, signature, shapes and their checks, named constants. */
import type { Program, Span } from '../nki/index.ts'
import { DIALECT, type Dialect, HELPERS, type Helper, imports, WRITTEN_BY } from './dialect.ts'
import { paragraph, statement } from './format.ts'
import { coreSize } from './sizes.ts'
import { type Context, coreStart, dtypeText } from './writer.ts'

const DIMENSIONS: Readonly<Record<string, string>> = {
  M: 'rows (tokens)',
  K: 'in-features',
  r: 'rank',
  N: 'out-features',
}

export interface HeadOptions {
  readonly dialect: Dialect
  readonly target: string | null
  /** What the schedule was tuned for, in words. */
  readonly tunedFor: string | null
  /** Physical cores of the launch. */
  readonly cores: number
}

export function moduleHead(program: Program, dialect: Dialect, helpers: ReadonlySet<Helper>): string[] {
  const used = (Object.keys(HELPERS) as Helper[]).filter((helper) => helpers.has(helper))
  return [
    ...docstring([`${program.name}: ${program.summary}`, `For ${DIALECT[dialect].support}.`, WRITTEN_BY], 0),
    '',
    ...imports(dialect),
    ...used.flatMap((helper) => ['', '', ...HELPERS[helper]]),
    '',
    '',
  ]
}

export function signature({ name, inputs, params }: Program): string[] {
  const args = [...inputs.map((t) => t.name), ...params.map((p) => `${p.name.toUpperCase()}=${p.value}`)]
  return ['@nki.jit', ...statement(`def ${name}(${args.join(', ')}):`, 0)]
}

export function kernelDocstring(program: Program, context: Context, options: HeadOptions): string[] {
  const { inputs, output, params, choices, dims } = program
  const named = dims.filter(({ dim }) => dim !== '1')
  const shape = (t: { name: string; p: Span<string>; f: Span<string> }) =>
    `${t.name} [${t.p.dim}, ${t.f.dim}]`
  const lines = [
    ...paragraphs(program.summary),
    '',
    '    Dimensions:',
    ...named.map(({ dim, limit }) => `        ${dim}: ${describe(dim, limit, context.aligned.has(dim))}`),
    '',
    '    Args:',
    ...inputs.map((t) => `        ${shape(t)}: in HBM`),
    ...params.map((p) => `        ${p.name.toUpperCase()}: at most so many; ${sizesText(p.value)}`),
    '',
    '    Returns:',
    `        ${shape(output)}: in HBM, of the dtype of ${inputs[0]!.name}`,
  ]
  const words = Object.entries(choices).map(([name, word]) => `${name} = ${word}`)
  const notes = [
    ...(words.length > 0 ? [`Schedule: ${words.join(', ')}.`] : []),
    ...(options.tunedFor ? [`Tuned for ${options.tunedFor}.`] : []),
    ...(options.target ? [`Target: ${options.target}.`] : []),
    ...(context.shared
      ? [
          `Launch as ${program.name}[${options.cores}](…) for ${options.cores} physical cores (LNC${options.cores}): each computes its share of ${context.shared}. Without brackets one core computes all of it.`,
        ]
      : []),
  ]
  return [
    ...lines,
    ...(notes.length > 0 ? ['', '    Notes:', ...notes.flatMap((note) => paragraph(note, 2))] : []),
    '    """',
  ]
}

const paragraphs = (summary: string): string[] => {
  const [first, ...rest] = paragraph(`"""${summary}`, 1)
  return [first!, ...rest]
}

const sizesText = (value: number): string => (value > 128 ? 'a multiple of 128' : 'a divisor of 128')

function describe(dim: string, limit: number, aligned: boolean): string {
  const bound = limit === Number.POSITIVE_INFINITY ? 'any size' : `at most ${limit}`
  const what = DIMENSIONS[dim]
  return `${what ? `${what}, ` : ''}${aligned ? 'whole blocks' : bound}`
}

function docstring([first, ...rest]: readonly string[], depth: number): string[] {
  return [...paragraph(`"""${first}`, depth), '', ...rest.flatMap((text) => paragraph(text, depth)), '"""']
}

/** Shapes of the arguments, by name, and that they agree. */
export function shapes(program: Program): string[] {
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
  const large = program.params.filter((p) => p.value > 128).map((p) => p.name.toUpperCase())
  const small = program.params.filter((p) => p.value <= 128).map((p) => p.name.toUpperCase())
  if (large.length > 0)
    checks.push(
      `assert ${large.map((name) => `${name} % 128 == 0`).join(' and ')}, "blocks are multiples of 128"`,
    )
  if (small.length > 0)
    checks.push(`assert ${small.map((name) => `128 % ${name} == 0`).join(' and ')}, "tiles divide 128"`)
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
export function promises(program: Program, context: Context): string[] {
  const terms = new Set<string>()
  for (const span of program.spans)
    if (span.parent && context.aligned.has(span.dim))
      terms.add(`${context.sizes.capacity(span.parent)} % ${context.sizes.capacity(span)} == 0`)
  if (terms.size === 0) return []
  return condition(`assert ${[...terms].join(' and ')}, "${program.name} was emitted for whole blocks"`)
}

/** The share of the core that runs: of one program or of several, which is what `sharesOf` computes. */
export function share({ shared, sizes }: Context): string[] {
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
