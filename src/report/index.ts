/** What the benchmarks show: workloads, series, published figures, and the numbers about them. */
export { toPng } from './canvas.ts'
export { drawFigures, type Figure } from './draw.ts'
export { type FigureOptions, type FigurePoint, figurePoints, type Ratios, ratiosOf } from './figures.ts'
export { OUTSIDE, type Published, published } from './published.ts'
export {
  pointsOf,
  type RooflineKernel,
  type RooflinePoint,
  type Roofs,
  roofsOf,
} from './roofline.ts'
export { drawRoofline } from './roofline-figure.ts'
export { rooflineText } from './roofline-text.ts'
export { ratioToFused, type TrafficPoint, traffic } from './traffic.ts'
export { TRIAL, type Trial, trial } from './trial.ts'
export { SERIES, type Series, WORKLOAD } from './workload.ts'
