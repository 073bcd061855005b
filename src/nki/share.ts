/**
 * Shares: a dimension split between programs that run at once, such as the two physical cores of a logical one (LNC2).
 * A kernel is written for any shape, so what a core does is the kernel at the shape of its share, on the rows or columns
 * of the tensors that belong to it: that is what run, count, profile and emit make of a split.
 */
import type { Dims } from './bind.ts'
import { ArgumentError } from './errors.ts'
import { type Program, walk } from './program.ts'
import { PARTITIONS } from './span.ts'

/** Physical cores in a logical one, at most (Neuron documentation, logical NeuronCore configuration). */
export const MAX_CORES = 2

export interface Split {
  readonly dim: string
  /** Cores that share it. */
  readonly count: number
}

export interface Share {
  readonly start: number
  readonly size: number
}

/** Equal shares in whole tiles of 128, the last one what remains. @throws ArgumentError where one would be empty. */
export function sharesOf(dims: Dims, { dim, count }: Split): Share[] {
  const whole = dims[dim]!
  const each = Math.ceil(Math.ceil(whole / PARTITIONS) / count) * PARTITIONS
  if (each * (count - 1) >= whole)
    throw new ArgumentError(
      `${count} cores cannot share ${dim} = ${whole}: a share is at least a tile of ${PARTITIONS}; share another dimension or use one core`,
    )
  return Array.from({ length: count }, (_, i) => ({
    start: i * each,
    size: Math.min(each, whole - i * each),
  }))
}

/** The tensors of a core have the dimensions of the whole but for its share. */
export const dimsOfShare = (dims: Dims, { dim }: Split, { size }: Share): Dims => ({ ...dims, [dim]: size })

/** Why cores cannot share a dimension of a program ("is …"), or null where they can. */
export function whyNotShared({ dims, inputs, output, body }: Program, dim: string): string | null {
  if (output.p.dim !== dim && output.f.dim !== dim) return 'is not a dimension of the output'
  if (dims.find((span) => span.dim === dim)!.limit <= PARTITIONS) return `is at most ${PARTITIONS}, one tile`
  for (const { name, p, f } of [...inputs, output])
    if (p.dim === dim && f.dim === dim) return `is both dimensions of ${name}`
  for (const [node] of walk(body)) {
    if (node.kind !== 'op') continue
    const along = ({ rows, cols }: { rows: { dim: string }; cols: { dim: string } }): boolean =>
      rows.dim === dim || cols.dim === dim
    const written = along(node.operands.dst!)
    if (written && node.spec.name === 'iota') return `is what positions are counted along, at ${node.site}`
    if (!written && Object.values(node.operands).some(along)) return `is summed over, at ${node.site}`
  }
  return null
}

/**
 * The split of a launch: along `dim`, or else along the first dimension of the output that can be shared and, where a
 * shape is given, is large enough; one of the first input comes first, since sharing it shares every product.
 * @throws ArgumentError with the reason for every dimension, where there is none.
 */
export function splitOf(program: Program, count: number, dim?: string, dims?: Dims): Split {
  if (!Number.isInteger(count) || count < 1 || count > MAX_CORES)
    throw new ArgumentError(
      `${program.name}: ${count} cores; a logical core has ${MAX_CORES} physical ones at most`,
    )
  const [first] = program.inputs
  const ofOutput = [program.output.p.dim, program.output.f.dim]
  const isFirst = (d: string): boolean => first!.p.dim === d || first!.f.dim === d
  const candidates =
    dim === undefined
      ? [...ofOutput.filter(isFirst), ...ofOutput.filter((d) => !isFirst(d))].filter((d) => d !== '1')
      : [dim]
  const reasons: string[] = []
  for (const candidate of candidates) {
    const split = { dim: candidate, count }
    const reason = whyNotShared(program, candidate) ?? (dims ? tooSmall(dims, split) : null)
    if (reason === null) return split
    reasons.push(`${candidate} ${reason}`)
  }
  throw new ArgumentError(`${program.name}: nothing that ${count} cores can share: ${reasons.join('; ')}`)
}

function tooSmall(dims: Dims, split: Split): string | null {
  try {
    sharesOf(dims, split)
    return null
  } catch {
    return `is ${dims[split.dim]}, one tile`
  }
}
