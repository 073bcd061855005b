import fc from 'fast-check'
import { expect, test } from 'vitest'
import { name, section, signed, unsigned, vector } from './encoding.ts'

// Examples of the DWARF standard, appendix C, where LEB128 comes from.
test.each([
  [2, [0x02]],
  [127, [0x7f]],
  [128, [0x80, 0x01]],
  [129, [0x81, 0x01]],
  [12857, [0xb9, 0x64]],
  [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
])('unsigned LEB128 of %d', (value, bytes) => {
  expect(unsigned(value)).toEqual(bytes)
})

test.each([
  [2, [0x02]],
  [-2, [0x7e]],
  [127, [0xff, 0x00]],
  [-127, [0x81, 0x7f]],
  [128, [0x80, 0x01]],
  [-128, [0x80, 0x7f]],
  [-129, [0xff, 0x7e]],
  [-0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]],
  [0xfffffffe, [0x7e]],
])('signed LEB128 of %d', (value, bytes) => {
  expect(signed(value)).toEqual(bytes)
})

/** Decodes as the specification words it: 7 bits a byte, low first, sign-extended from the last one. */
function decode(bytes: readonly number[], isSigned: boolean): number {
  let value = 0n
  bytes.forEach((byte, i) => {
    value |= BigInt(byte & 0x7f) << BigInt(7 * i)
  })
  return Number(isSigned ? BigInt.asIntN(7 * bytes.length, value) : value)
}

test('LEB128 reads back, in as few bytes as there can be', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      const bytes = unsigned(value)
      expect(decode(bytes, false)).toBe(value)
      expect(bytes.length === 1 || bytes.at(-1) !== 0).toBe(true)
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: -0x80000000, max: 0x7fffffff }), (value) => {
      expect(decode(signed(value), true)).toBe(value)
    }),
  )
})

test.each([-1, 1.5, 2 ** 32, Number.NaN])('%d is no unsigned 32-bit integer', (value) => {
  expect(() => unsigned(value)).toThrow(RangeError)
})

test('names are UTF-8, vectors and sections carry their length', () => {
  expect(name('é')).toEqual([2, 0xc3, 0xa9])
  expect(vector([[1], [2, 3]])).toEqual([2, 1, 2, 3])
  expect(section(7, [9, 9])).toEqual([7, 2, 9, 9])
})
