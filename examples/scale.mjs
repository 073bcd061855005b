/** Y = 2·X, as small as a kernel can be: `npx neuronmm profile examples/scale.mjs --shape M=1024,N=4096`. */
import { kernel } from 'neuronmm'

export const scale = kernel({
  name: 'scale',
  summary: 'Y = 2·X',
  inputs: { x: ['M', 'N'] },
  output: ['M', 'N'],
  schedule: { nBlock: 512 },
  space: { nBlock: [512, 1024, 2048, 4096] }, // for the tuner
  reference: (a, { x }) => a.times(x, { ...x, data: x.data.map(() => 2) }),
  macs: () => 0,
  trace({ nl, nisa }, { x, y }, { M, N }, s) {
    for (const m of nl.affineRange(M.tiles(128)))
      for (const n of nl.affineRange(N.blocks(s.nBlock))) {
        const tile = nl.sbuf('tile', [m, n], x.dtype)
        nisa.dmaCopy({ dst: tile, src: x.at(m, n) })
        nisa.tensorScalar({ dst: tile, data: tile, op0: 'multiply', operand0: 2 })
        nisa.dmaCopy({ dst: y.at(m, n), src: tile })
      }
  },
})
