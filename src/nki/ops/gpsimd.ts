/** The GpSimd engine: eight programmable processors, for what the others cannot do. It has no access to PSUM. */
import { defineOp, sbuf } from '../op.ts'
import { each } from './blocks.ts'

export const iota = defineOp({
  name: 'iota',
  summary: 'dst = offset + channelMultiplier · row + step · column, positions counted in their dimensions.',
  engines: ['gpsimd'],
  operands: { dst: sbuf('A', 'B') },
  attributes: {
    offset: { number: true, default: 0 },
    channelMultiplier: { number: true, default: 0 },
    step: { number: true, default: 1 },
  },
  rule: ({ attributes }) => {
    const fraction = ['offset', 'channelMultiplier', 'step'].find(
      (name) => !Number.isInteger(attributes[name]),
    )
    return fraction === undefined
      ? null
      : {
          what: `${fraction} is ${attributes[fraction]}: positions are whole numbers`,
          fix: 'count in whole numbers, and scale with tensor_scalar',
        }
  },
  evaluate: ({ dst }, { offset, channelMultiplier, step }) =>
    each(
      dst!,
      (i, j) => Number(offset) + Number(channelMultiplier) * (dst!.row + i) + Number(step) * (dst!.col + j),
    ),
  cycles: ({ size }) => 150 + size.B,
  tally: () => ({ elementwise: 1 }),
  python: {
    legacy: (t) => `${t.dst} = nisa.iota(${t.positions}, dtype=${t.dtype})`,
    current: (t) =>
      `nisa.iota(${t.dst}, pattern=${t.pattern}, offset=${t.start}, channel_multiplier=${t.channelMultiplier})`,
  },
})
