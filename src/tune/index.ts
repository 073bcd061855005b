/** Search over the schedules that kernels declare, with the profiler as the cost. */
export { type Cache, type Cost, cacheFolder, cacheKey, diskCache, memoryCache } from './cache.ts'
export { candidates, searched } from './space.ts'
export { type Candidate, type Outcome, type Trial, type TuneOptions, type TuneResult, tune } from './tune.ts'
export { modelVersion } from './version.ts'
