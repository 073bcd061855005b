/**
 * How far one result is from another, as two numbers: the relative error in the Frobenius norm, which suits matrix
 * products (a single element may cancel to nearly nothing and still be right), and the largest absolute difference.
 */
import { Tensor } from './tensor.ts'

export interface Comparison {
  /** ‖actual - expected‖ / ‖expected‖, Frobenius norms in float64; 0 where both are all zeros. */
  relativeError: number
  maxAbsError: number
  /** Elements that are NaN on one side only. Any of them makes both errors infinite, so that no check passes. */
  mismatchedNaN: number
}

/**
 * Compares element by element in row-major order. NaN matches NaN and an infinity matches itself; those elements
 * count in no norm. Throws a RangeError where shapes (or, for arrays, lengths) differ.
 */
export function compare(
  actual: Tensor | Float32Array,
  expected: Tensor | Float32Array | Float64Array,
): Comparison {
  checkSameShape(actual, expected)
  const a = actual instanceof Tensor ? actual.exactValues() : actual
  const e = expected instanceof Tensor ? expected.exactValues() : expected
  const difference = new FrobeniusNorm()
  const reference = new FrobeniusNorm()
  let maxAbsError = 0
  let mismatchedNaN = 0
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, e[i]!]
    if (Number.isNaN(x) || Number.isNaN(y)) {
      if (!Object.is(x, y)) mismatchedNaN++
    } else if (x !== y || Number.isFinite(x)) {
      const error = Math.abs(x - y)
      if (error > maxAbsError) maxAbsError = error
      difference.add(error)
      reference.add(y)
    }
  }
  if (mismatchedNaN > 0 || maxAbsError === Infinity)
    return { relativeError: Infinity, maxAbsError: Infinity, mismatchedNaN }
  return { relativeError: maxAbsError === 0 ? 0 : difference.over(reference), maxAbsError, mismatchedNaN }
}

function checkSameShape(actual: Tensor | Float32Array, expected: Tensor | Float32Array | Float64Array): void {
  const describe = (t: Tensor | Float32Array | Float64Array, asLength: boolean): string =>
    t instanceof Tensor && !asLength
      ? `shape [${t.shape}]`
      : `${t instanceof Tensor ? t.size : t.length} elements`
  const byLength = !(actual instanceof Tensor && expected instanceof Tensor)
  const [has, needs] = [describe(actual, byLength), describe(expected, byLength)]
  if (has !== needs)
    throw new RangeError(`compare: actual has ${has}, expected has ${needs}. Make them the same.`)
}

/** A sum of squares held as scale²·sum, as in BLAS nrm2: no number is too large or too small to be squared. */
class FrobeniusNorm {
  private scale = 0
  private sum = 0

  add(x: number): void {
    const magnitude = Math.abs(x)
    if (magnitude === 0) return
    if (magnitude > this.scale) {
      this.sum *= (this.scale / magnitude) ** 2
      this.scale = magnitude
    }
    this.sum += (magnitude / this.scale) ** 2
  }

  /** The quotient of two norms; Infinity where the divisor is 0. */
  over(divisor: FrobeniusNorm): number {
    return (this.scale / divisor.scale) * Math.sqrt(this.sum / divisor.sum)
  }
}
