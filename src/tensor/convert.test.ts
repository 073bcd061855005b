import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeInto, encodeInto, roundInPlace } from './convert.ts'
import { DTYPES, type Dtype, dtypeInfo } from './dtype.ts'

/** float32s with every upper half, and lower halves at, near and far from the ties of bfloat16. */
function everyUpperHalf(): Float32Array {
  const lowerHalves = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff]
  const bits = new Uint32Array(65536 * lowerHalves.length)
  for (const [j, low] of lowerHalves.entries())
    for (let high = 0; high < 65536; high++) bits[j * 65536 + high] = high * 65536 + low
  return new Float32Array(bits.buffer)
}

const firstDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).findIndex((x, i) => !Object.is(x, b[i]))

describe('bfloat16, done on the bits', () => {
  const values = everyUpperHalf()
  const { encode, round } = dtypeInfo('bfloat16')

  it('encodes as the codec does', () => {
    const data = new Uint16Array(values.length)
    encodeInto(values, 'bfloat16', data)
    expect(firstDifference(data, Array.from(values, encode))).toBe(-1)
  })

  it('rounds in place as the codec does', () => {
    const rounded = values.slice()
    roundInPlace(rounded, 'bfloat16')
    expect(firstDifference(rounded, Array.from(values, round))).toBe(-1)
  })
})

describe.each(DTYPES)('%s', (dtype) => {
  const info = dtypeInfo(dtype)

  it('converts arrays as it converts single numbers, at an offset and nowhere else', () => {
    const numbers = fc.oneof(
      fc.double(),
      fc.double({ min: -300, max: 300 }),
      fc.integer({ min: -300, max: 300 }),
    )
    const arrays = fc.array(numbers, { maxLength: 20 })
    fc.assert(
      fc.property(arrays, fc.boolean(), fc.nat(3), fc.nat(3), (list, asFloat32, before, after) => {
        const values = asFloat32 ? Float32Array.from(list) : list
        const data = info.allocate(before + values.length + after).fill(7)
        encodeInto(values, dtype, data, before)
        const stored = Array.from(values, info.encode)
        expect(Array.from(data)).toEqual([...Array(before).fill(7), ...stored, ...Array(after).fill(7)])

        const out = new Float32Array(values.length)
        decodeInto(data, dtype, out, before)
        expect(out).toEqual(Float32Array.from(stored, info.decode))
      }),
    )
  })

  it('rounds a range of an array in place', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 4, maxLength: 20 }),
        fc.nat(2),
        fc.nat(2),
        (values, start, left) => {
          const end = values.length - left
          const expected = values.map((x, i) => (i >= start && i < end ? info.round(x) : x))
          const rounded = values.slice()
          roundInPlace(rounded, dtype, start, end)
          expect(firstDifference(rounded, expected)).toBe(-1)
        },
      ),
    )
  })
})

it('keeps to the part of a buffer that an array views', () => {
  const buffer = new Float32Array(6).fill(1.001)
  roundInPlace(buffer.subarray(2, 4), 'bfloat16')
  const kept = Math.fround(1.001)
  expect(Array.from(buffer)).toEqual([kept, kept, 1, 1, kept, kept])
})

describe('ranges outside the array', () => {
  const four = new Float32Array(4)
  it.each([
    ['decodeInto: elements 2 to 6', () => decodeInto(four, 'float32', four.slice(), 2)],
    ['encodeInto: elements -1 to 3', () => encodeInto(four, 'float32', four.slice(), -1)],
    ['roundInPlace: elements 1 to 5', () => roundInPlace(four, 'bfloat16', 1, 5)],
    ['roundInPlace: elements 0.5 to 4', () => roundInPlace(four, 'bfloat16', 0.5)],
  ])('%s', (message, call) => {
    expect(call).toThrow(RangeError)
    expect(call).toThrow(`${message} are not all within 0 to 4.`)
  })
})

it('refuses an array of the wrong kind, and a dtype that is none', () => {
  const two = new Float32Array(2)
  expect(() => encodeInto(two, 'bfloat16', new Float32Array(2))).toThrow(
    'bfloat16 is stored as Uint16Array, not as Float32Array.',
  )
  expect(() => decodeInto(new Uint8Array(2), 'int8', two)).toThrow(
    'int8 is stored as Int8Array, not as Uint8Array.',
  )
  expect(() => roundInPlace(two, 'float64' as Dtype)).toThrow("unknown dtype 'float64'.")
})
