/** A kernel run on random inputs, and held against its reference in float64. */
import {
  type Algebra,
  ArgumentError,
  bind,
  type Dims,
  type Kernel,
  type Matrix,
  type OptionValues,
  type Reading,
  type ScheduleValues,
  type Split,
} from '../../nki/index.ts'
import { compare, type Dtype, randomTensor, type Tensor, tolerance } from '../../tensor/index.ts'
import { float64, matrixOf } from './algebra.ts'
import { type Counts, count } from './count.ts'
import { countLaunch, runLaunch } from './launch.ts'
import { type RunOptions, run } from './run.ts'

export interface CheckOptions extends RunOptions {
  readonly seed?: number
  readonly schedule?: ScheduleValues
  readonly options?: OptionValues
  /** How instructions are counted. */
  readonly reading?: Reading
  /** Cores that share a dimension; default: one core. */
  readonly cores?: Split | null
}

export interface CheckResult {
  /** Frobenius norm of the error over that of the reference. */
  readonly relativeError: number
  readonly maxAbsError: number
  /** Largest relative error that is accepted: a function of the dtype and of what is contracted. */
  readonly tolerance: number
  readonly ok: boolean
  readonly counts: Counts
  readonly macsUseful: number
  readonly output: Tensor
}

export function check(kernel: Kernel, dims: Dims, dtype: Dtype, options: CheckOptions = {}): CheckResult {
  const { seed = 0, schedule = {}, options: chosen = {}, cores = null } = options
  const program = kernel.trace(schedule, chosen)
  const binding = bind(program, dims, dtype)
  const inputs = randomInputs(kernel, dims, dtype, seed)
  const byName = (name: string, i: number) => [program.inputs[i]!.name, inputs[name]!] as const
  const named = Object.fromEntries(Object.keys(inputs).map(byName))
  const output = cores ? runLaunch(program, named, cores, options) : run(program, named, options)
  const matrices = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, matrixOf(tensor)]),
  )
  const algebra = new CountingAlgebra()
  const expected = expectedOf(kernel, dims, () => kernel.reference(algebra, matrices, chosen))
  const { relativeError, maxAbsError } = compare(output, expected.data)
  const allowed = tolerance(
    options.precision === 'float32' ? 'float32' : dtype,
    contraction(kernel, dims),
    algebra.products,
  )
  return {
    relativeError,
    maxAbsError,
    tolerance: allowed,
    ok: relativeError <= allowed,
    counts: cores
      ? countLaunch(program, binding, cores, options.reading)
      : count(program, binding, options.reading),
    macsUseful: kernel.macs(dims),
    output,
  }
}

/**
 * Inputs by the names of the kernel. Normal ones are scaled so that results stay near 1 whatever is contracted. Integers
 * are so small that sums of products of them stay exact in float32 (and within the range of float16).
 */
export function randomInputs(
  kernel: Kernel,
  dims: Dims,
  dtype: Dtype,
  seed: number,
  distribution: 'normal' | 'integer' = 'normal',
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(kernel.inputs).map(([name, [p, f]], i) => {
      const shape = [dims[p] ?? 1, dims[f] ?? 1]
      const normal = i === 0 ? 1 : 1 / Math.sqrt(shape[0]!)
      const scale = distribution === 'normal' ? normal : dtype === 'float16' ? 1 : 3
      return [name, randomTensor(shape, dtype, { seed: seed * 1009 + i, scale, distribution })]
    }),
  )
}

/** What a reference gives, which is of the shape of the output. @throws ArgumentError that says it is not the kernel. */
function expectedOf({ name, output }: Kernel, dims: Dims, reference: () => Matrix): Matrix {
  const [rows, cols] = output.map((dim) => dims[dim] ?? 1)
  const wrong = (what: string) =>
    new ArgumentError(
      `${name}: its reference ${what}; it computes [${output.join(', ')}] from the inputs by the algebra that it is given`,
    )
  let result: Matrix
  try {
    result = reference()
  } catch (error) {
    throw wrong(`fails: ${error instanceof Error ? error.message : error}`)
  }
  if (result?.rows !== rows || result.cols !== cols)
    throw wrong(
      `gives ${result?.data ? `[${result.rows}, ${result.cols}]` : result}, and the output is [${rows}, ${cols}]`,
    )
  return result
}

/** float64, and how many products a result comes from: a kernel may round each of them. */
class CountingAlgebra implements Algebra {
  products = 0
  readonly transpose = float64.transpose
  readonly activation = float64.activation

  matmul(a: Matrix, b: Matrix): Matrix {
    this.products++
    return float64.matmul(a, b)
  }
  times(a: Matrix, b: Matrix): Matrix {
    this.products++
    return float64.times(a, b)
  }
}

/** Everything that one element of the result sums over; it is one term where nothing is summed. */
function contraction(kernel: Kernel, dims: Dims): number {
  const summed = kernel.dims.filter((dim) => !kernel.output.includes(dim))
  return Math.max(
    1,
    summed.reduce((sum, dim) => sum + (dims[dim] ?? 1), 0),
  )
}
