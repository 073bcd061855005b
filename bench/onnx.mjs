/** Writes the ONNX model of n independent chains Y_i = (X·U_i)·V_i: just enough of protobuf for that. */

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
const tensor = (name, shape, values) =>
  message(
    5,
    ...shape.map((n) => number(1, n)),
    number(2, 1),
    text(8, name),
    message(9, Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  )
const matmul = (a, b, c) => message(1, text(1, a), text(1, b), text(2, c), text(4, 'MatMul'))
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

/** factors: an array of { u, v } of Float32Array, [K, r] and [r, N] row-major. */
export function chainModel([K, r, N], factors) {
  const graph = factors.flatMap(({ u, v }, i) => [
    matmul('x', `u${i}`, `t${i}`),
    matmul(`t${i}`, `v${i}`, `y${i}`),
    tensor(`u${i}`, [K, r], u),
    tensor(`v${i}`, [r, N], v),
    value(12, `y${i}`, N),
  ])
  return Buffer.concat([
    number(1, 8),
    message(7, ...graph, text(2, 'chain'), value(11, 'x', K)),
    message(8, text(1, ''), number(2, 17)),
  ])
}
