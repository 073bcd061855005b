/** Writes ONNX models of the benchmark's products: n independent chains from one X to y0 … y(n-1). Just enough of protobuf. */

const varint = (n) => {
  const bytes = []
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128)
  return Buffer.from([...bytes, n])
}
const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)])
const message = (field, ...parts) => {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body])
}
const text = (field, value) => message(field, Buffer.from(value))

// Field numbers: onnx/onnx.proto. TensorProto: dims 1, data_type 2 (1 = float), name 8, raw_data 9.
const tensor = (name, { shape, values }) =>
  message(
    5,
    ...shape.map((n) => number(1, n)),
    number(2, 1),
    text(8, name),
    message(9, Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  )
const node = (operator, inputs, output) =>
  message(1, ...inputs.map((name) => text(1, name)), text(2, output), text(4, operator))
/** ValueInfoProto of a float matrix whose number of rows is free. */
const value = (field, name, columns) =>
  message(
    field,
    text(1, name),
    message(
      2,
      message(1, number(1, 1), message(2, message(1, text(2, 'M')), message(1, number(1, columns)))),
    ),
  )

/** Nodes that take `input` through the named matrices, one after the other, to `output`. */
const multiplications = (input, matrices, output) =>
  matrices.map((matrix, j) =>
    node(
      'MatMul',
      [j === 0 ? input : `${output}.${j - 1}`, matrix],
      j === matrices.length - 1 ? output : `${output}.${j}`,
    ),
  )

const products = {
  chain: (names, y) => multiplications('x', names, y),
  dense: (names, y) => multiplications('x', names, y),
  mlp: (names, y) => [
    ...multiplications('x', names.slice(0, 2), `${y}.gate`),
    ...multiplications('x', names.slice(2, 4), `${y}.up`),
    node('Sigmoid', [`${y}.gate`], `${y}.sigmoid`),
    node('Mul', [`${y}.gate`, `${y}.sigmoid`], `${y}.silu`),
    node('Mul', [`${y}.silu`, `${y}.up`], `${y}.hidden`),
    ...multiplications(`${y}.hidden`, names.slice(4), y),
  ],
}

/** chains: arrays of { shape: [rows, columns], values: Float32Array }, row-major. */
export function model(product, chains) {
  const graph = chains.flatMap((chain, i) => {
    const names = chain.map((_, j) => `w${i}.${j}`)
    return [
      ...products[product](names, `y${i}`),
      ...chain.map((matrix, j) => tensor(names[j], matrix)),
      value(12, `y${i}`, chain.at(-1).shape[1]),
    ]
  })
  return Buffer.concat([
    number(1, 8),
    message(7, ...graph, text(2, 'products'), value(11, 'x', chains[0][0].shape[0])),
    message(8, text(1, ''), number(2, 17)),
  ])
}
