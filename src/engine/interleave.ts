/** Timing that compares: every candidate runs once in each round, so that what disturbs the machine disturbs all. */

/** The middle one; the upper of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/** Does its work once, and says how many milliseconds that took. */
export type Timed = () => number | Promise<number>

export function timed(work: () => unknown): Timed {
  return async () => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }
}

export interface InterleaveOptions {
  readonly rounds: number
  /** Before each run, so that threads of the one before which spin for more work have gone to sleep; milliseconds. */
  readonly rest?: number
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds of every candidate in every round, after one round that does not count. The order turns each round. */
export async function interleave(
  candidates: readonly Timed[],
  { rounds, rest = 0, signal }: InterleaveOptions,
): Promise<number[][]> {
  const times = candidates.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < candidates.length; i++) {
      const turn = (i + Math.max(round, 0)) % candidates.length
      // even without a rest this lets a signal through: candidates may be synchronous
      await new Promise((resolve) => setTimeout(resolve, rest))
      signal?.throwIfAborted()
      const milliseconds = await candidates[turn]!()
      if (round >= 0) times[turn]!.push(milliseconds)
    }
  }
  return times
}
