/** Activations by definition, on float64 scalars. */
import type { Activation } from './types.ts'

/**
 * Error function to about 1e-15: Maclaurin series below 2.5, continued fraction (Lentz) of erfc above.
 * NIST DLMF 7.6.2 and 7.9.1.
 */
export function erf(x: number): number {
  const a = Math.abs(x)
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x)
  if (a < 2.5) {
    let term = a
    let sum = a
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= (2 * a * a) / (2 * n + 1)
      sum += term
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum
  }
  let fraction = a
  for (let n = 60; n >= 1; n--) fraction = a + n / 2 / fraction
  return Math.sign(x) * (1 - Math.exp(-a * a) / (fraction * Math.sqrt(Math.PI)))
}

export const activations: Readonly<Record<Activation, (x: number) => number>> = {
  none: (x) => x,
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  // NaN stays NaN, as in every framework.
  relu: (x) => Math.max(x, 0),
}
