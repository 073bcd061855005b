/**
 * What instructions read and write in SBUF and PSUM, in bytes, as Neuron Explorer counts it: every operand of an engine's
 * instruction, and the on-chip side of every DMA. Adding to PSUM is a write; the operands of a matmul are read each time.
 */
import type { Instance, OpSpec } from '../../nki/index.ts'
import { dtypeInfo } from '../../tensor/index.ts'

export interface OnChip {
  sbufReadBytes: number
  sbufWriteBytes: number
  psumReadBytes: number
  psumWriteBytes: number
  /** Instructions that moved data from PSUM to SBUF, and what of it they wrote. */
  psumToSbufCount: number
  psumToSbufBytes: number
}

export const nothingOnChip = (): OnChip => ({
  sbufReadBytes: 0,
  sbufWriteBytes: 0,
  psumReadBytes: 0,
  psumWriteBytes: 0,
  psumToSbufCount: 0,
  psumToSbufBytes: 0,
})

/** Of one instance of an op. */
export function onChipOf({ operands }: OpSpec, { size, memory, dtype }: Instance): OnChip {
  const sum = nothingOnChip()
  for (const [role, where] of Object.entries(memory)) {
    if (where === 'hbm') continue
    const { p, f } = operands[role]!
    sum[`${where}${role === 'dst' ? 'Write' : 'Read'}Bytes`] +=
      size[p] * size[f] * dtypeInfo(dtype[role]!).bytes
  }
  if (memory.dst === 'sbuf' && sum.psumReadBytes > 0) {
    sum.psumToSbufCount = 1
    sum.psumToSbufBytes = sum.sbufWriteBytes
  }
  return sum
}

/** Adds `times` of one to a sum. */
export function addOnChip(sum: OnChip, one: OnChip, times: number): void {
  for (const key of Object.keys(sum) as (keyof OnChip)[]) sum[key] += one[key] * times
}
