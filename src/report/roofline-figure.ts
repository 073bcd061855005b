/**
 * The roofline as a figure, log-log, and readable without colour: solid roofs are what large kernels see, dashed ones are
 * documented; a filled mark stands at the modelled intensity, a hollow one at the intensity as written, and a dotted line
 * leads up to what the roofs allow.
 */
import * as Plot from '@observablehq/plot'
import { svgOf } from './canvas.ts'
import { type RooflinePoint, type Roofs, windowOf } from './roofline.ts'
import { describe, tera } from './roofline-words.ts'

const SIZE = { width: 900, plot: 420, left: 55, right: 225, top: 60, axis: 45, line: 17 }
/** Fillable ones, so that hollow means something. */
const SYMBOLS = ['circle', 'square', 'triangle', 'diamond', 'star', 'cross', 'wye'] as const
/** Where the letters of neighbouring points go. */
const AROUND = [
  [0, -14],
  [0, 14],
  [14, 4],
  [-14, -4],
] as const

interface Stroke {
  readonly from: readonly [number, number]
  readonly to: readonly [number, number]
  readonly text: string
  readonly dashed: boolean
  /** Where the text stands: how far along, of the way on paper. */
  readonly along: number
}

export function drawRoofline(roofs: readonly Roofs[], points: readonly RooflinePoint[]): string {
  const window = windowOf(roofs, points)
  const strokes = [...slopesOf(roofs, window.x), ...levelsOf(roofs, window.x)]
  const marks = points.flatMap((p, i) => [
    { ...p, x: p.intensity.modelled, filled: true, beside: AROUND[i % AROUND.length]! },
    ...(p.intensity.asWritten === p.intensity.modelled
      ? []
      : [{ ...p, x: p.intensity.asWritten, filled: false, beside: AROUND[0] }]),
  ])
  const kernels = [...new Set(points.map((p) => p.kernel))]
  const dotOptions = {
    x: 'x',
    y: 'achieved',
    symbol: 'kernel',
    stroke: 'kernel',
    r: 5,
    strokeWidth: 1.5,
  } as const
  return svgOf({
    width: SIZE.width,
    height: SIZE.top + SIZE.plot + SIZE.axis + (points.length + 1) * SIZE.line,
    marginLeft: SIZE.left,
    marginRight: SIZE.right,
    marginTop: SIZE.top,
    marginBottom: SIZE.axis + (points.length + 1) * SIZE.line,
    x: {
      label: null,
      type: 'log',
      domain: [...window.x],
      tickFormat: (n: number) => `${n}`,
      ticks: 8,
      grid: true,
    },
    y: { label: null, type: 'log', domain: [...window.y], tickFormat: tera, ticks: 6, grid: true },
    color: { domain: kernels, scheme: 'tableau10' },
    symbol: { domain: kernels, range: [...SYMBOLS] },
    marks: [
      ...strokes.flatMap((stroke) => roofMarks(stroke, angleOf(window))),
      Plot.link(points, {
        x: (p: RooflinePoint) => p.intensity.modelled,
        y1: 'achieved',
        y2: 'attainable',
        strokeDasharray: '1 4',
      }),
      Plot.link(points, {
        x1: (p: RooflinePoint) => p.intensity.asWritten,
        x2: (p: RooflinePoint) => p.intensity.modelled,
        y: 'achieved',
        strokeOpacity: 0.5,
      }),
      Plot.dot(points, {
        x: (p: RooflinePoint) => p.intensity.modelled,
        y: 'attainable',
        symbol: 'times',
        stroke: 'black',
        r: 3,
      }),
      Plot.dot(
        marks.filter(({ filled }) => filled),
        { ...dotOptions, fill: 'kernel' },
      ),
      Plot.dot(
        marks.filter(({ filled }) => !filled),
        { ...dotOptions, fill: 'white' },
      ),
      ...marks
        .filter(({ filled }) => filled)
        .map((mark) =>
          Plot.text([mark], {
            x: 'x',
            y: 'achieved',
            text: 'letter',
            dx: mark.beside[0],
            dy: mark.beside[1],
            fontWeight: 'bold',
            stroke: 'white',
            fill: 'black',
          }),
        ),
      note(
        `Roofline of ${roofs.map(({ target }) => target).join(' and ')}, one NeuronCore. Modelled, not measured.`,
        {
          frameAnchor: 'top-left',
          dy: -45,
          fontSize: 14,
        },
      ),
      note('TFLOP/s', { frameAnchor: 'top-left', dx: -SIZE.left + 8, dy: -12 }),
      note('FLOP per byte of HBM traffic. Filled: modelled; hollow: as written; ×: what the roofs allow.', {
        frameAnchor: 'bottom',
        dy: 38,
      }),
      ...points.map((p, i) =>
        note(describe(p), {
          frameAnchor: 'bottom-left',
          dx: -SIZE.left + 20,
          dy: SIZE.axis + (i + 1) * SIZE.line,
        }),
      ),
    ],
  })
}

const note = (text: string, options: Plot.TextOptions): Plot.Markish =>
  Plot.text([text], { lineAnchor: 'bottom', ...options })

const KINDS = [
  { kind: 'effective', dashed: false },
  { kind: 'documented', dashed: true },
] as const

/** Slopes of the memory, named along the way, each core's further up. */
function slopesOf(roofs: readonly Roofs[], [left]: readonly [number, number]): Stroke[] {
  const crowded = roofs.length > 1
  return roofs.flatMap(({ target, compute, memory }, i) =>
    KINDS.map(({ kind, dashed }): Stroke => {
      const bandwidth = memory[kind]
      const top = Math.max(...compute.map((c) => c[kind]))
      const name = dashed ? 'HBM, documented' : 'DMA, effective'
      return {
        from: [left, left * bandwidth],
        to: [top / bandwidth, top],
        // of several cores the dashed ones are not named: there is no room
        text:
          crowded && dashed
            ? ''
            : `${crowded ? `${target}, ` : ''}${name}: ${(bandwidth / 1e9).toFixed(0)} GB/s`,
        dashed,
        along: 0.25 + 0.2 * i,
      }
    }),
  )
}

/** Levels of the tensor engine, from where the slope meets them; those of the same height have one name. */
function levelsOf(roofs: readonly Roofs[], [, right]: readonly [number, number]): Stroke[] {
  const levels = roofs.flatMap(({ target, compute, memory }) =>
    KINDS.flatMap(({ kind, dashed }) =>
      compute
        .filter((c) => !(dashed && c.documented === c.effective))
        .map((c) => ({
          target,
          kind,
          dashed,
          height: c[kind],
          start: c[kind] / memory[kind],
          dtype: c.dtype,
        })),
    ),
  )
  return levels.map(({ kind, dashed, height, start, dtype }, i): Stroke => {
    const same = levels.filter((other) => other.height === height)
    const where = roofs.length > 1 ? `, ${same.map(({ target }) => target).join(' ')}` : ''
    return {
      from: [start, height],
      to: [right, height],
      text: same[0] === levels[i] ? `${tera(height)} ${dtype.split(',')[0]}, ${kind}${where}` : '',
      dashed,
      along: 1,
    }
  })
}

function roofMarks({ from, to, text, dashed, along }: Stroke, angle: number): Plot.Markish[] {
  const style = { stroke: 'black', strokeWidth: dashed ? 1 : 2, ...(dashed && { strokeDasharray: '6 4' }) }
  const [x, y] = [from[0] ** (1 - along) * to[0] ** along, from[1] ** (1 - along) * to[1] ** along]
  // documented slopes lie above the effective ones; levels are named behind their right end
  const place: Plot.TextOptions =
    along < 1
      ? { dy: dashed ? -6 : 6, lineAnchor: dashed ? 'bottom' : 'top', rotate: -angle }
      : { dx: 6, textAnchor: 'start' }
  return [
    Plot.link([0], { x1: [from[0]], y1: [from[1]], x2: [to[0]], y2: [to[1]], ...style }),
    Plot.text([text], { x: [x], y: [y], fontSize: 11, stroke: 'white', fill: 'black', ...place }),
  ]
}

/** Degrees on paper of a slope of one decade per decade. */
function angleOf({ x, y }: { x: readonly [number, number]; y: readonly [number, number] }): number {
  const across = (SIZE.width - SIZE.left - SIZE.right) / Math.log10(x[1] / x[0])
  const up = SIZE.plot / Math.log10(y[1] / y[0])
  return (Math.atan2(up, across) * 180) / Math.PI
}
