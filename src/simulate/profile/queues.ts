/**
 * What executes instructions: four engines and three DMA rings, each an in-order queue. Loads, stores and reloads of
 * spilled data have a ring each; saves of spilled data go with the stores.
 */
export const QUEUES = ['tensor', 'vector', 'scalar', 'gpsimd', 'load', 'store', 'spill_reload'] as const
export type QueueName = (typeof QUEUES)[number]

export const QUEUE = Object.fromEntries(QUEUES.map((name, i) => [name, i])) as Record<QueueName, number>
export const QUEUE_COUNT = QUEUES.length
/** Queues below are compute engines, the others are DMA rings. */
export const FIRST_RING = QUEUE.load
