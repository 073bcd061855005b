/**
 * The scalar functions that instructions apply: activation functions of the Scalar engine and binary operators of the
 * Vector engine, under their names in `nki.language`. Functions are computed in double precision and the destination
 * rounds; operators compute in float32.
 */

/**
 * erfc(x) = 1 − erf(x). Up to 2, erf is Kummer's series, 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1)/(2n+1)!!: all terms have one
 * sign. Beyond, 1 − erf would cancel: there it is Laplace's continued fraction, e^(−x²)/√π / (x + ½/(x + 1/(x + …))),
 * of which 60 terms are exact to double precision from 2 on (DLMF 7.9.1).
 */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  if (x > 2) {
    let fraction = x
    for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction
    return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction)
  }
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

export const ACTIVATIONS = {
  copy: (x: number) => x,
  exp: Math.exp,
  /** x·σ(x); its limit at −∞ is 0, where the product itself would be −∞·0. */
  silu: (x: number) => (x === Number.NEGATIVE_INFINITY ? 0 : x * sigmoid(x)),
  /** The exact form, x·Φ(x), as `nl.gelu`; not the tanh approximation. */
  gelu: (x: number) => (x === Number.NEGATIVE_INFINITY ? 0 : 0.5 * x * erfc(-x / Math.SQRT2)),
  sigmoid,
  relu: (x: number) => (x > 0 || Number.isNaN(x) ? x : 0),
  tanh: Math.tanh,
  square: (x: number) => x * x,
  rsqrt: (x: number) => 1 / Math.sqrt(x),
} as const
export type ActivationFunction = keyof typeof ACTIVATIONS

export const OPERATORS = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => a / b,
  maximum: (a: number, b: number) => Math.max(a, b),
  minimum: (a: number, b: number) => Math.min(a, b),
} as const
export type Operator = keyof typeof OPERATORS

const words = <T extends object>(table: T): readonly (keyof T & string)[] =>
  Object.keys(table) as (keyof T & string)[]

export const activationName = { oneOf: words(ACTIVATIONS) } as const
export const operatorName = { oneOf: words(OPERATORS) } as const

export const activation = (name: unknown): ((x: number) => number) => ACTIVATIONS[name as ActivationFunction]
/** In float32 arithmetic, whatever the operands are kept in (NKI: these engines compute in float32 and convert on write): int32 beyond 2^24 is rounded. */
export const operator = (name: unknown): ((a: number, b: number) => number) => {
  const f = OPERATORS[name as Operator]
  return (a, b) => Math.fround(f(Math.fround(a), Math.fround(b)))
}
