/** What one NeuronCore is, as data: a table per generation (trn1.ts, trn2.ts, trn3.ts), read by the profiler only. */
import type { Quantity } from './quantity.ts'

export type DeviceName = 'trn1' | 'trn2' | 'trn3'

/** Stated by the vendor. */
export interface Documented {
  readonly tensorClock: Quantity
  readonly vectorClock: Quantity
  readonly scalarClock: Quantity
  readonly gpsimdClock: Quantity
  /** Clock in which `neuroncore_cycle_count` counts. */
  readonly profilerClock: Quantity
  /** Rows and columns of the tensor engine. */
  readonly arraySide: Quantity
  /** Shortest instruction of every engine, and its fixed access to SBUF or PSUM. */
  readonly accessCycles: Quantity
  readonly sbufBytesPerPartition: Quantity
  /** What the compiler leaves to a kernel. */
  readonly sbufUsablePerPartition: Quantity
  readonly psumBanks: Quantity
  readonly psumBankBytes: Quantity
  readonly dmaEngines: Quantity
  /** What one DMA engine sustains on long rows. */
  readonly dmaEngineBandwidth: Quantity
  /** From the issue of a DMA to its first byte, and from its last byte to the consumer. */
  readonly dmaStartLatency: Quantity
  readonly dmaEndLatency: Quantity
  /** How long a ring is busy with issuing one DMA. */
  readonly dmaIssue: Quantity
  /** Fixed time of one row (one descriptor) inside a DMA engine, if it is published. */
  readonly dmaRowTime?: Quantity
  /** HBM of the chip, shared by its cores, for one core. */
  readonly hbmBandwidth: Quantity
  /** What `mbu_estimated_percent` is relative to: one HBM stack. */
  readonly hbmStackBandwidth: Quantity
  /** Tensor engine warm-up: with less than `utilisation` in a window it runs the next one at half speed. */
  readonly throttleWindow?: Quantity
  readonly throttleUtilisation?: Quantity
}

/** Fitted to published measurements; docs/calibration.md shows how well. Overrides what is documented, where both are. */
export interface Calibrated {
  /** The clock that large matmuls really see. */
  readonly tensorClock?: Quantity
  /** Cycles between two matmuls beyond their own. */
  readonly matmulOverhead?: Quantity
  readonly semaphore?: Quantity
  /** Cycles of one element of `reciprocal`; nki.isa says 8. */
  readonly reciprocalCycles?: Quantity
  readonly dmaRowTime?: Quantity
  readonly launch?: Quantity
  /** Most copies of a loop's buffer that the compiler rotates. */
  readonly bufferingDegree?: Quantity
  /** On-chip tiles through which a buffer passes that does not fit. */
  readonly passingTiles?: Quantity
}

export interface Device {
  readonly name: DeviceName
  /** `NeuronCore-v2` */
  readonly core: string
  /** How the fixed time of one row combines with the time of its bytes: hidden behind them, or added to them. */
  readonly dmaRowOverlap: 'hidden' | 'none'
  readonly documented: Documented
  readonly calibrated: Calibrated
  /** What nobody has been able to check against a measurement, in one sentence; null when there are published ones. */
  readonly unvalidated: string | null
}

/** Multiply-accumulate rate by bytes of an element: float32 takes four passes (nki.isa, nc_matmul). */
export const PASSES = { float32: 4, other: 1 } as const
