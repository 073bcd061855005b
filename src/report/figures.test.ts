import { expect, test } from 'vitest'
import { DEVICES } from '../device/index.ts'
import { drawFigures, figurePoints, published, ratiosOf, SERIES, toPng, WORKLOAD } from './index.ts'

const published3 = SERIES.filter(({ id }) => id !== 'tuned')

test('the fused series matches the published points, and every point is its kernel plus what is outside', async () => {
  const points = await figurePoints(published3, WORKLOAD.dims, [1024, 4096], 'bfloat16', DEVICES.trn1)
  for (const p of points) {
    expect(p.published).toEqual(published(p.series, p.M))
    expect(p.hbmGiB).toBeCloseTo(p.asWrittenGiB + p.spilledGiB + p.outside.hbmGiB, 9)
    expect(p.outside.hbmGiB > 0).toBe(p.series !== 'neuronmm')
    // what is asked of the model over the published set: worst 15 %
    expect(Math.abs(p.seconds / p.published!.seconds - 1)).toBeLessThan(0.15)
  }
  expect(ratiosOf(points)).toBeNull()
})

test('other shapes and other cores have neither published points nor traffic outside', async () => {
  const small = { K: 640, r: 256, N: 1024 }
  const here = await figurePoints(published3, small, [1024], 'bfloat16', DEVICES.trn1)
  const there = await figurePoints(published3, WORKLOAD.dims, [1024], 'bfloat16', DEVICES.trn2)
  for (const p of [...here, ...there]) expect(p.published).toBeUndefined()
  for (const p of there) expect(p.outside).toEqual({ seconds: 0, hbmGiB: 0 })
})

test('figures hold every series, and their PNG shows text', async () => {
  const points = SERIES.flatMap(({ id }) =>
    [1024, 2048].map((M) => ({
      series: id,
      M,
      seconds: M / 1e6,
      hbmGiB: M / 1e3,
      asWrittenGiB: M / 1e3,
      outside: { seconds: 0, hbmGiB: 0 },
      spilledGiB: 0,
    })),
  )
  const figures = drawFigures(points, 'here')
  expect(figures.map(({ name }) => name)).toEqual(['time', 'traffic'])
  for (const figure of figures) {
    for (const { label } of SERIES) expect(figure.svg).toContain(label)
    const png = toPng(figure.svg)
    expect([...png.slice(1, 4)]).toEqual([...Buffer.from('PNG')])
    // the same figure without its text is another picture: so the text is drawn
    const bare = toPng(figure.svg.replace(/<text[^>]*>[^<]*<\/text>/g, ''))
    expect(png.length).toBeGreaterThan(bare.length * 1.1)
  }
})
