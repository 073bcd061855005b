import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { findFamily } from '../kernels/index.ts'
import { kernel, PARTITIONS, sharesOf, splitOf, whyNotShared } from './index.ts'

const traced = (name: string) => findFamily(name).general.trace()

test('shares cover a dimension once, in whole tiles but for the last, and are as equal as tiles allow', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (M) => {
      const tiles = Math.ceil(M / PARTITIONS)
      const split = () => sharesOf({ M }, { dim: 'M', count: 2 })
      if (tiles < 2) {
        expect(split).toThrow(`2 cores cannot share M = ${M}: a share is at least a tile of 128`)
        return
      }
      const [a, b] = split()
      expect(a).toEqual({ start: 0, size: Math.ceil(tiles / 2) * PARTITIONS })
      expect(b).toEqual({ start: a!.size, size: M - a!.size })
      expect(a!.size - b!.size).toBeLessThan(2 * PARTITIONS)
    }),
  )
})

describe('what cores can share', () => {
  it.each([
    ['fused_xuv', 'M', null],
    ['fused_xuv', 'N', null],
    ['fused_xuv', 'K', 'is not a dimension of the output'],
    ['fused_xuv_decode', 'M', 'is at most 128, one tile'],
    ['fused_mlp', 'K', expect.stringMatching(/^is summed over, at fused-mlp\.ts:\d+/)],
  ])('%s along %s: %s', (name, dim, reason) => {
    expect(whyNotShared(traced(name), dim)).toEqual(reason)
  })

  it('is neither both dimensions of a tensor nor what positions are counted along', () => {
    const square = kernel({
      name: 'square',
      summary: 'Y = X.',
      inputs: { x: ['M', 'M'] },
      output: ['M', 'M'],
      schedule: {},
      reference: (_, { x }) => x,
      macs: () => 0,
      trace({ nl, nisa }, { x, y }, { M }) {
        for (const m of nl.affineRange(M.tiles(128)))
          for (const n of nl.affineRange(M.tiles(128))) {
            const tile = nl.sbuf('tile', [m, n], x.dtype)
            nisa.dmaCopy({ dst: tile, src: x.at(m, n) })
            nisa.dmaCopy({ dst: y.at(m, n), src: tile })
          }
      },
    })
    expect(whyNotShared(square.trace(), 'M')).toBe('is both dimensions of x')
    const counting = kernel({
      name: 'counting',
      summary: 'Y = the column of every element.',
      inputs: { x: ['M', 'N'] },
      output: ['M', 'N'],
      schedule: {},
      reference: (_, { x }) => x,
      macs: () => 0,
      trace({ nl, nisa }, { x, y }, { M, N }) {
        for (const m of nl.affineRange(M.tiles(128)))
          for (const n of nl.affineRange(N.tiles(128))) {
            const tile = nl.sbuf('tile', [m, n], x.dtype)
            nisa.iota({ dst: tile, offset: 0, step: 1, channelMultiplier: 0 })
            nisa.dmaCopy({ dst: y.at(m, n), src: tile })
          }
      },
    })
    expect(whyNotShared(counting.trace(), 'N')).toMatch(/^is what positions are counted along, at /)
  })
})

describe('splitOf', () => {
  const xuv = traced('fused_xuv')

  it('takes rows first, whichever axis of the output they are, and columns where there are few rows', () => {
    expect(splitOf(xuv, 2)).toEqual({ dim: 'M', count: 2 })
    expect(splitOf(traced('fused_xuv_transposed'), 2)).toEqual({ dim: 'M', count: 2 })
    expect(splitOf(traced('fused_xuv_decode'), 2)).toEqual({ dim: 'N', count: 2 })
    expect(splitOf(xuv, 2, undefined, { M: 100, K: 10, r: 10, N: 200 })).toEqual({ dim: 'N', count: 2 })
    expect(splitOf(xuv, 2, 'N', { M: 1000, K: 10, r: 10, N: 200 })).toEqual({ dim: 'N', count: 2 })
  })

  it('says for every dimension why it cannot be shared', () => {
    expect(() => splitOf(xuv, 2, undefined, { M: 100, K: 10, r: 10, N: 20 })).toThrow(
      'fused_xuv: nothing that 2 cores can share: M is 100, one tile; N is 20, one tile',
    )
    expect(() => splitOf(traced('fused_mlp_decode'), 2)).toThrow(
      /nothing that 2 cores can share: M is at most 128, one tile; K is summed over, at fused-mlp-decode/,
    )
    expect(() => splitOf(xuv, 4)).toThrow('fused_xuv: 4 cores; a logical core has 2 physical ones at most')
  })
})
