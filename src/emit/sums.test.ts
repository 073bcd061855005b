/** Matmuls of the current dialect: each says whether it adds to its PSUM tile, and loops that add up run in order. */
import { describe, expect, it, test } from 'vitest'
import { FAMILIES, formsOf } from '../kernels/index.ts'
import { kernel } from '../nki/index.ts'
import { emitPython } from './index.ts'

/** Texts of calls of nc_matmul, without line breaks. */
const matmulsOf = (text: string): string[] =>
  text
    .replace(/\s+/g, ' ')
    .split('nisa.')
    .filter((call) => call.startsWith('nc_matmul('))

describe.each(FAMILIES.flatMap(formsOf).map((form) => [form.name, form] as const))('%s', (_, form) => {
  const current = emitPython(form.trace(), { dialect: 'current' })

  it('leaves nothing for the dialect to find out', () => {
    const matmuls = matmulsOf(current)
    expect(matmuls.length).toBeGreaterThan(0)
    for (const matmul of matmuls) expect(matmul).toMatch(/accumulate=(False|(accumulate or )?i_\w+ > 0)/)
  })

  it('runs a loop in order whose first iteration overwrites', () => {
    for (const { 1: loop, index } of current.matchAll(/accumulate=(?:accumulate or )?(i_\w+) > 0/g)) {
      const around = current.lastIndexOf(`for ${loop} in nl.`, index)
      expect(current.slice(around)).toMatch(/^for \w+ in nl\.sequential_range/)
    }
  })

  it('adds to zeros in the legacy dialect, in any order', () => {
    const text = emitPython(form.trace(), { dialect: 'legacy' })
    expect(text).not.toContain('accumulate=')
    expect(text.match(/\+= nisa\.nc_matmul/g)?.length ?? 0).toBeGreaterThan(0)
  })
})

/** A product in one PSUM tile, by one matmul or by two that follow each other. */
const product = (matmuls: 1 | 2) =>
  kernel({
    name: 'product',
    summary: 'Y = Xᵀᵀ·W in one tile.',
    inputs: { xT: ['K', 'M'], w: ['K', 'N'] },
    output: ['M', 'N'],
    limits: { M: 128, N: 512 },
    schedule: {},
    reference: (_, { w }) => w,
    macs: ({ M, K, N }) => M * K * N,
    trace({ nl, nisa }, { xT, w, y }, { M, K, N }) {
      const acc = nl.psum('acc', [M, N])
      for (let i = 0; i < matmuls; i++)
        for (const k of nl.affineRange(K.tiles(128))) {
          const xTile = nl.sbuf('x_tile', [k, M], xT.dtype)
          const wTile = nl.sbuf('w_tile', [k, N], w.dtype)
          nisa.dmaCopy({ dst: xTile, src: xT.at(k, M) })
          nisa.dmaCopy({ dst: wTile, src: w.at(k, N) })
          nisa.ncMatmul({ dst: acc, stationary: xTile, moving: wTile })
        }
      const out = nl.sbuf('out', [M, N], y.dtype)
      nisa.tensorCopy({ dst: out, src: acc })
      nisa.dmaCopy({ dst: y, src: out })
    },
  })

test('where two loops add up in one tile, the dialect finds out which matmul is the first', () => {
  expect(emitPython(product(1).trace(), { dialect: 'current' })).toContain('accumulate=i_k_tile > 0')
  expect(emitPython(product(2).trace(), { dialect: 'current' })).not.toContain('accumulate')
})
