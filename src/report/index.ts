/** What the benchmarks show: workloads, series, published figures, and the numbers about them. */
export { drawFigures, type Figure, toPng } from './draw.ts'
export { type FigureOptions, type FigurePoint, figurePoints, type Ratios, ratiosOf } from './figures.ts'
export { CLAIMED, OUTSIDE, type Published, published } from './published.ts'
export { ratioToFused, type TrafficPoint, traffic } from './traffic.ts'
export { TRIAL, type Trial, trial } from './trial.ts'
export { SERIES, type Series, WORKLOAD } from './workload.ts'
