/**
 * Routines of a kernel's own, as functions of the emitted file: with operands that are parts of tensors and of blocks,
 * two tensors in HBM at once, and words and numbers that shape them.
 */
import { expect, it } from 'vitest'
import { emitPython } from '../../src/emit/index.ts'
import { checkEmitted, findPython } from '../../src/execute/index.ts'
import { type Handles, kernel, routine, type Size, type View } from '../../src/nki/index.ts'
import { BOTH } from './cases.ts'

const python = findPython()

type Hbm = View<'hbm', 'M', 'N'>

/** dst = f(src), tile by tile, through a block in SBUF. */
const apply = routine(
  {
    name: 'apply',
    summary: 'dst [p, f] = op(src [p, f]).',
    parameters: { dst: ['p', 'f'], src: ['p', 'f'], op: 'word', tile: 'size' },
  },
  ({ nl, nisa }: Handles, dst: Hbm, src: Hbm, op: 'relu' | 'square', tile: Size): void => {
    for (const p of nl.affineRange(src.rows.tiles(128)))
      for (const f of nl.affineRange(src.cols.tiles(tile))) {
        const block = nl.sbuf('block', [p, f], src.dtype, { buffers: 2 })
        nisa.dmaCopy({ dst: block, src: src.at(p, f) })
        nisa.activation({ dst: block, data: block, op })
        nisa.dmaCopy({ dst: dst.at(p, f), src: block })
      }
  },
)

const twice = kernel({
  name: 'relu_squared',
  summary: 'Y = relu(X)², by way of HBM.',
  inputs: { x: ['M', 'N'] },
  output: ['M', 'N'],
  schedule: { mBlock: 256, nTile: 256 },
  reference: (): never => {
    throw new Error('unused')
  },
  macs: () => 0,
  trace(h, { x, y }, { M, N }, s) {
    const between = h.nl.hbm('between', [M, N], x.dtype)
    for (const block of h.nl.affineRange(M.blocks(s.mBlock)))
      apply(h, between.at(block), x.at(block), 'relu', s.nTile)
    for (const block of h.nl.affineRange(M.blocks(s.mBlock)))
      apply(h, y.at(block), between.at(block), 'square', 512)
  },
})

it('one text for each word, and parameters for what differs between calls', () => {
  const text = emitPython(twice.trace(), { dialect: 'current' })
  expect(text.match(/^def apply\w*\(.*$/gm)).toEqual([
    'def apply(dst, src, p, src_p, p_size, f, src_f, f_size, F_TILE):',
    'def apply_square(dst, src, p, src_p, p_size, f, src_f, f_size, F_TILE):',
  ])
  expect(text).toContain('apply(between, x, m_block, m_block, m_block_size, 0, 0, N, N_TILE)')
})

it.skipIf(!python)('is executed, whatever the shape', async () => {
  const requests = [
    { M: 256, N: 512 },
    { M: 300, N: 700 },
    { M: 1, N: 3 },
  ].map((dims) => ({ kernel: twice, dims, dtype: 'bfloat16' as const, emit: BOTH }))
  const cores = { dim: 'M', count: 2 }
  const launch = {
    kernel: twice,
    dims: { M: 700, N: 130 },
    dtype: 'bfloat16' as const,
    emit: [{ dialect: 'current' as const, cores }],
  }
  const outcomes = await checkEmitted(python!, [...requests, launch])
  expect(outcomes.filter(({ ok }) => !ok).map(({ error, request }) => [request.dims, error])).toEqual([])
})
