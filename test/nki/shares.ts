/** Tensors cut along a dimension, as ranks of tensor parallelism hold them, and put together again. */
import type { HbmTensor, Program } from '../../src/nki/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** Parts of unequal size, none of them a whole number of tiles. */
export function unevenParts(size: number, ranks: number): [start: number, stop: number][] {
  const cuts = Array.from({ length: ranks + 1 }, (_, i) =>
    Math.round((size * i * (i + ranks)) / (2 * ranks ** 2)),
  )
  return cuts.slice(1).map((stop, i) => [cuts[i]!, stop])
}

export const partOf = (tensor: Tensor, { p, f }: HbmTensor, dim: string, part: [number, number]): Tensor =>
  tensor
    .slice(p.dim === dim ? part : [0, tensor.shape[0]!], f.dim === dim ? part : [0, tensor.shape[1]!])
    .contiguous()

/** The inputs of one rank: its part of every tensor that has the dimension, all of the others. */
export const inputsOfRank = (
  program: Program,
  inputs: Readonly<Record<string, Tensor>>,
  dim: string,
  part: [number, number],
): Record<string, Tensor> =>
  Object.fromEntries(program.inputs.map((t) => [t.name, partOf(inputs[t.name]!, t, dim, part)]))

/** What the framework does with the outputs of all ranks: an all-gather where the dimension is in them, or an all-reduce. */
export function combined({ output }: Program, dim: string, outputs: readonly Tensor[]): Tensor {
  const { dtype } = outputs[0]!
  if (output.p.dim !== dim && output.f.dim !== dim) {
    const sum = Float64Array.from(outputs[0]!.toFloat32())
    for (const t of outputs.slice(1)) for (const [i, x] of t.toFloat32().entries()) sum[i]! += x
    return Tensor.from(sum, outputs[0]!.shape, dtype)
  }
  const axis = output.p.dim === dim ? 0 : 1
  const shape = [...outputs[0]!.shape] as [number, number]
  shape[axis] = outputs.reduce((size, t) => size + t.shape[axis]!, 0)
  const whole = Tensor.zeros(shape, dtype)
  let start = 0
  for (const t of outputs) {
    for (let i = 0; i < t.shape[0]!; i++)
      for (let j = 0; j < t.shape[1]!; j++)
        whole.set(t.get(i, j), axis === 0 ? start + i : i, axis === 1 ? start + j : j)
    start += t.shape[axis]!
  }
  return whole
}
