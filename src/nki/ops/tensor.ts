/** The Tensor engine: a 128×128 systolic array that multiplies, and transposes by multiplying with the identity. */
import { dtypeInfo } from '../../tensor/index.ts'
import { defineOp, onChip, psum, sbuf } from '../op.ts'
import { each, get } from './blocks.ts'

export const ncMatmul = defineOp({
  name: 'nc_matmul',
  summary: 'dst += stationaryᵀ · moving, contracted over partitions; the first of a group overwrites.',
  engines: ['tensor'],
  operands: { dst: psum('A', 'B'), stationary: sbuf('C', 'A'), moving: sbuf('C', 'B') },
  limits: {
    A: { max: 128, name: 'gemm_stationary_fmax' },
    B: { max: 512, name: 'gemm_moving_fmax' },
  },
  accumulates: true,
  dtypeRule({ dst, stationary, moving }) {
    if (dtypeInfo(stationary!).kind !== 'float' || dtypeInfo(moving!).kind !== 'float')
      return {
        what: `${stationary} × ${moving}: the tensor engine multiplies floating point only`,
        fix: 'convert with tensor_copy',
      }
    if ((stationary === 'float32') !== (moving === 'float32'))
      return {
        what: `${stationary} × ${moving}: if one operand is float32, both must be`,
        fix: 'convert one with tensor_copy',
      }
    if (dst !== 'float32')
      return {
        what: `dst is ${dst}: products accumulate in float32`,
        fix: 'allocate it with nl.psum(name, shape)',
      }
    return null
  },
  evaluate({ dst, stationary, moving }) {
    each(dst!, (i, j) => {
      let sum = get(dst!, i, j)
      for (let k = 0; k < stationary!.rows; k++)
        sum = Math.fround(sum + Math.fround(get(stationary!, k, i) * get(moving!, k, j)))
      return sum
    })
  },
  // float32 takes four passes (L-ISA, nc_matmul)
  cycles: ({ size, dtype }) => Math.max(Math.min(64, size.A), size.B) * (dtype.moving === 'float32' ? 4 : 1),
  tally: ({ size }) => ({ ncMatmuls: 1, macs: size.A * size.B * size.C }),
  python: {
    legacy: (t) => `${t.dst} += nisa.nc_matmul(${t.stationary}, ${t.moving})`,
    current: ({ dst, stationary, moving, accumulate }) =>
      `nisa.nc_matmul(${dst}, ${stationary}, ${moving}${accumulate ? `, accumulate=${accumulate}` : ''})`,
  },
})

export const ncTranspose = defineOp({
  name: 'nc_transpose',
  summary: 'dst[f, p] = data[p, f], on the Tensor engine into PSUM, or on the Vector engine up to 32 × 32.',
  engines: ['tensor', 'vector'],
  operands: { dst: onChip('B', 'A'), data: onChip('A', 'B') },
  limits: { B: { max: 128, name: 'pmax' } },
  rule({ engine, memory, bound }) {
    if (engine === 'tensor') {
      if (memory.dst !== 'psum')
        return {
          what: 'the tensor engine writes to PSUM, dst is in SBUF',
          fix: 'allocate dst with nl.psum and copy it with tensor_copy',
        }
      if (memory.data !== 'sbuf')
        return {
          what: 'the tensor engine reads from SBUF, data is in PSUM',
          fix: 'copy data to SBUF with tensor_copy',
        }
    } else if (bound.A > 32 || bound.B > 32)
      return {
        what: `a transpose of ${bound.A} × ${bound.B} on the vector engine exceeds 32 × 32`,
        fix: 'use the tensor engine, or tiles of 32',
      }
    return null
  },
  dtypeRule: ({ dst, data }) =>
    dst === data
      ? null
      : {
          what: `data is ${data} and dst is ${dst}: a transpose does not convert`,
          fix: `allocate dst as ${data}`,
        },
  evaluate: ({ dst, data }) => each(dst!, (i, j) => get(data!, j, i)),
  cycles: ({ size }, engine) =>
    engine === 'tensor' ? Math.max(size.A, Math.min(64, size.B)) : Math.max(64, size.B),
  tally: () => ({ transposes: 1 }),
  python: {
    legacy: (t) => `${t.dst} = nisa.nc_transpose(${t.data})`,
    current: (t) => `nisa.nc_transpose(${t.dst}, ${t.data})`,
  },
})
