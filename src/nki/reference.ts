/**
 * What a kernel ought to compute, said in a few matrix operations. A kernel's reference is written against this
 * interface, so that whoever checks a kernel chooses the arithmetic (simulate/ uses float64).
 */

/** Row-major float64. */
export interface Matrix {
  readonly rows: number
  readonly cols: number
  readonly data: Float64Array
}

export interface Algebra {
  matmul(a: Matrix, b: Matrix): Matrix
  transpose(a: Matrix): Matrix
  /** Elementwise product. */
  times(a: Matrix, b: Matrix): Matrix
  /** An activation function by its name in `nki.language`. */
  activation(name: string, a: Matrix): Matrix
}
