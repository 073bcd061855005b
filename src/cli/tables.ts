/** The tables of `neuronmm bench`. */
import {
  type FigurePoint,
  type Ratios,
  ratioToFused,
  SERIES,
  TRIAL,
  type TrafficPoint,
  type Trial,
} from '../report/index.ts'
import { assignments, bytes, signedPercent, table } from './output.ts'

const GIB = 2 ** 30
type Dims = Readonly<Record<string, number>>

export function showTraffic(dims: Dims, points: readonly TrafficPoint[]): void {
  console.log(`As-written HBM traffic, ${assignments(dims)}, schedules of the seed\n`)
  console.log(
    table(
      ['M', 'kernel', 'TFLOP', 'HBM', 'compulsory', 'FLOP/byte', 'to fused'],
      points.map((point) => [
        point.M,
        point.kernel,
        (point.flops / 1e12).toFixed(3),
        bytes(point.asWrittenBytes),
        bytes(point.compulsoryBytes),
        point.arithmeticIntensity.toFixed(0),
        ratioToFused(point, points)?.toFixed(2) ?? '–',
      ]),
    ),
  )
}

export function showPoints(target: string, points: readonly FigurePoint[]): void {
  console.log(`\nModelled on ${target}\n`)
  console.log(
    table(
      ['M', 'series', 'kernel', 'ms', 'HBM', 'spilled', 'as written', 'outside ms', 'outside'],
      points.map((p) => [
        p.M,
        p.series,
        SERIES.find(({ id }) => id === p.series)!.label,
        (p.seconds * 1e3).toFixed(2),
        bytes(p.hbmGiB * GIB),
        bytes(p.spilledGiB * GIB),
        bytes(p.asWrittenGiB * GIB),
        (p.outside.seconds * 1e3).toFixed(2),
        bytes(p.outside.hbmGiB * GIB),
      ]),
    ),
  )
  if (points.some((p) => p.outside.hbmGiB > 0))
    console.log(
      '\n"outside" is part of ms and HBM: passes over X and the outputs that the published runs of these two series\nshow around their kernels (a fit). It belongs to that experiment, and is in no profile of a kernel.',
    )
}

/** Modelled against published, where there is something published. */
export function showResiduals(points: readonly FigurePoint[]): void {
  const rows = points.flatMap((p) =>
    p.published
      ? [
          [
            p.M,
            p.series,
            (p.published.seconds * 1e3).toFixed(2),
            signedPercent(p.seconds / p.published.seconds - 1),
            p.published.hbmGiB.toFixed(3),
            signedPercent(p.hbmGiB / p.published.hbmGiB - 1),
          ],
        ]
      : [],
  )
  if (rows.length === 0) return
  console.log('\nAgainst the published points\n')
  console.log(table(['M', 'series', 'published ms', 'error', 'published GiB', 'error'], rows))
}

/** Ratios at the most rows, beside what is published of them, and why traffic differs from what is written. */
export function showHeadlines(r: Ratios, points: readonly FigurePoint[]): void {
  const times = (x: number) => `${x.toFixed(2)}×`
  const beside = (claim?: number) => (claim === undefined ? '' : ` (published ${claim}×)`)
  const dense = points.find(({ series, M }) => series === 'nki_xw' && M === r.M)!
  const causes = [
    ...(dense.spilledGiB > 0
      ? ['spills of the dense kernel’s strip of sums, which does not fit in SBUF']
      : []),
    ...(dense.outside.hbmGiB > 0 ? ['what its published runs moved outside of the kernel'] : []),
  ]
  const why = causes.length > 0 ? `: the difference is ${causes.join(', and ')}` : ''
  console.log(`
${SERIES[0]!.label} over ${SERIES[2]!.label}, M=${r.M}: time ${times(r.time)}${beside(r.published?.time)}, traffic ${times(r.traffic)}${beside(r.published?.traffic)}.
As written, by the kernels' own loads and stores, the traffic ratio is ${times(r.asWrittenTraffic)}${why}.
The fused kernel with the seed's schedule over the tuned one: time ${times(r.tunedTime)}, traffic ${times(r.tunedTraffic)}.`)
}

export function showTrials(trials: readonly Trial[]): void {
  console.log(`\nExecuted at ${assignments(TRIAL)}, against float64\n`)
  console.log(
    table(
      ['kernel', 'relative error', 'allowed', 'result'],
      trials.map(({ kernel, relativeError, tolerance, ok }) => [
        kernel,
        relativeError.toExponential(2),
        tolerance.toExponential(2),
        ok ? 'right' : 'WRONG',
      ]),
    ),
  )
}
