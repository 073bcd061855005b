/**
 * Launches on two cores, executed on the stand-in: both halves make the whole, whichever dimension they share; nothing
 * is written twice, and nothing is left. HBM bytes are those of both cores.
 */
import { describe, expect, it } from 'vitest'
import { emitPython } from '../../src/emit/index.ts'
import { type ExecutionCase, executePython, findPython } from '../../src/execute/index.ts'
import { FAMILIES, formsOf, withinLimits } from '../../src/kernels/index.ts'
import {
  bind,
  type Dims,
  type Kernel,
  type ScheduleValues,
  sharesOf,
  splitOf,
  whyNotShared,
} from '../../src/nki/index.ts'
import { count, countLaunch, run, runLaunch } from '../../src/simulate/index.ts'
import { compare, type Tensor } from '../../src/tensor/index.ts'
import { inputsOf, KERNELS, smallest } from './cases.ts'

const python = findPython()

/** Equal shares, one element over a tile, ragged shares, and a row, of which only columns can be shared. */
const SHAPES: Readonly<Record<string, Dims>> = {
  equal: { M: 256, K: 256, r: 128, N: 512 },
  oneMore: { M: 129, K: 200, r: 70, N: 257 },
  ragged: { M: 700, K: 130, r: 40, N: 650 },
  row: { M: 1, K: 300, r: 64, N: 1100 },
}

interface Planned {
  readonly label: string
  readonly expected: Tensor
  readonly bytes: { readonly hbmReadBytes: number; readonly hbmWriteBytes: number }
  readonly execution: ExecutionCase
}

const fits = (dims: Dims, dim: string): boolean => {
  try {
    return sharesOf(dims, { dim, count: 2 }).length === 2
  } catch {
    return false
  }
}

/** The smallest blocks at every shape, and at one of them every other word of a choice. */
function plan(kernel: Kernel): Planned[] {
  const small = smallest(kernel)
  const others = Object.entries(kernel.choices).flatMap(([name, [, ...words]]) =>
    words.map((word) => ({ [name]: word })),
  )
  return [
    ...planFor(kernel, small, SHAPES),
    ...others.flatMap((choice) => planFor(kernel, { ...small, ...choice }, { oneMore: SHAPES.oneMore! })),
  ]
}

function planFor(kernel: Kernel, schedule: ScheduleValues, shapes: typeof SHAPES): Planned[] {
  const program = kernel.trace(schedule)
  const { p, f } = program.output
  return [p.dim, f.dim]
    .filter((dim) => whyNotShared(program, dim) === null)
    .flatMap((dim) => {
      const split = { dim, count: 2 }
      const source = emitPython(program, { dialect: 'current', cores: split })
      return Object.entries(shapes).flatMap(([name, shape]) => {
        const dims = withinLimits(kernel, shape)
        if (!fits(dims, dim)) return []
        // float32: integers of any size, and an activation within a few units of the last place
        const inputs = inputsOf(program, dims, 'float32', 'integer')
        const binding = bind(program, dims, 'float32')
        const expected = run(program, inputs)
        expect(compare(runLaunch(program, inputs, split), expected).maxAbsError).toBe(0)
        return [1, 2].map((cores) => ({
          label: `${name} ${JSON.stringify(schedule)}, ${cores} cores share ${dim}`,
          expected,
          bytes: cores === 1 ? count(program, binding) : countLaunch(program, binding, split),
          execution: {
            dialect: 'current' as const,
            source,
            function: kernel.name,
            inputs: Object.values(inputs),
            cores,
          },
        }))
      })
    })
}

describe.skipIf(!python)('two cores', () => {
  it.each(KERNELS.map((kernel) => [kernel.name, kernel] as const))('%s', async (name, kernel) => {
    const planned = plan(kernel)
    // both factors of the decode form of the whole MLP are summed over
    expect(planned.length > 0).toBe(name !== 'fused_mlp_decode')
    const results = await executePython(
      python!,
      planned.map((p) => p.execution),
    )
    for (const [i, { label, expected, bytes }] of planned.entries()) {
      const result = results[i]!
      if ('error' in result) throw new Error(`${label}: ${result.error}`)
      const { hbmReadBytes, hbmWriteBytes } = bytes
      expect
        .soft({ hbmReadBytes: result.hbmReadBytes, hbmWriteBytes: result.hbmWriteBytes }, label)
        .toEqual({ hbmReadBytes, hbmWriteBytes })
      const { relativeError, maxAbsError } = compare(result.output, expected)
      if (name.includes('mlp')) expect.soft(relativeError, label).toBeLessThan(2 ** -18)
      else expect.soft(maxAbsError, label).toBe(0)
    }
  })

  it('refuses a dimension of one tile when it is launched', async () => {
    const kernel = FAMILIES.flatMap(formsOf).find(({ name }) => name === 'fused_xuv')!
    const program = kernel.trace()
    const inputs = Object.values(inputsOf(program, { M: 100, K: 64, r: 32, N: 64 }, 'float32', 'integer'))
    const source = emitPython(program, { dialect: 'current', cores: splitOf(program, 2) })
    const launch = { dialect: 'current', source, function: kernel.name, inputs } as const
    const [two, one] = await executePython(python!, [{ ...launch, cores: 2 }, launch])
    expect(two).toEqual({ error: expect.stringContaining('M is too small to be shared') })
    expect(one).toHaveProperty('output')
  })
})
