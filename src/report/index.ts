/** What the benchmarks show: workloads, and the numbers about them. */
export { type TrafficPoint, traffic } from './traffic.ts'
export { SERIES, type Series, WORKLOAD } from './workload.ts'
