/**
 * Texts of a representative set of kernels, kept to be read and compared: what changes in them is seen in the diff of a
 * commit. `npx vitest run test/nki/golden.test.ts -u` writes them anew.
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { DIALECTS, type EmitOptions, emitPython } from '../../src/emit/index.ts'
import { KERNELS } from './cases.ts'

const DIMS = ['M', 'K', 'r', 'N']
/** A tiled and a blocked dense product, the sequential baseline, the low-rank forms, both MLPs. */
const NAMES = [
  'matmul_tiled',
  'matmul_fully_optimized',
  'sequential_xuv',
  'fused_xuv',
  'fused_xuv_decode',
  'fused_xtuv_transposed',
  'fused_mlp_up_transposed',
  'fused_mlp',
]
const CASES: readonly [file: string, kernel: string, options: EmitOptions][] = [
  ...NAMES.flatMap((name) =>
    DIALECTS.map((dialect): [string, string, EmitOptions] => [`${name}.${dialect}`, name, { dialect }]),
  ),
  ...DIALECTS.map((dialect): [string, string, EmitOptions] => [
    `fused_xuv.${dialect}.aligned`,
    'fused_xuv',
    { dialect, aligned: DIMS },
  ]),
  ['fused_xuv.current.cores', 'fused_xuv', { dialect: 'current', cores: { dim: 'M', count: 2 } }],
]

it.each(CASES)('%s', async (file, name, options) => {
  const kernel = KERNELS.find((k) => k.name === name)!
  await expect(emitPython(kernel.trace(), options)).toMatchFileSnapshot(`golden/${file}.py`)
})

it('there are no other files', () => {
  const files = readdirSync(fileURLToPath(new URL('golden', import.meta.url)))
  expect(files.sort()).toEqual(CASES.map(([file]) => `${file}.py`).sort())
})
