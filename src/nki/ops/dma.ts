/** Data movement between HBM and SBUF. DMA has no cycle formula: its cost is bytes and rows (NKI DMA bandwidth guide). */
import { bytesOf, defineOp, notPsum, sbuf } from '../op.ts'
import { each, get } from './blocks.ts'

const sameDtype = (dtype: Record<string, string>) =>
  dtype.dst === dtype.src
    ? null
    : {
        what: `src is ${dtype.src} and dst is ${dtype.dst}: DMA does not convert`,
        fix: 'move it as it is and convert with tensor_copy',
      }

/** A load reads HBM and a store writes it; a copy on chip is neither. */
const inHbm = (memory: string | undefined): number => (memory === 'hbm' ? 1 : 0)

export const dmaCopy = defineOp({
  name: 'dma_copy',
  summary: 'Copies a rectangle between HBM and SBUF (load, store), or within one of them.',
  engines: ['dma'],
  operands: { dst: notPsum('A', 'B'), src: notPsum('A', 'B') },
  dtypeRule: sameDtype,
  evaluate: ({ dst, src }) => each(dst!, (i, j) => get(src!, i, j)),
  cycles: () => 0,
  tally: ({ memory }) => ({ loads: inHbm(memory.src), stores: inHbm(memory.dst) }),
  python: {
    legacy: (t) =>
      t.direction === 'store'
        ? `nl.store(${t.dst}, ${t.src}${t.mask})`
        : `${t.dst} = nl.load(${t.src}${t.mask})`,
    current: (t) => `nisa.dma_copy(${t.dst}, ${t.src})`,
  },
})

export const dmaTranspose = defineOp({
  name: 'dma_transpose',
  summary: 'Loads a rectangle transposed: dst[p, f] = src[f, p].',
  engines: ['dma'],
  operands: { dst: sbuf('A', 'B'), src: notPsum('B', 'A') },
  dtypeRule: (dtype) =>
    bytesOf(dtype.src!) === 2 || bytesOf(dtype.src!) === 4
      ? sameDtype(dtype)
      : {
          what: `src is ${dtype.src}, and DMA transposes elements of 2 or 4 bytes only`,
          fix: 'transpose it on the tensor engine with nc_transpose',
        },
  evaluate: ({ dst, src }) => each(dst!, (i, j) => get(src!, j, i)),
  cycles: () => 0,
  tally: ({ memory }) => ({ loads: inHbm(memory.src) }),
  python: {
    legacy: (t) => `${t.dst} = nl.load_transpose2d(${t.src}${t.mask})`,
    current: (t) => `nisa.dma_transpose(${t.dst}, ${t.src})`,
  },
})
