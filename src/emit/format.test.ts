/** Python within 100 columns. What is broken must still be the same expression. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callOf, docstring, packed, paragraph, statement, WIDTH } from './format.ts'

const flat = (lines: readonly string[]): string =>
  lines
    .join('')
    .replace(/\s+/g, '')
    .replace(/,([)\]])/g, '$1')

describe('statement', () => {
  it('stays on one line where it fits', () => {
    expect(statement('y = f(x)', 2)).toEqual(['        y = f(x)'])
  })

  it('breaks within its last bracket, arguments together or one by one', () => {
    const tile = 'block[0:row_tile_size, i_row_tile, 0:col_size]'
    expect(statement(`nisa.tensor_copy(${tile}, other[0:row_tile_size, 0, 0:col_size])`, 1)).toEqual([
      '    nisa.tensor_copy(',
      `        ${tile}, other[0:row_tile_size, 0, 0:col_size]`,
      '    )',
    ])
    expect(statement(`nisa.tensor_copy(${tile}, ${tile}, ${tile})`, 1)).toEqual([
      '    nisa.tensor_copy(',
      `        ${tile},`,
      `        ${tile},`,
      `        ${tile},`,
      '    )',
    ])
  })

  it('breaks within its left side where the right side stays whole', () => {
    const index = '0:COL_TILE, dst_start + i_col_tile, row_tile:row_tile + ROW_TILE'
    expect(statement(`dst[${index}] = nisa.tensor_copy(transposed[...], dtype=dst.dtype)`, 3)).toEqual([
      '            dst[',
      `                ${index}`,
      '            ] = nisa.tensor_copy(transposed[...], dtype=dst.dtype)',
    ])
    expect(statement(`dst[${index}, ${index}] += acc[...]`, 1)[0]).toBe('    dst[')
  })

  it('keeps within the width and to the expression, whatever the names', () => {
    const name = fc.stringMatching(/^[a-z]{1,10}(_[a-z]{1,8})?$/)
    const index = fc.tuple(name, name, name).map(([a, b, c]) => `${a}[0:${b}, i_${c}, ${b}:${b} + ${c}_size]`)
    const call = fc
      .tuple(name, fc.array(index, { minLength: 1, maxLength: 5 }))
      .map(([f, args]) => `nisa.${f}(${args.join(', ')})`)
    fc.assert(
      fc.property(call, fc.integer({ min: 0, max: 5 }), (text, depth) => {
        const lines = statement(text, depth)
        expect(flat(lines)).toBe(flat([text]))
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(WIDTH)
      }),
    )
  })
})

it('packed fills lines, and each group begins one', () => {
  const names = Array.from({ length: 20 }, (_, i) => `argument_${i}`)
  const lines = packed('def f(', [names, ['BLOCK=1']], '):', 0)
  expect(lines[0]).toBe('def f(')
  expect(lines.slice(-2)).toEqual(['    BLOCK=1,', '):'])
  expect(flat(lines)).toBe(flat([`def f(${[...names, 'BLOCK=1'].join(', ')}):`]))
  expect(packed('def f(', [['x'], ['N=1']], '):', 0)).toEqual(['def f(x, N=1):'])
})

it('callOf continues below its bracket', () => {
  const args = Array.from({ length: 12 }, (_, i) => `argument_${i}`)
  const [first, second, ...rest] = callOf('load', args, 1)
  expect(first).toMatch(/^ {4}load\(argument_0, .*,$/)
  expect(second).toMatch(/^ {9}argument_\d+, .*\)$/)
  expect(rest).toEqual([])
})

it('paragraph and docstring keep words whole', () => {
  const words = Array.from({ length: 40 }, () => 'word').join(' ')
  expect(
    paragraph(words, 1, '# ').every((line) => line.startsWith('    # word') && line.length <= WIDTH),
  ).toBe(true)
  expect(paragraph(words, 0, '', '  ').map((line) => line.slice(0, 3))).toEqual(['wor', '  w', '  w'])
  expect(docstring('Short.', 1)).toEqual(['    """Short."""'])
  expect(docstring(words, 1).at(-1)).toBe('    """')
})
