/**
 * A launch on several cores (LNC2): each runs the kernel on its share of one dimension. What a launch computes is the
 * parts side by side, and what it moves is the sum.
 */
import {
  type Binding,
  dimsOfShare,
  type HbmTensor,
  type Program,
  type Reading,
  type Share,
  type Split,
  sharesOf,
} from '../../nki/index.ts'
import { Tensor } from '../../tensor/index.ts'
import { type Counts, count } from './count.ts'
import { bindTensors, type RunOptions, run } from './run.ts'

/** As `run`, with every core on the slice of the tensors that is its share. @throws ArgumentError, KernelError */
export function runLaunch(
  program: Program,
  inputs: Readonly<Record<string, Tensor>>,
  split: Split,
  options: RunOptions = {},
): Tensor {
  const { dims } = bindTensors(program, inputs)
  const { output } = program
  const parts = sharesOf(dims, split).map((share) => {
    const own = program.inputs.map((t) => [t.name, slice(inputs[t.name]!, t, split, share)] as const)
    return { share, part: run(program, Object.fromEntries(own), options) }
  })
  const whole = Tensor.zeros([dims[output.p.dim] ?? 1, dims[output.f.dim] ?? 1], parts[0]!.part.dtype)
  for (const { share, part } of parts) copyInto(slice(whole, output, split, share), part)
  return whole
}

/** Row by row; both are matrices of one dtype, and neither is transposed. */
function copyInto({ data, offset, strides }: Tensor, part: Tensor): void {
  const [rows, cols] = part.shape as [number, number]
  for (let i = 0; i < rows; i++)
    (data as Float32Array).set(
      (part.data as Float32Array).subarray(i * cols, (i + 1) * cols),
      offset + i * strides[0]!,
    )
}

/** The part of a tensor along the dimension that is shared: a view. */
function slice(tensor: Tensor, { p, f }: HbmTensor, { dim }: Split, { start, size }: Share): Tensor {
  const range = (axis: 0 | 1, own: string): [number, number] =>
    own === dim ? [start, start + size] : [0, tensor.shape[axis]!]
  return tensor.slice(range(0, p.dim), range(1, f.dim))
}

/** What each core is bound to. */
export const bindingsOf = (binding: Binding, split: Split): Binding[] =>
  sharesOf(binding.dims, split).map((share) => ({
    ...binding,
    dims: dimsOfShare(binding.dims, split, share),
  }))

/** What all cores do together; SBUF and PSUM are those of the core that takes most. */
export function countLaunch(program: Program, binding: Binding, split: Split, reading?: Reading): Counts {
  return bindingsOf(binding, split)
    .map((own) => count(program, own, reading))
    .reduce(addCounts)
}

function addCounts(a: Counts, b: Counts): Counts {
  const sum = { ...a }
  for (const key of Object.keys(a) as (keyof Counts)[]) {
    if (key === 'tensors')
      sum.tensors = Object.fromEntries(
        Object.entries(a.tensors).map(([name, t]) => [
          name,
          {
            hbmReadBytes: t.hbmReadBytes + b.tensors[name]!.hbmReadBytes,
            hbmWriteBytes: t.hbmWriteBytes + b.tensors[name]!.hbmWriteBytes,
          },
        ]),
      )
    else sum[key] = key.endsWith('PeakBytesPerPartition') ? Math.max(a[key], b[key]) : a[key] + b[key]
  }
  return sum
}
