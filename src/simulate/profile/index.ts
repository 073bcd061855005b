/** Time, traffic and memory of a program on a NeuronCore. */
export type { Advice } from './advice.ts'
export type { Bounds } from './bounds.ts'
export type { Traffic } from './lower.ts'
export type { MemoryMap, Tenant } from './memory-map.ts'
export type { Metrics } from './metrics.ts'
export { tileBytes } from './plan.ts'
export { type Profile, type ProfileOptions, profile, type Timeline } from './profile.ts'
export { QUEUE_COUNT, QUEUES, type QueueName } from './queues.ts'
