/**
 * Layers whose schedules are tuned: the seed's workload, the MLPs of Llama at the ranks that the seed's inference code
 * chooses (up and gate, then down), and small ones: a square one, and those of SmolLM-135M.
 */
const workload = { K: 8192, r: 4096, N: 16384 }
const small = { K: 2048, r: 512, N: 2048 }
const smol = { K: 576, r: 192, N: 1536 }

interface Layer {
  readonly K: number
  readonly r: number
  readonly N: number
}
const llama: readonly Layer[] = [
  { K: 2048, r: 1280, N: 8192 }, // 1B
  { K: 3072, r: 1792, N: 8192 }, // 3B
  { K: 4096, r: 2560, N: 14336 }, // 8B
  { K: 8192, r: 5120, N: 28672 }, // 70B
]
const down = ({ K, r, N }: Layer): Layer => ({ K: N, r, N: K })

export const LAYERS: readonly Layer[] = [
  smol,
  down(smol),
  small,
  ...llama.flatMap((up) => [up, down(up)]),
  workload,
]
/** Without those of 70B, whose searches take longest: what was found for smaller ranks is cut shorter for them. */
export const SMALLER = LAYERS.filter(({ K, N }) => Math.max(K, N) < 28672)
export const MLPS: readonly Layer[] = [small, ...llama, workload]
