/** What a program does: its numbers (run), and its traffic and instructions as written (count). */

export {
  type Advice,
  type Bounds,
  type LaunchProfile,
  leastTime,
  type MemoryMap,
  type Metrics,
  memoryOf,
  type Profile,
  type ProfileOptions,
  profile,
  profileLaunch,
  QUEUES,
  type QueueName,
  type Sensitivity,
  sensitivity,
  type Tenant,
  type Timeline,
  type Traffic,
} from './profile/index.ts'
export { float64, matrixOf } from './run/algebra.ts'
export { type CheckOptions, type CheckResult, check, randomInputs } from './run/check.ts'
export { type Counts, count, type TensorTraffic } from './run/count.ts'
export { countLaunch, runLaunch } from './run/launch.ts'
export { bindTensors, type Precision, type RunOptions, run } from './run/run.ts'
export { type TraceEvent, type TraceFile, type TraceSummary, traceOf } from './trace/index.ts'
