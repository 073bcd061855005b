/**
 * Every kernel, emitted in both dialects, executed on the numpy stand-ins and compared with simulate/run: outputs equal
 * within a rounding step, bit by bit for integers, and bytes of HBM equal to the counters.
 */
import { describe, expect, it } from 'vitest'
import { emitPython } from '../../src/emit/index.ts'
import {
  type ExecutionCase,
  type ExecutionResult,
  executePython,
  findPython,
} from '../../src/execute/index.ts'
import { bind, type Kernel } from '../../src/nki/index.ts'
import { count, run } from '../../src/simulate/index.ts'
import { compare, type Dtype, type Tensor } from '../../src/tensor/index.ts'
import { DIALECT_OPTIONS, dimsOf, inputsOf, KERNELS, SHAPES, smallest } from './cases.ts'

const python = findPython()
if (!python)
  console.warn('emitted kernels were not executed: there is no Python with numpy (set NEURONMM_PYTHON)')

interface Planned {
  readonly label: string
  readonly exact: boolean
  readonly dtype: Dtype
  readonly expected: Tensor
  readonly bytes: { readonly hbmReadBytes: number; readonly hbmWriteBytes: number }
  readonly execution: ExecutionCase
}

const DTYPES: readonly Dtype[] = ['bfloat16', 'float32', 'float16']

/** Normal numbers with the default blocks, or integers with the smallest ones, of which there are many. */
const variants = (kernel: Kernel, i: number) =>
  i % 2 === 0 ? ([['normal', {}]] as const) : ([['integer', smallest(kernel)]] as const)

function plan(kernel: Kernel): Planned[] {
  return Object.entries(SHAPES).flatMap(([shapeName, shape], i) =>
    variants(kernel, i).flatMap(([distribution, schedule]) => {
      // integers would overflow float16
      const dtype = distribution === 'integer' ? 'bfloat16' : DTYPES[(i / 2) % DTYPES.length]!
      const program = kernel.trace(schedule)
      const dims = dimsOf(kernel, shape)
      const inputs = inputsOf(program, dims, dtype, distribution)
      const expected = run(program, inputs)
      const bytes = count(program, bind(program, dims, dtype))
      return DIALECT_OPTIONS.map((options) => ({
        label: `${options.dialect} ${shapeName} ${distribution} ${dtype}`,
        // SiLU leaves the integers
        exact: distribution === 'integer' && !kernel.name.includes('mlp'),
        dtype,
        expected,
        bytes,
        execution: {
          dialect: options.dialect,
          source: emitPython(program, options),
          function: kernel.name,
          inputs: Object.values(inputs),
        },
      }))
    }),
  )
}

/** Unit of the last place of the dtype, relative; float32 sums of other orders differ by more than one of theirs. */
const STEP: Readonly<Record<string, number>> = { bfloat16: 2 ** -8, float16: 2 ** -11, float32: 2 ** -18 }

function check({ label, exact, dtype, expected, bytes }: Planned, result: ExecutionResult): void {
  if ('error' in result) throw new Error(`${label}: ${result.error}`)
  const { hbmReadBytes, hbmWriteBytes } = bytes
  expect.soft({ hbmReadBytes: result.hbmReadBytes, hbmWriteBytes: result.hbmWriteBytes }, label).toEqual({
    hbmReadBytes,
    hbmWriteBytes,
  })
  if (exact) expect.soft(compare(result.output, expected).maxAbsError, label).toBe(0)
  else {
    const { relativeError, maxAbsError } = compare(result.output, expected)
    const largest = expected.toFloat32().reduce((most, x) => Math.max(most, Math.abs(x)), 0)
    expect.soft(relativeError, label).toBeLessThan(STEP[dtype]!)
    expect.soft(maxAbsError, label).toBeLessThanOrEqual(2 * STEP[dtype]! * largest)
  }
}

describe.skipIf(!python)('executed on the stand-ins', () => {
  it.each(KERNELS.map((kernel) => [kernel.name, kernel] as const))('%s', async (_, kernel) => {
    const planned = plan(kernel)
    const results = await executePython(
      python!,
      planned.map((p) => p.execution),
    )
    planned.forEach((p, i) => {
      check(p, results[i]!)
    })
  })
})
