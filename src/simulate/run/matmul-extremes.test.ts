/** The fast nc_matmul against its definition, on what is rare: infinities, NaN, overflow, subnormals and signed zeros. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Block, opTable } from '../../nki/index.ts'
import { matmulInto } from './matmul.ts'

const definition = opTable.find((op) => op.name === 'nc_matmul')!
const number = fc.oneof(
  fc.float(),
  fc.float({ min: -2, max: 2, noNaN: true }),
  fc.constantFrom(0, -0, 1e-45, -1e38, 1e38, Number.POSITIVE_INFINITY),
)

/** A block inside an array of random numbers. */
const block = (rows: number, cols: number): fc.Arbitrary<Block> =>
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: cols, max: cols + 4 }))
    .chain(([offset, stride]) => {
      const length = offset + rows * stride
      return fc
        .array(number, { minLength: length, maxLength: length })
        .map((values) => ({ data: Float32Array.from(values), offset, stride, rows, cols, row: 0, col: 0 }))
    })
const size = fc.integer({ min: 1, max: 12 })
const matmul = fc
  .tuple(size, size, size)
  .chain(([k, m, n]) => fc.tuple(block(m, n), block(k, m), block(k, n)))
const copyOf = (dst: Block): Block => ({ ...dst, data: dst.data.slice() })
/** Every NaN alike: which payload survives is the processor's choice. */
const bits = ({ data }: Block): number[] =>
  [...data].map((x) => (Number.isNaN(x) ? -1 : new Uint32Array(Float32Array.of(x).buffer)[0]!))

test('has the bits of the definition, around the tile too', () => {
  fc.assert(
    fc.property(matmul, ([dst, stationary, moving]) => {
      const expected = copyOf(dst)
      definition.evaluate({ dst: expected, stationary, moving }, {})
      matmulInto(dst, stationary, moving)
      expect(bits(dst)).toEqual(bits(expected))
    }),
    { numRuns: 300 },
  )
})
