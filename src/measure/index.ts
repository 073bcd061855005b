/** Kernels on a Trainium instance: finding its SDK, running what is emitted, and holding the result against the model. */
export { type DeviceOptions, type DeviceRun, measureOnDevice } from './device.ts'
export {
  type Failure,
  type Measurement,
  type Measurements,
  PERCENTILES,
  parseMeasurements,
} from './document.ts'
export { type Point, pointOf } from './points.ts'
export { parseSummary } from './profiler.ts'
export { type Compared, compareMeasurements, sourceOf } from './report.ts'
export { findSdk, hasDevice, type Sdk, type SdkOptions } from './sdk.ts'
