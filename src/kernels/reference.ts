/** What the kernels ought to compute, in the algebra that the checker gives. */
import type { Algebra, Matrix } from '../nki/index.ts'

type Layout = 'plain' | 'transposed'
interface Layouts {
  readonly x: Layout
  readonly y: Layout
}
type Inputs = Readonly<Record<string, Matrix>>

const laidOut = (a: Algebra, layout: Layout, matrix: Matrix): Matrix =>
  layout === 'plain' ? matrix : a.transpose(matrix)
const chain = (a: Algebra, x: Matrix, u: Matrix, v: Matrix): Matrix => a.matmul(a.matmul(x, u), v)

/** X·W */
export const dense =
  ({ x }: Pick<Layouts, 'x'>) =>
  (a: Algebra, inputs: Inputs): Matrix =>
    a.matmul(laidOut(a, x, inputs.x ?? inputs.xT!), inputs.w!)

/** f(X·U·V) */
export const lowRank =
  ({ x, y }: Layouts) =>
  (a: Algebra, inputs: Inputs, { activation = 'none' }: { activation?: string } = {}): Matrix => {
    const product = chain(a, laidOut(a, x, inputs.x ?? inputs.xT!), inputs.u!, inputs.v!)
    return laidOut(a, y, activation === 'none' ? product : a.activation(activation, product))
  }

/** SiLU(X·Ug·Vg) · (X·Uu·Vu) */
const hidden = (a: Algebra, { x, gateU, gateV, upU, upV }: Inputs): Matrix =>
  a.times(a.activation('silu', chain(a, x!, gateU!, gateV!)), chain(a, x!, upU!, upV!))

export const mlpUpTransposed = (a: Algebra, inputs: Inputs): Matrix => a.transpose(hidden(a, inputs))
export const mlp = (a: Algebra, inputs: Inputs): Matrix =>
  chain(a, hidden(a, inputs), inputs.downU!, inputs.downV!)
