/** The cases in which every kernel is emitted, executed and compared. */
import type { EmitOptions } from '../../src/emit/index.ts'
import { FAMILIES, formsOf } from '../../src/kernels/index.ts'
import { type Dims, type Kernel, PARTITIONS, type Program } from '../../src/nki/index.ts'
import { type Dtype, randomTensor, type Tensor } from '../../src/tensor/index.ts'

export const KERNELS: readonly Kernel[] = FAMILIES.flatMap(formsOf)

/** Aligned, ragged in every dimension, a row, tiny, and one more than whole tiles. */
export const SHAPES: Readonly<Record<string, Dims>> = {
  aligned: { M: 256, K: 384, r: 256, N: 1024 },
  ragged: { M: 200, K: 300, r: 140, N: 700 },
  row: { M: 1, K: 320, r: 64, N: 520 },
  tiny: { M: 3, K: 5, r: 2, N: 7 },
  oneMore: { M: 129, K: 257, r: 129, N: 513 },
  tall: { M: 1100, K: 130, r: 650, N: 140 },
  unequal: { M: 640, K: 700, r: 40, N: 1300 },
}

/** The dimensions of a kernel, its limits kept. */
export function dimsOf(kernel: Kernel, shape: Dims): Dims {
  const named = kernel.dims.filter((dim) => dim !== '1')
  return Object.fromEntries(
    named.map((dim) => [dim, Math.min(shape[dim]!, kernel.limits[dim] ?? shape[dim]!)]),
  )
}

/** Its default blocks, or the smallest that it can be given, so that small shapes have many of them. */
export function smallest(kernel: Kernel): Record<string, number> {
  const sizes = Object.entries(kernel.schedule).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  )
  return Object.fromEntries(sizes.map(([name, size]) => [name, Math.min(size, 2 * PARTITIONS)]))
}

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

export const DIALECT_OPTIONS: readonly EmitOptions[] = [{ dialect: 'legacy' }, { dialect: 'current' }]
