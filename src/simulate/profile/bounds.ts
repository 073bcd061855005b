/** What no schedule can beat on this device: the time of its multiplications, and that of moving every byte once. */
import { dmaBandwidth, type Machine, PASSES, peakMacs } from '../../device/index.ts'
import { type Binding, dtypeOf, type HbmTensor, type Op, type Program, walk } from '../../nki/index.ts'
import { dtypeInfo } from '../../tensor/index.ts'
import type { Counts } from '../run/count.ts'

export interface Bounds {
  /** Seconds at the effective peak of the tensor engine. */
  readonly compute: number
  /** Seconds at the bandwidth of all DMA engines. */
  readonly memory: number
  /** Inputs and output, once each: only the part of them that the kernel touches. */
  readonly compulsoryBytes: number
  /** Seconds that a launch costs whatever the kernel does; part of total_time. */
  readonly launch: number
}

export function boundsOf(
  program: Program,
  binding: Binding,
  counts: Counts,
  macs: number,
  machine: Machine,
): Bounds {
  const { inputs, output } = compulsory(program, binding, counts)
  const compulsoryBytes = inputs + output
  const single = multipliesFloat32(program, binding)
  const passes = single ? PASSES.float32 : PASSES.other
  return {
    compute: ((macs * passes) / peakMacs(machine)) * 1e-6,
    memory: (compulsoryBytes / dmaBandwidth(machine)) * 1e-6,
    compulsoryBytes,
    launch: machine.launch * 1e-6,
  }
}

/** Bytes of the inputs and of the output, once each: only the part of them that the kernel touches. */
export function compulsory(
  program: Program,
  binding: Binding,
  counts: Counts,
): { readonly inputs: number; readonly output: number } {
  const sizeOf = ({ p, f, dtype }: HbmTensor): number =>
    (binding.dims[p.dim] ?? 1) * (binding.dims[f.dim] ?? 1) * dtypeInfo(dtypeOf(dtype, binding)).bytes
  const { tensors } = counts
  return {
    inputs: program.inputs.reduce(
      (sum, input) => sum + Math.min(sizeOf(input), tensors[input.name]!.hbmReadBytes),
      0,
    ),
    output: Math.min(sizeOf(program.output), tensors[program.output.name]!.hbmWriteBytes),
  }
}

/** Whether every matmul takes float32 operands. */
function multipliesFloat32(program: Program, binding: Binding): boolean {
  const matmuls = [...walk(program.body)].flatMap(([node]) =>
    node.kind === 'op' && node.spec.name === 'nc_matmul' ? [node as Op] : [],
  )
  return (
    matmuls.length > 0 && matmuls.every((op) => dtypeOf(op.operands.moving!.dtype, binding) === 'float32')
  )
}
