import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DTYPES, type Dtype, dtypeInfo } from './dtype.ts'
import { Tensor } from './tensor.ts'

const counting = (shape: number[], dtype: Dtype = 'float32') =>
  Tensor.from(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
    dtype,
  )

/** Every index of a shape, in row-major order. */
function* indices(shape: readonly number[]): Generator<number[]> {
  if (shape.length === 0) yield []
  else for (let i = 0; i < shape[0]!; i++) for (const rest of indices(shape.slice(1))) yield [i, ...rest]
}

describe('making one', () => {
  it('rounds what it copies, and keeps what it wraps', () => {
    const copied = Tensor.from([1.001, -0.1], [1, 2], 'bfloat16')
    expect(copied.data).toEqual(Uint16Array.of(0x3f80, 0xbdcd))
    const data = Uint16Array.of(0x3f80, 0xbdcd)
    const wrapped = Tensor.wrap(data, [1, 2], 'bfloat16')
    expect(wrapped.data).toBe(data)
    expect(wrapped.toFloat32()).toEqual(copied.toFloat32())
    wrapped.set(3, 0, 1)
    expect(data[1]).toBe(0x4040)
  })

  it.each(DTYPES)('%s: zeros, set and get', (dtype) => {
    const tensor = Tensor.zeros([2, 3], dtype)
    expect(tensor.data).toEqual(dtypeInfo(dtype).allocate(6))
    tensor.set(-3.3, 1, 2)
    expect(tensor.get(1, 2)).toBe(dtypeInfo(dtype).round(-3.3))
    expect(tensor.get(1, 1)).toBe(0)
  })

  it('has scalars and empty tensors', () => {
    expect(Tensor.from([5], [], 'int8').get()).toBe(5)
    expect(Tensor.zeros([0, 4], 'float32').transpose().toFloat32()).toEqual(new Float32Array(0))
  })

  it('does not follow later changes of the shape that it was given', () => {
    const shape = [2, 3]
    const tensor = Tensor.zeros(shape, 'float32')
    shape[0] = 9
    expect(tensor.shape).toEqual([2, 3])
  })
})

describe('views', () => {
  it('transpose and slice share the storage', () => {
    const matrix = counting([3, 4])
    const view = matrix.slice([1, 3], [1, 3]).transpose()
    expect(view.data).toBe(matrix.data)
    expect(view.shape).toEqual([2, 2])
    expect(view.toFloat32()).toEqual(Float32Array.of(5, 9, 6, 10))
    view.set(-1, 1, 0)
    expect(matrix.get(1, 2)).toBe(-1)
  })

  it('a slice of whole rows is contiguous at its offset; a slice of columns is not', () => {
    const matrix = counting([3, 4])
    const rows = matrix.slice([1, 3])
    expect(rows.isContiguous).toBe(true)
    expect(rows.contiguous()).toBe(rows)
    expect(rows.toFloat32()).toEqual(Float32Array.of(4, 5, 6, 7, 8, 9, 10, 11))
    const partOfRow = matrix.slice([1, 2], [1, 3])
    expect(partOfRow.contiguous()).toBe(partOfRow)
    const columns = matrix.slice([0, 3], [1, 2])
    expect(columns.isContiguous).toBe(false)
    expect(columns.contiguous().data).toEqual(Float32Array.of(1, 5, 9))
  })

  it('any chain of slices and transposes reads the elements that it says', () => {
    const range = (length: number) =>
      fc
        .tuple(fc.nat(length), fc.nat(length))
        .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])
    const cases = fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
      .chain((shape) => fc.tuple(fc.constant(shape), fc.tuple(...shape.map(range)), fc.boolean()))
    fc.assert(
      fc.property(cases, fc.constantFrom(...DTYPES), ([shape, ranges, turn], dtype) => {
        const whole = counting(shape, dtype)
        const sliced = whole.slice(...ranges)
        const flip = turn && shape.length === 2
        const view = flip ? sliced.transpose() : sliced
        const expected = [...indices(view.shape)].map((index) => {
          const source = flip ? index.toReversed() : index
          return whole.get(...source.map((i, d) => i + ranges[d]![0]))
        })
        expect(Array.from(view.toFloat32())).toEqual(expected)
        expect([...indices(view.shape)].map((index) => view.get(...index))).toEqual(expected)
        expect(view.contiguous().isContiguous).toBe(true)
        expect(view.size).toBe(expected.length)
      }),
    )
  })
})

describe('astype', () => {
  it('rounds once: int32 does not pass through float32 on its way to bfloat16', () => {
    const justAboveTie = 2 ** 30 + 2 ** 22 + 1
    expect(Math.fround(justAboveTie)).toBe(2 ** 30 + 2 ** 22)
    expect(Tensor.from([justAboveTie], [1], 'int32').astype('bfloat16').get(0)).toBe(2 ** 30 + 2 ** 23)
  })

  it('reads views, and gives its own dtype back unchanged', () => {
    const matrix = counting([2, 3], 'int8')
    expect(matrix.transpose().astype('float16').toFloat32()).toEqual(Float32Array.of(0, 3, 1, 4, 2, 5))
    expect(matrix.slice([1, 2]).astype('int32').exactValues()).toEqual(Int32Array.of(3, 4, 5))
    expect(matrix.astype('int8')).toBe(matrix)
  })

  it('goes to a wider float and back without loss', () => {
    const codes = Uint16Array.from({ length: 0x7f81 }, (_, code) => code)
    const narrow = Tensor.wrap(codes, [codes.length], 'bfloat16')
    expect(narrow.astype('float32').astype('bfloat16').data).toEqual(codes)
  })
})

describe('misuse, in one clear line', () => {
  const matrix = Tensor.zeros([2, 3], 'float32')
  it.each([
    [
      () => Tensor.from([1, 2, 3], [2, 2], 'float32'),
      RangeError,
      '3 values do not fill shape [2,2]: it takes 4.',
    ],
    [
      () => Tensor.wrap(new Float32Array(3), [2, 2], 'float32'),
      RangeError,
      '3 elements do not fill shape [2,2]: it takes 4.',
    ],
    [
      () => Tensor.wrap(new Float32Array(4), [2, 2], 'bfloat16'),
      TypeError,
      'bfloat16 is stored as Uint16Array, not as Float32Array.',
    ],
    [
      () => Tensor.zeros([2, -1], 'float32'),
      RangeError,
      'shape [2,-1]: -1 is not a dimension. Use whole numbers from 0.',
    ],
    [
      () => Tensor.zeros([2.5], 'float32'),
      RangeError,
      'shape [2.5]: 2.5 is not a dimension. Use whole numbers from 0.',
    ],
    [
      () => Tensor.zeros([2 ** 20, 2 ** 20], 'int32'),
      RangeError,
      'int32 shape [1048576,1048576] takes 4096.0 GiB, more than can be allocated; make it smaller.',
    ],
    [() => matrix.get(0), RangeError, 'index [0] does not fit shape [2,3]: give one number a dimension.'],
    [() => matrix.get(0, 3), RangeError, 'index [0,3] is outside shape [2,3].'],
    [() => matrix.set(1, -1, 0), RangeError, 'index [-1,0] is outside shape [2,3].'],
    [
      () => Tensor.zeros([2], 'int8').transpose(),
      RangeError,
      'transpose takes a matrix; shape [2] has 1 dimensions.',
    ],
    [() => matrix.slice([0, 1], [0, 4]), RangeError, 'slice [0, 4) of dimension 1 is outside shape [2,3].'],
    [() => matrix.slice([2, 1]), RangeError, 'slice [2, 1) of dimension 0 is outside shape [2,3].'],
    [
      () => matrix.slice([0, 1], [0, 1], [0, 1]),
      RangeError,
      'slice of 3 ranges: shape [2,3] has fewer dimensions.',
    ],
  ])('%# %s', (call, type, message) => {
    expect(call).toThrow(type)
    expect(call).toThrow(message)
  })
})
