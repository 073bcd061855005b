/** The two figures as SVG, and as PNG for where SVG does not go. The text is set in DejaVu Sans, which comes along. */
import { createRequire } from 'node:module'
import * as Plot from '@observablehq/plot'
import { Resvg } from '@resvg/resvg-js'
import { parseHTML } from 'linkedom'
import type { FigurePoint } from './figures.ts'
import { SERIES } from './workload.ts'

const FONT = 'DejaVu Sans'

export interface Figure {
  readonly name: 'time' | 'traffic'
  readonly title: string
  readonly svg: string
}

const QUANTITIES = [
  { name: 'time', label: 'Time (ms)', of: (p: { seconds: number }) => p.seconds * 1e3 },
  { name: 'traffic', label: 'HBM traffic (GiB)', of: (p: { hbmGiB: number }) => p.hbmGiB },
] as const

/** Lines are modelled; rings are the published points. */
export function drawFigures(points: readonly FigurePoint[], where: string): Figure[] {
  const label = (id: string) => SERIES.find((series) => series.id === id)!.label
  return QUANTITIES.map(({ name, label: quantity, of }) => {
    const title = `${quantity}, ${where}`
    const lines = points.map((p) => ({ M: p.M, value: of(p), series: label(p.series) }))
    const rings = points.flatMap((p) =>
      p.published ? [{ M: p.M, value: of(p.published), series: label(p.series) }] : [],
    )
    const labels = lines.filter(({ M }) => M === Math.max(...points.map((p) => p.M)))
    const { document } = parseHTML('<!doctype html><html><body></body></html>')
    const axes = { x: 'M', y: 'value', stroke: 'series' } as const
    const svg = Plot.plot({
      document,
      width: 760,
      height: 460,
      marginLeft: 60,
      marginRight: 150,
      marginTop: 75,
      marginBottom: 45,
      style: { fontFamily: FONT, fontSize: '12px', background: 'white' },
      x: {
        label: 'rows of X (M)',
        type: 'log',
        base: 2,
        tickFormat: String,
        ticks: [...new Set(lines.map(({ M }) => M))],
      },
      y: { label: null, type: 'log', grid: true, tickFormat: (n: number) => `${n}`, ticks: 6 },
      color: { domain: SERIES.map((series) => series.label), scheme: 'tableau10' },
      marks: [
        Plot.line(lines, { ...axes, strokeWidth: 2 }),
        Plot.dot(lines, { ...axes, fill: 'series', r: 2.5 }),
        Plot.dot(rings, { ...axes, r: 6, strokeWidth: 1.5 }),
        // ours a line lower: in time it meets the seed's
        ...labels.map((at) =>
          Plot.text([at], {
            x: 'M',
            y: 'value',
            text: 'series',
            fill: 'series',
            dx: 10,
            dy: at.series === label('tuned') ? 12 : 0,
            textAnchor: 'start',
          }),
        ),
        Plot.text([`${title}. Lines: modelled; rings: published.`], {
          frameAnchor: 'top-left',
          dy: -65,
          fontSize: 13,
        }),
      ],
    })
    svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
    return { name, title, svg: svg.outerHTML }
  })
}

/** Twice the size of the SVG. */
export function toPng({ svg }: Figure): Uint8Array {
  const fontFile = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
  const font = { fontFiles: [fontFile], loadSystemFonts: false, defaultFontFamily: FONT }
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 } }).render().asPng()
}
