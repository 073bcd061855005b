/** Timing that compares: every candidate runs once in each round, so that what disturbs the machine disturbs all. */

/** The middle one; the upper of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/**
 * Milliseconds of every candidate in every round, after one round that does not count. The order turns each round.
 * Before each run it rests `restMs`, so that threads of the one before which spin for more work have gone to sleep.
 */
export async function interleave(
  candidates: readonly (() => unknown)[],
  rounds: number,
  restMs = 0,
): Promise<number[][]> {
  const times = candidates.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < candidates.length; i++) {
      const turn = (i + Math.max(round, 0)) % candidates.length
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
      const start = performance.now()
      await candidates[turn]!()
      if (round >= 0) times[turn]!.push(performance.now() - start)
    }
  }
  return times
}
