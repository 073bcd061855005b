import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DTYPES, type Dtype, dtypeInfo } from './dtype.ts'

/** The narrow floats by their published layouts, restated here so that the table cannot vouch for itself. */
const LAYOUTS = [
  { name: 'bfloat16', bits: 16, mantissa: 7, bias: 127 },
  { name: 'float16', bits: 16, mantissa: 10, bias: 15 },
  { name: 'float8_e4m3', bits: 8, mantissa: 3, bias: 7 },
  { name: 'float8_e5m2', bits: 8, mantissa: 2, bias: 15 },
] as const

type Layout = (typeof LAYOUTS)[number]

/** What IEEE 754 says that a bit pattern means, read off its binary digits. */
function meaning({ bits, mantissa, bias }: Layout, code: number): number {
  const digits = code.toString(2).padStart(bits, '0')
  const sign = digits[0] === '1' ? -1 : 1
  const exponent = Number.parseInt(digits.slice(1, bits - mantissa), 2)
  const fraction = Number.parseInt(digits.slice(bits - mantissa), 2) / 2 ** mantissa
  if (!digits.slice(1, bits - mantissa).includes('0')) return fraction === 0 ? sign * Infinity : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias)
}

/** All non-negative finite numbers of a layout in order, and what would come next: where infinity begins. */
function ladder(layout: Layout): number[] {
  const finite: number[] = []
  for (let code = 0; Number.isFinite(meaning(layout, code)); code++) finite.push(meaning(layout, code))
  return [...finite, 2 * finite.at(-1)! - finite.at(-2)!]
}

/** Round to nearest even by search: the slow oracle. The index in the ladder is also the bit pattern. */
function nearestCode(steps: number[], magnitude: number): number {
  let [below, above] = [0, steps.length - 1]
  if (magnitude >= steps[above]!) return above
  while (above - below > 1) {
    const middle = (below + above) >> 1
    if (steps[middle]! <= magnitude) below = middle
    else above = middle
  }
  const [down, up] = [magnitude - steps[below]!, steps[above]! - magnitude] // exact, or far from a tie
  if (down !== up) return down < up ? below : above
  return below % 2 === 0 ? below : above
}

/** The doubles next to x. */
function neighbours(x: number): [number, number] {
  const double = new Float64Array([x])
  const bits = new BigInt64Array(double.buffer)
  const step = (by: bigint) => {
    double[0] = x
    bits[0] = bits[0]! + by
    return double[0]!
  }
  return [step(-1n), step(1n)]
}

describe.each(LAYOUTS)('$name', (layout) => {
  const info = dtypeInfo(layout.name)
  const codes = Array.from({ length: 2 ** layout.bits }, (_, code) => code)
  const sign = 2 ** (layout.bits - 1)
  const steps = ladder(layout)
  const infinity = steps.length - 1

  it('decodes every bit pattern as IEEE 754 reads it', () => {
    expect(codes.filter((code) => !Object.is(info.decode(code), meaning(layout, code)))).toEqual([])
  })

  it('encodes every number back to its own bit pattern, and every NaN to one', () => {
    const back = (code: number) => info.encode(info.decode(code))
    const quiet = infinity + 2 ** (layout.mantissa - 1)
    expect(codes.filter((code) => back(code) !== (Number.isNaN(info.decode(code)) ? quiet : code))).toEqual(
      [],
    )
  })

  it('rounds at and on both sides of every midpoint to nearest, ties to even', () => {
    const wrong: number[] = []
    for (let code = 0; code < infinity; code++) {
      const midpoint = (steps[code]! + steps[code + 1]!) / 2
      const tie = code % 2 === 0 ? code : code + 1
      const [justBelow, justAbove] = neighbours(midpoint)
      const right =
        info.encode(midpoint) === tie &&
        info.encode(justBelow) === code &&
        info.encode(justAbove) === code + 1 &&
        info.encode(-midpoint) === sign + tie &&
        info.encode(-justBelow) === sign + code &&
        info.encode(-justAbove) === sign + code + 1
      if (!right) wrong.push(code)
    }
    expect(wrong).toEqual([])
  })

  it('agrees with a search for the nearest on any double', () => {
    const inRange = fc.double({ min: 0, max: steps[infinity]! * 2, noNaN: true })
    fc.assert(
      fc.property(fc.oneof(inRange, fc.double({ min: 0, noNaN: true })), (x) => {
        expect(info.encode(x)).toBe(nearestCode(steps, x))
        expect(info.encode(-x)).toBe(sign + nearestCode(steps, x))
      }),
      { numRuns: 3000 },
    )
  })

  it('round is decode after encode', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.double({ min: -info.max * 2, max: info.max * 2 })), (x) =>
        Object.is(info.round(x), info.decode(info.encode(x))),
      ),
      { numRuns: 3000 },
    )
    const wrong = codes.filter((code) => !Object.is(info.round(info.decode(code)), info.decode(code)))
    expect(wrong).toEqual([])
  })

  it('overflows to infinity from half a step beyond the largest number, and underflows to a signed zero', () => {
    expect(info.max).toBe(steps[infinity - 1])
    expect(info.round(Infinity)).toBe(Infinity)
    expect(info.round(-Number.MAX_VALUE)).toBe(-Infinity)
    const limit = (steps[infinity - 1]! + steps[infinity]!) / 2
    expect([info.round(neighbours(limit)[0]), info.round(limit)]).toEqual([info.max, Infinity])
    expect(info.round(Number.MIN_VALUE)).toBe(0)
    expect(info.round(-Number.MIN_VALUE)).toBe(-0)
    expect(info.round(-0)).toBe(-0)
    expect(info.round(Number.NaN)).toBeNaN()
  })
})

describe('known values', () => {
  it.each<[Dtype, number]>([
    ['float32', 3.4028234663852886e38],
    ['bfloat16', 3.3895313892515355e38],
    ['float16', 65504],
    ['float8_e4m3', 240],
    ['float8_e5m2', 57344],
    ['int8', 127],
    ['int32', 2147483647],
  ])('the largest %s is %d', (dtype, max) => expect(dtypeInfo(dtype).max).toBe(max))

  it('bit patterns from the formats’ definitions', () => {
    expect(dtypeInfo('bfloat16').encode(1)).toBe(0x3f80)
    expect(dtypeInfo('bfloat16').encode(Math.PI)).toBe(0x4049)
    expect(dtypeInfo('bfloat16').encode(Number.NaN)).toBe(0x7fc0)
    expect(dtypeInfo('float16').encode(1)).toBe(0x3c00)
    expect(dtypeInfo('float16').encode(2 ** -24)).toBe(1)
    expect(dtypeInfo('float16').encode(-65504)).toBe(0xfbff)
    expect(dtypeInfo('float8_e4m3').encode(1)).toBe(0x38)
    expect(dtypeInfo('float8_e4m3').encode(-240)).toBe(0xf7)
    expect(dtypeInfo('float8_e4m3').encode(248)).toBe(0x78)
    expect(dtypeInfo('float8_e5m2').encode(1)).toBe(0x3c)
    expect(dtypeInfo('float8_e5m2').encode(57344)).toBe(0x7b)
  })

  it('rounds once, not by way of float32', () => {
    const justAboveTie = 1 + 2 ** -8 + 2 ** -40
    expect(Math.fround(justAboveTie)).toBe(1 + 2 ** -8)
    expect(dtypeInfo('bfloat16').round(justAboveTie)).toBe(1 + 2 ** -7)
    expect(dtypeInfo('float16').round(1 + 2 ** -11 + 2 ** -40)).toBe(1 + 2 ** -10)
  })
})

describe('float32', () => {
  const { round, encode, decode } = dtypeInfo('float32')
  const bits = (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0]!

  it('rounds to nearest even, overflows to infinity, keeps NaN', () => {
    expect(round(1 + 2 ** -24)).toBe(1)
    expect(round(1 + 3 * 2 ** -24)).toBe(1 + 2 ** -22)
    expect(round(3.4028235677973366e38)).toBe(Infinity)
    expect(round(2 ** -150)).toBe(0)
    expect(round(Number.NaN)).toBeNaN()
  })

  it('stores the number that a Float32Array would', () => {
    fc.assert(fc.property(fc.double({ noNaN: true }), (x) => bits(decode(encode(x))) === bits(x)))
  })
})

describe.each([
  ['int8', -128n, 127n],
  ['int32', -(2n ** 31n), 2n ** 31n - 1n],
] as const)('%s', (dtype, least, most) => {
  const { round, encode, decode } = dtypeInfo(dtype)

  /** Nearest even in whole arithmetic on quarters, saturated. */
  function expected(quarters: bigint): number {
    const floor = quarters >> 2n
    const rest = quarters - (floor << 2n)
    const up = rest > 2n || (rest === 2n && floor % 2n !== 0n)
    const nearest = floor + (up ? 1n : 0n)
    return Number(nearest < least ? least : nearest > most ? most : nearest)
  }

  it('rounds to nearest even and saturates', () => {
    const around = (x: bigint) => fc.bigInt({ min: 4n * x - 20n, max: 4n * x + 20n })
    const quarters = fc.oneof(
      around(least),
      around(0n),
      around(most),
      fc.bigInt({ min: 8n * least, max: 8n * most }),
    )
    fc.assert(
      fc.property(quarters, (q) => {
        expect(round(Number(q) / 4)).toBe(expected(q))
        expect(decode(encode(Number(q) / 4))).toBe(round(Number(q) / 4))
      }),
      { numRuns: 2000 },
    )
  })

  it('saturates infinities and turns NaN into 0', () => {
    expect([round(Infinity), round(-Infinity)]).toEqual([Number(most), Number(least)])
    expect(round(Number.NaN)).toBe(0)
    expect(round(-0.25)).toBe(0)
  })
})

describe('the table', () => {
  it('has a row for each dtype, and storage of its size', () => {
    expect(DTYPES).toHaveLength(7)
    for (const dtype of DTYPES) {
      const info = dtypeInfo(dtype)
      const storage = info.allocate(3)
      expect([info.name, storage.length, storage.BYTES_PER_ELEMENT]).toEqual([dtype, 3, info.bytes])
    }
  })

  it.each(['float64', 'toString', ''])('names the dtypes where %j is none', (name) => {
    expect(() => dtypeInfo(name as Dtype)).toThrow(
      `unknown dtype '${name}'. Use one of float32, bfloat16, float16, float8_e4m3, float8_e5m2, int8, int32.`,
    )
  })
})
