/**
 * Binding: dimensions and dtypes given to a program. A program is traced for all shapes; whoever runs, counts, times or
 * emits it for one shape binds it first, and is told here in one line what does not fit.
 */
import { DTYPES, type Dtype } from '../tensor/index.ts'
import { ArgumentError, KernelError } from './errors.ts'
import { type Op, type Program, type SymbolicDtype, walk } from './program.ts'

export type Dims = Readonly<Record<string, number>>

export interface Binding {
  readonly dims: Dims
  /** The dtype of each input, by name. */
  readonly dtypes: Readonly<Record<string, Dtype>>
}

/** The same dtype for all inputs, or one for each. @throws ArgumentError, KernelError */
export function bind(program: Program, dims: Dims, dtype: Dtype | Readonly<Record<string, Dtype>>): Binding {
  const known = program.dims.map((d) => d.dim).filter((d) => d !== '1')
  const say = (problem: string): never => {
    throw new ArgumentError(`${program.name}: ${problem}; its dimensions are ${known.join(', ')}`)
  }
  for (const name of Object.keys(dims)) if (!known.includes(name)) say(`no dimension ${name}`)
  for (const { dim, limit } of program.dims) {
    if (dim === '1') continue
    const n = dims[dim]
    if (n === undefined) say(`dimension ${dim} is missing`)
    else if (!Number.isInteger(n) || n < 1) say(`dimension ${dim} is ${n}, it must be a whole number from 1`)
    else if (n > MAX_DIM) say(`dimension ${dim} is ${n}, the limit is ${MAX_DIM}`)
    else if (n > limit) say(`dimension ${dim} is ${n}, this form takes at most ${limit}`)
  }
  const dtypes: Record<string, Dtype> = {}
  for (const { name } of program.inputs) {
    const given = typeof dtype === 'string' ? dtype : dtype[name]
    if (!given || !DTYPES.includes(given))
      throw new ArgumentError(
        `${program.name}: the dtype of ${name} is ${given ?? 'missing'}; give one of ${DTYPES.join(', ')}`,
      )
    dtypes[name] = given
  }
  const [refused] = refusals(program, dtypes)
  if (refused) throw refused
  return { dims, dtypes }
}

/** Whether the hardware does all that a program does to elements of a dtype. */
export function takes(program: Program, dtype: Dtype): boolean {
  const dtypes = Object.fromEntries(program.inputs.map(({ name }) => [name, dtype]))
  return refusals(program, dtypes).next().done === true
}

/** Offsets are kept in 32 bits. */
const MAX_DIM = 2 ** 30

export const dtypeOf = (dtype: SymbolicDtype, { dtypes }: Pick<Binding, 'dtypes'>): Dtype =>
  typeof dtype === 'string' ? dtype : dtypes[dtype.like]!

/** The dtypes of an op's operands, by role. */
export const operandDtypes = (op: Op, binding: Pick<Binding, 'dtypes'>): Record<string, Dtype> =>
  Object.fromEntries(Object.entries(op.operands).map(([role, view]) => [role, dtypeOf(view.dtype, binding)]))

/** What the hardware does not do to elements of these dtypes, op by op. */
function* refusals(program: Program, dtypes: Binding['dtypes']): Generator<KernelError> {
  for (const [op] of walk(program.body)) {
    if (op.kind !== 'op') continue
    const broken = op.spec.dtypeRule?.(operandDtypes(op, { dtypes }))
    if (!broken) continue
    const detail = Object.entries(op.operands).map(([role, view]) => `${role} = ${view}`)
    yield new KernelError(program.name, op.site.toString(), {
      what: `${op.spec.name}: ${broken.what}`,
      detail: detail.join(', '),
      fix: broken.fix,
    })
  }
}
