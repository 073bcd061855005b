/** The Scalar engine: a function of one variable, with scale and bias for free. */
import { defineOp, onChip, optional, sbuf } from '../op.ts'
import { each, get } from './blocks.ts'
import { activation as activationFunction, activationName } from './functions.ts'

export const activation = defineOp({
  name: 'activation',
  summary: 'dst = op(data · scale + bias), elementwise; bias is one value per partition.',
  engines: ['scalar'],
  operands: { dst: onChip('A', 'B'), data: onChip('A', 'B'), bias: optional(sbuf('A', '1')) },
  attributes: { op: activationName, scale: { number: true, default: 1 } },
  evaluate({ dst, data, bias }, { op, scale }) {
    const f = activationFunction(op)
    each(dst!, (i, j) => f(Math.fround(get(data!, i, j) * Number(scale) + (bias ? get(bias, i, 0) : 0))))
  },
  cycles: ({ size }) => Math.max(64, size.B),
  tally: () => ({ elementwise: 1 }),
  python: {
    legacy: (t) => `${t.dst} = nisa.activation(nl.${t.op}, ${t.data}${extras(t)}, dtype=${t.dtype})`,
    current: (t) => `nisa.activation(${t.dst}, nl.${t.op}, ${t.data}${extras(t)})`,
  },
})

const extras = (t: Readonly<Record<string, string>>): string =>
  `${t.bias ? `, bias=${t.bias}` : ''}${t.scale === '1' ? '' : `, scale=${t.scale}`}`
