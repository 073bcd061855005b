import { expect, it } from 'vitest'
import { findFamily } from '../kernels/index.ts'
import { emitPython } from './index.ts'

const program = findFamily('fused_xuv').general.trace()

it('one text serves one core and two: the share is read from the launch, and everything follows from it', () => {
  const text = emitPython(program, { dialect: 'current', target: 'trn2', cores: { dim: 'M', count: 2 } })
  expect(text).toContain(`    # Each core computes its share of M.
    M_SHARE = ceil_div(ceil_div(M, 128), nl.num_programs(0)) * 128
    assert M_SHARE * (nl.num_programs(0) - 1) < M, "M is too small to be shared"
    m_core = nl.program_id(0) * M_SHARE
    M_CORE = min(M_SHARE, M - m_core)
`)
  expect(text).toContain(
    'fused_xuv[2](…) runs on both cores of LNC2, each on its share of M; fused_xuv(…) on one.',
  )
  expect(text).toContain('M_STRIP = balanced(M_CORE, M_STRIP)')
  // only the tensors of the caller are as large as M
  expect(text.split('y = nl.ndarray((M, N)')[1]).not.toMatch(/[^A-Z_]M[^A-Z_]/)
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
})

it('whole blocks are promised of the share', () => {
  const text = emitPython(program, {
    dialect: 'current',
    aligned: ['M', 'K', 'r', 'N'],
    cores: { dim: 'N', count: 2 },
  })
  expect(text).toContain('N_CORE % N_BLOCK == 0')
})

it('the legacy dialect has no such launch, and says what to do', () => {
  expect(() => emitPython(program, { dialect: 'legacy', cores: { dim: 'M', count: 2 } })).toThrow(
    /^fused_xuv: the legacy dialect has no launch on 2 physical cores; use --dialect current on trn2 or trn3\./,
  )
  expect(() => emitPython(program, { dialect: 'current', cores: { dim: 'r', count: 2 } })).toThrow(
    'fused_xuv: nothing that 2 cores can share: r is not a dimension of the output',
  )
})
