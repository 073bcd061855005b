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
import { FAMILIES, formsOf } from '../../src/kernels/index.ts'
import { run } from '../../src/simulate/index.ts'
import { compare, type Tensor } from '../../src/tensor/index.ts'
import { dimsOf, inputsOf, smallest } from './cases.ts'
import { combined, inputsOfRank, unevenParts } from './shares.ts'

const python = findPython()
const SHAPE = { M: 150, K: 300, r: 140, N: 530 }
const LOW_RANK = ['N', 'K', 'r']

/** What ranks may hold a part of. The gate of an MLP is not linear in r, nor in K. */
const PARALLEL: Readonly<Record<string, readonly string[]>> = {
  matmul_tiled: ['N', 'K'],
  matmul_tiled_natural_lhs: ['N', 'K'],
  matmul_fully_optimized: ['N', 'K'],
  sequential_xuv: LOW_RANK,
  fused_xuv: LOW_RANK,
  fused_xuv_decode: LOW_RANK,
  fused_xuv_transposed: LOW_RANK,
  fused_xuv_transposed_decode: LOW_RANK,
  fused_xtuv: LOW_RANK,
  fused_xtuv_decode: LOW_RANK,
  fused_xtuv_transposed: LOW_RANK,
  fused_xtuv_transposed_decode: LOW_RANK,
  fused_mlp_up_transposed: ['N'],
  fused_mlp_up_transposed_decode: ['N'],
  fused_mlp: ['N'],
  fused_mlp_decode: ['N'],
}

describe.skipIf(!python)('tensor parallel', () => {
  it.each(Object.entries(PARALLEL))('%s', async (name, parallel) => {
    const kernel = FAMILIES.flatMap(formsOf).find((k) => k.name === name)!
    const program = kernel.trace(smallest(kernel))
    const dims = dimsOf(kernel, SHAPE)
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
})
