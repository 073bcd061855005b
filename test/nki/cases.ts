/** The cases in which every kernel is emitted, executed and compared. */
import type { EmitOptions } from '../../src/emit/index.ts'
import type { CheckRequest } from '../../src/execute/index.ts'
import { FAMILIES, formsOf, withinLimits } from '../../src/kernels/index.ts'
import { type Dims, type Kernel, PARTITIONS, type Program } from '../../src/nki/index.ts'
import { type Dtype, randomTensor, type Tensor } from '../../src/tensor/index.ts'

export const KERNELS: readonly Kernel[] = FAMILIES.flatMap(formsOf)

/** Aligned, ragged in every dimension, a row, tiny, and one more than whole tiles. */
export const SHAPES = {
  aligned: { M: 256, K: 512, r: 256, N: 1024 },
  ragged: { M: 200, K: 300, r: 140, N: 700 },
  row: { M: 1, K: 320, r: 64, N: 520 },
  tiny: { M: 3, K: 5, r: 2, N: 7 },
  oneMore: { M: 129, K: 257, r: 129, N: 513 },
  tall: { M: 1100, K: 130, r: 650, N: 140 },
  unequal: { M: 640, K: 700, r: 40, N: 1300 },
} as const satisfies Readonly<Record<string, Dims>>

const sizesOf = (kernel: Kernel): [string, number][] =>
  Object.entries(kernel.schedule).filter((entry): entry is [string, number] => typeof entry[1] === 'number')

/** The smallest blocks that it can be given: small shapes have many of them. */
export const smallest = (kernel: Kernel): Record<string, number> =>
  Object.fromEntries(sizesOf(kernel).map(([name, size]) => [name, Math.min(size, 2 * PARTITIONS)]))

/** Inputs by the names of the program. */
export function inputsOf(
  program: Program,
  dims: Dims,
  dtype: Dtype,
  distribution: 'normal' | 'integer',
): Record<string, Tensor> {
  return Object.fromEntries(
    program.inputs.map(({ name, p, f }, i) => {
      const shape = [dims[p.dim] ?? 1, dims[f.dim] ?? 1]
      const scale = distribution === 'integer' ? 3 : 1 / Math.sqrt(i === 0 ? 1 : shape[0]!)
      return [name, randomTensor(shape, dtype, { seed: i + 1, distribution, scale })]
    }),
  )
}

export const BOTH: readonly EmitOptions[] = [{ dialect: 'legacy' }, { dialect: 'current' }]
const DTYPES: readonly Dtype[] = ['bfloat16', 'float32', 'float16']

/** A case with words for what it is about. */
export interface LabelledRequest extends CheckRequest {
  readonly label: string
}

/**
 * At every shape: normal numbers with the default blocks, or whole numbers with the smallest ones and affine loops run
 * backwards, in turn. Then one case for each named schedule, choice and activation, for aligned text, and for block
 * sizes that the caller passes.
 */
export function requestsFor(kernel: Kernel): LabelledRequest[] {
  const small = smallest(kernel)
  const at = (label: string, shape: Dims, more: Partial<CheckRequest> = {}): LabelledRequest => ({
    label,
    kernel,
    dims: withinLimits(kernel, shape),
    dtype: 'bfloat16',
    emit: BOTH,
    data: ['normal'],
    ...more,
  })
  const shapes = Object.entries(SHAPES).map(([name, shape], i) =>
    i % 2 === 0
      ? at(name, shape, { dtype: DTYPES[(i / 2) % DTYPES.length]! })
      : at(name, shape, { schedule: small, data: ['integer'], reversed: true }),
  )
  const named = Object.keys(kernel.schedules).filter((name) => name !== 'default')
  const dims = kernel.dims.filter((dim) => dim !== '1')
  const aligned = BOTH.map((emit) => ({ ...emit, aligned: dims }))
  return [
    ...shapes,
    ...named.map((name) => at(`schedule ${name}`, SHAPES.ragged, { schedule: kernel.schedules[name]! })),
    ...wordsOf(kernel.choices).map(([name, word]) =>
      at(`${name} ${word}`, SHAPES.oneMore, { schedule: { ...small, [name]: word }, dtype: 'float32' }),
    ),
    ...wordsOf(kernel.options).map(([name, word]) =>
      at(`${name} ${word}`, SHAPES.oneMore, { options: { [name]: word } }),
    ),
    at('aligned text', SHAPES.aligned, { emit: aligned, schedule: small, data: ['integer'] }),
    ...(sizesOf(kernel).length > 0
      ? [at('passed blocks', SHAPES.ragged, { passed: small, data: ['integer'] })]
      : []),
  ]
}

/** Every word but the default, one at a time. */
const wordsOf = (words: Kernel['choices']): [string, string][] =>
  Object.entries(words).flatMap(([name, [, ...others]]) =>
    others.map((word): [string, string] => [name, word]),
  )
