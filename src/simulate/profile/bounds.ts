/** What no schedule can beat on this device: the time of its multiplications, and that of moving every byte once. */
import { dmaBandwidth, type Machine, PASSES, peakMacs } from '../../device/index.ts'
import { type Binding, dtypeOf, type Op, type Program, walk } from '../../nki/index.ts'
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
  let compulsoryBytes = 0
  for (const { name, p, f, dtype } of [...program.inputs, program.output]) {
    const size =
      (binding.dims[p.dim] ?? 1) * (binding.dims[f.dim] ?? 1) * dtypeInfo(dtypeOf(dtype, binding)).bytes
    const { hbmReadBytes, hbmWriteBytes } = counts.tensors[name]!
    compulsoryBytes += Math.min(size, name === program.output.name ? hbmWriteBytes : hbmReadBytes)
  }
  const single = multipliesFloat32(program, binding)
  const passes = single ? PASSES.float32 : PASSES.other
  return {
    compute: ((macs * passes) / peakMacs(machine)) * 1e-6,
    memory: (compulsoryBytes / dmaBandwidth(machine)) * 1e-6,
    compulsoryBytes,
    launch: machine.launch * 1e-6,
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
