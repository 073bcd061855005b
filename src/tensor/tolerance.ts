/**
 * The error that a matrix product may have: the one place where it is stated.
 *
 * A sum of b parts that is rounded after each addition makes, with unit roundoff u, a relative error of about
 * u·√((b + 1)/12): each rounding errs by up to u, evenly spread (variance u²/3, and u²/6 averaged over a binade,
 * where numbers are on average 1.4 times their power of two); it errs relative to the partial sum, whose square is
 * j/b of the final one after j parts; and the errors are independent (Higham and Mary 2019, doi 10.1137/18M1226312:
 * growth with √b, not b). How long are the parts?
 * - bfloat16, float16, float8: hardware accumulates in float32 PSUM, and kernels round once a block of the
 *   contraction when they add it to SBUF. Schedules have blocks of 512 or longer, so b = contraction/512. The model
 *   gives 5.3e-3 for a fused X·U·V in bfloat16 at K = 8192 in blocks of 512 and r = 4096 in blocks of 1024;
 *   5.1e-3 was measured. One fifth is added to the variance: u²·contraction/5120.
 * - float32: every addition may round, so b = contraction. Precision is no concern here and the margin is: the
 *   variance is taken as u² an addition.
 * The 1 under the root is the rounding of the output and of one product before it (and of the terms, in float32); a
 * longer chain rounds more often, and adds 1/2 for each further product.
 *
 * This stays below 1e-5 in float32 and 1e-2 in bfloat16 up to a contraction of 28000. A relative error has no bound
 * where everything cancels: outputs of a handful of elements can be right and yet exceed it.
 */
import { type Dtype, dtypeInfo } from './dtype.ts'

/**
 * Relative Frobenius error (compare().relativeError) allowed to a product of the given contraction length, against
 * the exact product of the same rounded inputs. For products in a chain give the sum of their contractions: K + r
 * for X·U·V. `products` counts the matrices that are rounded on the way, elementwise products included. Integers: 0.
 */
export function tolerance(dtype: Dtype, contraction: number, products = 2): number {
  const { kind, bytes, significandBits } = dtypeInfo(dtype)
  if (!Number.isFinite(contraction) || contraction < 1)
    throw new RangeError(`contraction length ${contraction} must be a number from 1.`)
  if (kind === 'int') return 0
  const unitRoundoff = 2 ** -significandBits
  const termsToDoubleVariance = bytes === 4 ? 1 : 5120
  return unitRoundoff * Math.sqrt(Math.max(1, products / 2) + contraction / termsToDoubleVariance)
}
