/**
 * Tensor parallelism: shapes are read from the arguments, so every rank calls the same emitted kernel on its part of the
 * weights. Executed on 2 and 4 ranks with parts of unequal size, in both dialects: what a framework gathers or reduces
 * is what the kernel gives for the whole.
 *
 *   column-parallel  columns of the last factor        outputs side by side
 *   row-parallel     columns of X, rows of U           outputs added up
 *   rank-parallel    columns of U, rows of V           outputs added up
 */
import { describe, expect, it } from 'vitest'
import { DIALECTS, emitPython } from '../../src/emit/index.ts'
import { executePython, findPython } from '../../src/execute/index.ts'
import { FAMILIES, formsOf, withinLimits } from '../../src/kernels/index.ts'
import { run } from '../../src/simulate/index.ts'
import { compare, type Tensor } from '../../src/tensor/index.ts'
import { inputsOf, smallest } from './cases.ts'
import { combined, inputsOfRank, unevenParts } from './shares.ts'

const python = findPython()
const SHAPE = { M: 150, K: 300, r: 140, N: 530 }

/** What ranks may hold a part of, by group. The gate of an MLP is not linear in r, nor in K. */
const PARALLEL: Readonly<Record<string, readonly string[]>> = {
  matmul: ['N', 'K'],
  lowrank: ['N', 'K', 'r'],
  mlp: ['N'],
}
const KERNELS = FAMILIES.flatMap((family) =>
  formsOf(family).map((kernel) => [kernel.name, PARALLEL[family.group]!, kernel] as const),
)

describe.skipIf(!python)('tensor parallel', () => {
  it.each(KERNELS)('%s along %j', async (name, parallel, kernel) => {
    const program = kernel.trace(smallest(kernel))
    const dims = withinLimits(kernel, SHAPE)
    const inputs = inputsOf(program, dims, 'float32', 'integer')
    const whole = run(program, inputs)
    const planned = DIALECTS.flatMap((dialect) =>
      parallel.flatMap((dim) => [2, 4].map((ranks) => ({ dialect, dim, ranks }))),
    )
    const cases = planned.flatMap(({ dialect, dim, ranks }) =>
      unevenParts(dims[dim]!, ranks).map((part) => ({
        dialect,
        source: emitPython(program, { dialect }),
        function: name,
        inputs: Object.values(inputsOfRank(program, inputs, dim, part)),
      })),
    )
    const results = await executePython(python!, cases)
    const outputs: Tensor[] = results.map((result) => {
      if ('error' in result) throw new Error(result.error)
      return result.output
    })
    for (const { dialect, dim, ranks } of planned) {
      const label = `${dialect}, ${ranks} ranks, ${dim}`
      const { relativeError, maxAbsError } = compare(combined(program, dim, outputs.splice(0, ranks)), whole)
      // integers are exact in float32; what SiLU makes of them is not
      if (name.includes('mlp')) expect.soft(relativeError, label).toBeLessThan(2 ** -18)
      else expect.soft(maxAbsError, label).toBe(0)
    }
    expect(outputs).toHaveLength(0)
  })

  it('in bfloat16 columns are those of the whole, and sums are off by a rounding for every rank', async () => {
    const kernel = KERNELS.find(([name]) => name === 'fused_xuv')![2]
    const program = kernel.trace(smallest(kernel))
    const inputs = inputsOf(program, SHAPE, 'bfloat16', 'normal')
    const whole = run(program, inputs)
    for (const [dim, limit] of [
      ['N', 0],
      ['K', 4 * 2 ** -8],
    ] as const) {
      const cases = unevenParts(SHAPE[dim], 4).map((part) => ({
        dialect: 'current' as const,
        source: emitPython(program, { dialect: 'current' }),
        function: kernel.name,
        inputs: Object.values(inputsOfRank(program, inputs, dim, part)),
      }))
      const outputs = (await executePython(python!, cases)).map((result) => {
        if ('error' in result) throw new Error(result.error)
        return result.output
      })
      expect(compare(combined(program, dim, outputs), whole).relativeError).toBeLessThanOrEqual(limit)
    }
  })
})
