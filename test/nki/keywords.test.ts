/** Block sizes that the caller of the Python passes: what does not fit is refused in one line, before anything runs. */
import { describe, expect, it } from 'vitest'
import { DIALECTS, emitPython } from '../../src/emit/index.ts'
import { checkEmitted, executePython, findPython } from '../../src/execute/index.ts'
import { randomInputs } from '../../src/simulate/index.ts'
import { BOTH, KERNELS } from './cases.ts'

const python = findPython()

const kernelNamed = (name: string) => KERNELS.find((kernel) => kernel.name === name)!

const REFUSED: readonly [kernel: string, keywords: Readonly<Record<string, number>>, message: string][] = [
  ['fused_xuv', { K_BLOCK: 100 }, 'a block size must be a positive multiple of 128'],
  ['fused_xuv', { R_BLOCK: 0 }, 'a block size must be a positive multiple of 128'],
  ['fused_xuv', { N_BLOCK: -128 }, 'a block size must be a positive multiple of 128'],
  ['fused_xuv', { M_TILE: 1024 }, 'M_TILE exceeds nl.tile_size.gemm_moving_fmax'],
  ['fused_xuv_decode', { N_BLOCK: 8192 }, 'R_BLOCK or N_BLOCK exceeds the banks of PSUM'],
  ['fused_mlp', { M_STRIP: 1024 }, 'M_STRIP or M_TILE exceeds nl.tile_size.gemm_moving_fmax'],
  ['matmul_tiled', { M_TILE: 256 }, 'M_TILE must divide 128'],
  ['matmul_tiled', { M_TILE: 48 }, 'M_TILE must divide 128'],
  ['matmul_tiled', { N_TILE: 1024 }, 'N_TILE exceeds nl.tile_size.gemm_moving_fmax'],
]

describe.skipIf(!python)('keywords of an emitted kernel', () => {
  it.each(DIALECTS)('that do not fit are refused in one line: %s', async (dialect) => {
    const cases = REFUSED.map(([name, keywords]) => {
      const kernel = kernelNamed(name)
      const dims = Object.fromEntries(kernel.dims.map((dim) => [dim, 128]))
      const inputs = Object.values(randomInputs(kernel, dims, 'bfloat16', 0, 'normal'))
      return { dialect, source: emitPython(kernel.trace(), { dialect }), function: name, inputs, keywords }
    })
    const results = await executePython(python!, cases)
    const messages = results.map((result) => ('error' in result ? result.error : 'accepted'))
    for (const [i, [name, keywords, message]] of REFUSED.entries())
      expect(messages[i], `${name} ${JSON.stringify(keywords)}`).toMatch(
        new RegExp(`AssertionError: ${message}$`),
      )
  })

  it('blocks that were whole tiles must stay so', async () => {
    const kernel = kernelNamed('fused_xuv')
    const source = emitPython(kernel.trace({ rBlock: 128 }), { dialect: 'current' })
    expect(source).toContain('R_BLOCK (int): largest block of r, 128\n')
    const inputs = Object.values(
      randomInputs(kernel, { M: 64, K: 64, r: 256, N: 64 }, 'bfloat16', 0, 'normal'),
    )
    const [result] = await executePython(python!, [
      { dialect: 'current', source, function: 'fused_xuv', inputs, keywords: { R_BLOCK: 64 } },
    ])
    expect(result).toEqual({
      error: expect.stringMatching(/AssertionError: R_BLOCK must be 128, a whole tile$/),
    })
  })

  it.each([32, 64])(
    'blocks of %i lie within tiles, which only the current dialect has words for',
    async (size) => {
      const kernel = kernelNamed('fused_xuv')
      const [legacy, current] = await checkEmitted(python!, [
        {
          kernel,
          dims: { M: 200, K: 300, r: 140, N: 700 },
          dtype: 'bfloat16',
          schedule: { kBlock: size, rBlock: size },
          passed: { rBlock: 128 },
          emit: BOTH,
          data: ['integer'],
        },
      ])
      expect(legacy!.error).toMatch(
        /tensor_tensor: the legacy dialect has no words for a part of a tile[\s\S]*Cut it by 128, or use the current dialect/,
      )
      expect(current).toMatchObject({ ok: true, integerError: 0 })
    },
  )

  it('promised whole blocks are checked', async () => {
    const kernel = kernelNamed('fused_xuv')
    const source = emitPython(kernel.trace({ kBlock: 128 }), { dialect: 'current', aligned: ['K'] })
    const dims = { M: 64, K: 200, r: 64, N: 64 }
    const inputs = Object.values(randomInputs(kernel, dims, 'bfloat16', 0, 'normal'))
    const [result] = await executePython(python!, [
      { dialect: 'current', source, function: 'fused_xuv', inputs },
    ])
    expect(result).toEqual({
      error: expect.stringMatching(/AssertionError: fused_xuv was emitted for whole blocks$/),
    })
  })
})
