/** The two figures of `neuronmm bench`. Series differ in dash and symbol, so that they can be told apart in grey. */
import * as Plot from '@observablehq/plot'
import { svgOf } from './canvas.ts'
import type { FigurePoint } from './figures.ts'
import { SERIES } from './workload.ts'

export interface Figure {
  readonly name: 'time' | 'traffic'
  readonly title: string
  readonly svg: string
}

const QUANTITIES = [
  { name: 'time', label: 'Time (ms)', of: (p: { seconds: number }) => p.seconds * 1e3 },
  { name: 'traffic', label: 'HBM traffic (GiB)', of: (p: { hbmGiB: number }) => p.hbmGiB },
] as const

/** In the order of SERIES. */
const DASHES = ['1 0', '6 3', '2 3', '8 3 2 3']

/** Lines are modelled; rings are the published points. */
export function drawFigures(points: readonly FigurePoint[], where: string): Figure[] {
  const label = (id: string) => SERIES.find((series) => series.id === id)!.label
  const shown = SERIES.filter(({ id }) => points.some(({ series }) => series === id))
  const last = Math.max(...points.map((p) => p.M))
  return QUANTITIES.map(({ name, label: quantity, of }) => {
    const title = `${quantity}, ${where}`
    const lines = points.map((p) => ({ M: p.M, value: of(p), series: label(p.series) }))
    const rings = points.flatMap((p) =>
      p.published ? [{ M: p.M, value: of(p.published), series: label(p.series) }] : [],
    )
    const axes = { x: 'M', y: 'value', stroke: 'series' } as const
    const svg = svgOf({
      width: 760,
      height: 460,
      marginLeft: 60,
      marginRight: 150,
      marginTop: 75,
      marginBottom: 45,
      x: {
        label: 'rows of X (M)',
        type: 'log',
        base: 2,
        tickFormat: String,
        ticks: [...new Set(lines.map(({ M }) => M))],
      },
      y: { label: null, type: 'log', grid: true, tickFormat: (n: number) => `${n}`, ticks: 6 },
      color: { domain: SERIES.map((series) => series.label), scheme: 'tableau10' },
      symbol: { domain: SERIES.map((series) => series.label) },
      marks: [
        ...shown.map(({ label: series }) =>
          Plot.line(
            lines.filter((line) => line.series === series),
            {
              ...axes,
              strokeWidth: 2,
              strokeDasharray: DASHES[SERIES.findIndex((s) => s.label === series)]!,
            },
          ),
        ),
        Plot.dot(lines, { ...axes, symbol: 'series', fill: 'series', r: 3 }),
        Plot.dot(rings, { ...axes, r: 7, strokeWidth: 1.5 }),
        ...spread(lines.filter(({ M }) => M === last)).map(({ at, dy }) =>
          Plot.text([at], {
            x: 'M',
            y: 'value',
            text: 'series',
            fill: 'series',
            dx: 10,
            dy,
            textAnchor: 'start',
          }),
        ),
        Plot.text([`${title}. Lines: modelled${rings.length > 0 ? '; rings: published' : ''}.`], {
          frameAnchor: 'top-left',
          dy: -65,
          fontSize: 13,
        }),
      ],
    })
    return { name, title, svg }
  })
}

/** Labels of lines that end close together are set apart, the lower line's below. */
function spread<T extends { readonly value: number }>(ends: readonly T[]): { at: T; dy: number }[] {
  const sorted = [...ends].sort((a, b) => b.value - a.value)
  let previous = Number.POSITIVE_INFINITY
  return sorted.map((at) => {
    const close = previous / at.value < 1.15
    previous = at.value
    return { at, dy: close ? 12 : 0 }
  })
}
