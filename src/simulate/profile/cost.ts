/** What one instruction costs: cycles of its engine (from the op table) or bytes and rows of a DMA, in µs. */
import { dmaTime, type Machine } from '../../device/index.ts'
import { type Engine, type Instance, type Op, opTable } from '../../nki/index.ts'
import { type Dtype, dtypeInfo } from '../../tensor/index.ts'

/** Bytes that a DMA moves, and µs that the DMA engines serve it, by the rows in which it does. */
export function transferOf(
  op: Op,
  { size, memory, dtype }: Instance,
  machine: Machine,
): { bytes: number; time: number } {
  const role = memory.src === 'hbm' ? 'src' : 'dst'
  const { p, f } = op.spec.operands[role]!
  const rowBytes = size[f] * dtypeInfo(dtype[role]!).bytes
  return { bytes: size[p] * rowBytes, time: dmaTime(machine, size[p], rowBytes) }
}

/** µs on a compute engine. */
export function engineTime(op: Op, instance: Instance, machine: Machine): number {
  const engine = op.engine as Exclude<Engine, 'dma'>
  const perElement = machine.elementCycles[op.spec.name]
  const cycles =
    perElement === undefined
      ? op.spec.cycles(instance, engine)
      : Math.max(machine.accessCycles, perElement * instance.size.B)
  return (cycles + fixedCycles(op, instance, machine)) / machine.clock[engine]
}

const memset = opTable.find(({ name }) => name === 'memset')!

/** µs of GpSimd to zero a tile, of so many elements per partition. */
export function zeroTime(elements: number, dtype: Dtype, machine: Machine): number {
  const size = { A: 128, B: elements, C: 1, '1': 1 }
  const instance: Instance = {
    size,
    memory: { dst: 'sbuf' },
    dtype: { dst: dtype },
    attributes: { value: 0 },
  }
  return (memset.cycles(instance, 'gpsimd') + machine.accessCycles) / machine.clock.gpsimd
}

/** Cycles beyond those of the op table: float32 matmuls are two instructions; the other engines access memory first. */
function fixedCycles(op: Op, { dtype }: Instance, machine: Machine): number {
  if (op.engine !== 'tensor') return machine.accessCycles
  return machine.matmulOverhead * (dtype.moving === 'float32' ? 2 : 1)
}

/** Floating-point operations of the tensor engine: two per multiply-accumulate; a transpose multiplies by the identity. */
export function tensorFlops(op: Op, instance: Instance): number {
  const { A, B } = instance.size
  return 2 * (op.spec.name === 'nc_transpose' ? A * A * B : (op.spec.tally(instance).macs ?? 0))
}

/**
 * What Neuron Explorer multiplies FLOPs with in its `adjusted_` metrics, to relate them to the peak of bfloat16 (profile
 * schema, adjusted_hardware_flops).
 */
export function explorerWeight({ dtype }: Instance, { name }: Machine): number {
  const operand = dtype.moving ?? dtype.data
  if (operand === 'float32') return 4
  return operand?.startsWith('float8') && name !== 'trn1' ? 0.5 : 1
}
