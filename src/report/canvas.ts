/** What every figure shares: a document without a browser, a font that comes along, SVG, and PNG for where SVG does not go. */
import { createRequire } from 'node:module'
import * as Plot from '@observablehq/plot'
import { Resvg } from '@resvg/resvg-js'
import { parseHTML } from 'linkedom'

const FONT = 'DejaVu Sans'

/** @returns SVG, white behind. */
export function svgOf(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const style = { fontFamily: FONT, fontSize: '12px', background: 'white' }
  const svg = Plot.plot({ document, style, ...options })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return svg.outerHTML
}

/** Of an SVG, at twice its size. */
export function toPng(svg: string): Uint8Array {
  const fontFile = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
  const font = { fontFiles: [fontFile], loadSystemFonts: false, defaultFontFamily: FONT }
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 } }).render().asPng()
}
