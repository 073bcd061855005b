/** Dimensions and dtypes that do not fit a program, each told in one line. */
import { expect, test } from 'vitest'
import { untyped } from '../../test/refusal.ts'
import { ArgumentError, bind } from './index.ts'

const program = untyped(
  ({ nl, nisa }, { y }, { M, N }) => nisa.dmaCopy({ dst: y, src: nl.zeros('out', [M, N], y.dtype) }),
  { limits: { M: 128 } },
).trace()
const dims = { M: 1, K: 2, N: 3 }
const known = 'its dimensions are K, M, N'

test.each<[string, Record<string, number>, string]>([
  ['missing', { M: 1, K: 2 }, `dimension N is missing; ${known}`],
  ['unknown', { ...dims, r: 4 }, `no dimension r; ${known}`],
  ['zero', { ...dims, K: 0 }, `dimension K is 0, it must be a whole number from 1; ${known}`],
  ['negative', { ...dims, K: -5 }, `dimension K is -5, it must be a whole number from 1; ${known}`],
  ['a fraction', { ...dims, K: 1.5 }, `dimension K is 1.5, it must be a whole number from 1; ${known}`],
  [
    'not a number',
    { ...dims, K: Number.NaN },
    `dimension K is NaN, it must be a whole number from 1; ${known}`,
  ],
  ['too large', { ...dims, K: 2 ** 31 }, `dimension K is 2147483648, the limit is 1073741824; ${known}`],
  [
    'beyond a limit of the kernel',
    { ...dims, M: 129 },
    `dimension M is 129, this form takes at most 128; ${known}`,
  ],
])('a dimension that is %s', (_, given, message) => {
  expect(() => bind(program, given, 'float32')).toThrow(new ArgumentError(`k: ${message}`))
})

test('dtypes: one for all, or one for each input', () => {
  expect(bind(program, dims, 'int8').dtypes).toEqual({ x: 'int8', w: 'int8' })
  expect(bind(program, dims, { x: 'bfloat16', w: 'float16' }).dtypes).toEqual({ x: 'bfloat16', w: 'float16' })
  expect(() => bind(program, dims, { x: 'bfloat16' })).toThrow(
    'k: the dtype of w is missing; give one of float32',
  )
  expect(() => bind(program, dims, 'float64' as never)).toThrow(
    'k: the dtype of x is float64; give one of float32',
  )
})
