/**
 * The functions of a file: each routine of the kernel library that the program calls is written once, from its trace for
 * blocks of any size. A function takes what it works on, and where in it: NKI has no nested slices.
 */
import { type Alloc, type Backing, isAlloc, type Loop, Param, type Span, type View } from '../nki/index.ts'
import type { Dialect, Helper } from './dialect.ts'
import { docstring, packed, statement } from './format.ts'
import { endOf } from './legacy.ts'
import { type Outlined, Plan } from './plan.ts'
import { mentions, Sizes } from './sizes.ts'
import { Sums } from './sums.ts'
import { Survey } from './survey.ts'
import type { Context, Formal, GivenSum } from './writer.ts'

/** What the kernel gives for a parameter. */
export type Argument =
  | { readonly view: View }
  | { readonly buffer: Alloc }
  | { readonly size: Span<string> }
  | { readonly piece: Span<string> }
  | { readonly startOf: View; readonly axis: 'p' | 'f' }
  /** Whether it is not the first call in these loops. */
  | { readonly after: readonly Loop[] }

interface Parameter {
  readonly name: string
  readonly value: Argument
  /** The default of a keyword; null for what is always given, in its place. */
  readonly usual: string | null
}

interface Written {
  readonly name: string
  readonly parameters: readonly Parameter[]
  /** Docstring and body, below the signature. */
  readonly text: string
  readonly helpers: ReadonlySet<Helper>
}

/** Writes the body of a function. */
export type BodyWriter = (context: Context) => string[]

export class Routines {
  private readonly written = new Map<Outlined, Written>()

  constructor(
    plan: Plan,
    private readonly sums: Sums,
    private readonly dialect: Dialect,
    private readonly aligned: ReadonlySet<string>,
    private readonly writeBody: BodyWriter,
  ) {
    const calls = [...plan.outlined.values()]
    for (const outlined of calls) {
      const alike = calls.filter(({ call }) => call.routine === outlined.call.routine)
      this.written.set(outlined, this.write(outlined, alike))
    }
    this.nameApart()
  }

  get names(): string[] {
    return [...new Set([...this.written.values()].map(({ name }) => name))]
  }

  get helpers(): Helper[] {
    return [...this.written.values()].flatMap(({ helpers }) => [...helpers])
  }

  functionFor(outlined: Outlined): Written {
    return this.written.get(outlined)!
  }

  /** Every function, each after two blank lines. */
  lines(): string[] {
    const seen = new Set<string>()
    return [...this.written.values()].flatMap(({ name, parameters, text }) => {
      if (seen.has(name)) return []
      seen.add(name)
      const given = parameters.flatMap((p) => (p.usual === null ? [p.name] : []))
      const keywords = parameters.flatMap((p) => (p.usual === null ? [] : [`${p.name}=${p.usual}`]))
      return ['', '', ...packed(`def ${name}(`, [given, keywords], '):', 0), ...text.split('\n')]
    })
  }

  /** Texts that differ get names that differ: the words that shaped them, or a number. */
  private nameApart(): void {
    const texts = new Map<string, string>()
    for (const [outlined, written] of this.written) {
      const { routine, args } = outlined.call
      const words = Object.values(routine.parameters).flatMap((kind, i) =>
        kind === 'word' && args[i] !== undefined ? [`${args[i]}`] : [],
      )
      const worded = [routine.name, ...words].join('_')
      const isTaken = (name: string) => (texts.get(name) ?? written.text) !== written.text
      let name = isTaken(routine.name) ? worded : routine.name
      for (let i = 2; isTaken(name); i++) name = `${worded}_${i}`
      texts.set(name, written.text)
      this.written.set(outlined, { ...written, name })
    }
  }

  private sumGiven(alike: readonly Outlined[]): GivenSum {
    const sites = alike.map(({ call }) => this.sums.of(call.nodes[0]!))
    if (sites.some((loops) => loops === null)) return 'unknown'
    return sites.some((loops) => loops!.length > 0) && this.dialect === 'current' ? 'continues' : 'begins'
  }

  private write(outlined: Outlined, alike: readonly Outlined[]): Written {
    const { abstract, call } = outlined
    const { routine } = call
    const exact = this.dialect === 'current'
    const whole = [...abstract.dims.keys()].filter((dim) =>
      alike.every((other) => this.aligned.has(other.abstract.dims.get(dim)!.actual.dim)),
    )
    const aligned = new Set(whole)
    const sizes = new FunctionSizes({
      params: [],
      dims: [...abstract.dims.keys()],
      spans: abstract.spans,
      aligned,
      exact,
    })
    const formals = new Map<Backing, Formal>()
    const starts = new Set<string>()
    const start = (operand: string, dim: string): string => {
      const name = starts.has(dim) ? `${operand}_${dim}` : dim
      starts.add(name)
      return name
    }
    if (abstract.result && call.result) formals.set(abstract.result, { name: 'dst', rows: '', cols: '' })
    for (const [i, { name, formal }] of abstract.operands.entries()) {
      const parts = alike.map(({ abstract: other }) => other.operands[i]!.actual)
      formals.set(
        formal.backing,
        formal.memory === 'hbm'
          ? { name, rows: start(name, formal.rows.dim), cols: start(name, formal.cols.dim) }
          : {
              name,
              rows: parts.some(({ rows, backing }) => rows !== backing.p) ? `${name}_start` : '',
              cols: parts.some(({ cols, backing }) => cols !== backing.f) ? `${name}_col` : '',
            },
      )
    }
    const plan = new Plan({ body: abstract.body, calls: [] })
    const survey = new Survey(plan, sizes, aligned)
    const given = this.sumGiven(alike)
    const parameters = [
      ...parametersOf(outlined, formals),
      ...(given === 'continues' ? [ACCUMULATE(this.sums.of(call.nodes[0]!)!)] : []),
    ]
    const places = parameters.filter(({ value }) => !('view' in value || 'buffer' in value))
    const reserved = [...places.map((p) => p.name), ...[...starts].map(endOf)]
    const body = this.writeBody({
      name: routine.name,
      body: abstract.body,
      plan,
      sizes,
      survey,
      sums: new Sums(plan, abstract.body),
      given,
      reserved,
      formals,
      routines: null,
      aligned,
      shared: null,
    })
    const text = body.join('\n')
    const constants = sizes.assignments(text)
    const pieces: Parameter[] = [...sizes.pieces].map(([name, span]) => ({
      name,
      value: { piece: outlined.actual(span) },
      usual: null,
    }))
    const lines = [
      ...docstring(routine.summary, 1),
      ...ends(outlined, formals, text),
      ...constants.flatMap((line) => statement(line, 1)),
      ...body,
    ]
    const used = lines.slice(1).join('\n')
    const always = parameters.filter((p) => p.usual === null)
    const all = [...always, ...pieces, ...parameters.filter((p) => p.usual !== null)]
    return {
      name: routine.name,
      parameters: all.filter(
        ({ name, value }) => 'view' in value || 'buffer' in value || mentions(used, name),
      ),
      text: lines.join('\n'),
      helpers: sizes.helpers,
    }
  }
}

/** Whether the tile that a function adds to holds a part of the sum already. */
const ACCUMULATE = (after: readonly Loop[]): Parameter => ({
  name: 'accumulate',
  value: { after },
  usual: 'False',
})

/** The sizes of a function: those of its operands are parameters, as are pieces of more than 128. */
class FunctionSizes extends Sizes {
  readonly pieces = new Map<string, Span<string>>()

  protected override whole(dim: string): string {
    return sizeName(dim)
  }

  /** What the schedule sizes in the kernel is a parameter here, however large. */
  override capacity(span: Span<string>): string {
    return span.size instanceof Param ? this.large(span) : super.capacity(span)
  }

  protected override large(span: Span<string>): string {
    const name = span.label.toUpperCase()
    this.pieces.set(name, span)
    return name
  }

  protected override nameOf(span: Span<string>): string {
    return span.size instanceof Param ? span.label.toUpperCase() : super.nameOf(span)
  }
}

const sizeName = (dim: string): string => `${dim}_size`

function parametersOf({ call, abstract }: Outlined, formals: ReadonlyMap<Backing, Formal>): Parameter[] {
  const positional: Parameter[] = []
  const offsets: Parameter[] = []
  const places = new Map<string, Parameter[]>()
  if (abstract.result && call.result)
    positional.push({ name: 'dst', value: { buffer: call.result }, usual: null })
  for (const { name, formal, actual } of abstract.operands) {
    positional.push({ name, value: { view: actual }, usual: null })
    const { rows, cols } = formals.get(formal.backing)!
    for (const [axis, start, dim] of [
      ['p', rows, formal.rows.dim],
      ['f', cols, formal.cols.dim],
    ] as const) {
      if (!start) continue
      const parameter = { name: start, value: { startOf: actual, axis } }
      if (formal.memory !== 'hbm') offsets.push({ ...parameter, usual: '0' })
      else places.set(dim, [...(places.get(dim) ?? []), { ...parameter, usual: null }])
    }
  }
  for (const [dim, { actual }] of abstract.dims)
    positional.push(...(places.get(dim) ?? []), {
      name: sizeName(dim),
      value: { size: actual },
      usual: null,
    })
  return [...positional, ...offsets]
}

/** `row_end, col_end = src.shape`, for the masks of the legacy dialect. */
function ends({ abstract }: Outlined, formals: ReadonlyMap<Backing, Formal>, text: string): string[] {
  return abstract.operands.flatMap(({ formal }) => {
    if (isAlloc(formal.backing)) return []
    const { name, rows, cols } = formals.get(formal.backing)!
    const names = [endOf(rows), endOf(cols)]
    const used = names.map((n) => mentions(text, n))
    if (used[0] && used[1]) return [`    ${names.join(', ')} = ${name}.shape`]
    return names.flatMap((n, axis) => (used[axis] ? [`    ${n} = ${name}.shape[${axis}]`] : []))
  })
}
