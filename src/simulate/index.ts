/** What a program does: its numbers (run), and its traffic and instructions as written (count). */
export { float64, matrixOf } from './run/algebra.ts'
export { type CheckOptions, type CheckResult, check, randomInputs } from './run/check.ts'
export { type Counts, count, type TensorTraffic } from './run/count.ts'
export { bindTensors, type Precision, type RunOptions, run } from './run/run.ts'
