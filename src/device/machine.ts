/** A device as the profiler uses it: one number per property, calibrated where there is one, in µs and bytes per µs. */
import type { Calibrated, Device, DeviceName } from './device.ts'

export interface Machine {
  readonly name: DeviceName
  /** Cycles per µs. */
  readonly clock: Readonly<Record<'tensor' | 'vector' | 'scalar' | 'gpsimd' | 'profiler', number>>
  /** Nominal clock of the tensor engine, to which utilisation is relative. */
  readonly nominalTensorClock: number
  readonly arraySide: number
  readonly matmulOverhead: number
  readonly accessCycles: number
  readonly semaphore: number
  /** Cycles per element of instructions for which the op table is not the last word. */
  readonly elementCycles: Readonly<Record<string, number>>
  readonly launch: number
  readonly dma: {
    readonly engines: number
    readonly engineBandwidth: number
    readonly issue: number
    readonly start: number
    readonly end: number
    readonly rowTime: number
    readonly rowOverlap: 'hidden' | 'none'
  }
  /** Bytes per partition. */
  readonly sbuf: number
  readonly psumBanks: number
  readonly hbmBandwidth: number
  readonly hbmStackBandwidth: number
  readonly maxDegree: number
  readonly passingTiles: number
  readonly throttle: { readonly window: number; readonly utilisation: number } | null
}

/** Where nothing was calibrated. */
const FALLBACK = { semaphore: 0.1, bufferingDegree: 4, passingTiles: 8 }

export function machineOf({ name, dmaRowOverlap, documented: d, calibrated: c }: Device): Machine {
  const perMicrosecond = 1000 // GHz and GB/s
  return {
    name,
    clock: {
      tensor: (c.tensorClock ?? d.tensorClock).value * perMicrosecond,
      vector: d.vectorClock.value * perMicrosecond,
      scalar: d.scalarClock.value * perMicrosecond,
      gpsimd: d.gpsimdClock.value * perMicrosecond,
      profiler: d.profilerClock.value * perMicrosecond,
    },
    nominalTensorClock: d.tensorClock.value * perMicrosecond,
    arraySide: d.arraySide.value,
    matmulOverhead: c.matmulOverhead?.value ?? 0,
    accessCycles: d.accessCycles.value,
    semaphore: c.semaphore?.value ?? FALLBACK.semaphore,
    elementCycles: c.reciprocalCycles ? { reciprocal: c.reciprocalCycles.value } : {},
    launch: c.launch?.value ?? 0,
    dma: {
      engines: d.dmaEngines.value,
      engineBandwidth: d.dmaEngineBandwidth.value * perMicrosecond,
      issue: d.dmaIssue.value,
      start: d.dmaStartLatency.value,
      end: d.dmaEndLatency.value,
      rowTime: (c.dmaRowTime ?? d.dmaRowTime)?.value ?? 0,
      rowOverlap: dmaRowOverlap,
    },
    sbuf: d.sbufUsablePerPartition.value,
    psumBanks: d.psumBanks.value,
    hbmBandwidth: d.hbmBandwidth.value * perMicrosecond,
    hbmStackBandwidth: d.hbmStackBandwidth.value * perMicrosecond,
    maxDegree: c.bufferingDegree?.value ?? FALLBACK.bufferingDegree,
    passingTiles: c.passingTiles?.value ?? FALLBACK.passingTiles,
    throttle:
      d.throttleWindow && d.throttleUtilisation
        ? { window: d.throttleWindow.value, utilisation: d.throttleUtilisation.value }
        : null,
  }
}

/** How each calibrated number enters the machine. */
const SETTERS: {
  readonly [Name in keyof Required<Calibrated>]: (machine: Machine, value: number) => Partial<Machine>
} = {
  tensorClock: ({ clock }, value) => ({ clock: { ...clock, tensor: value * 1000 } }),
  dmaRowTime: ({ dma }, value) => ({ dma: { ...dma, rowTime: value } }),
  reciprocalCycles: ({ elementCycles }, value) => ({
    elementCycles: { ...elementCycles, reciprocal: value },
  }),
  matmulOverhead: (_, value) => ({ matmulOverhead: value }),
  semaphore: (_, value) => ({ semaphore: value }),
  launch: (_, value) => ({ launch: value }),
  bufferingDegree: (_, value) => ({ maxDegree: value }),
  passingTiles: (_, value) => ({ passingTiles: value }),
}

/** Numbers that are counts. */
const COUNTS: ReadonlySet<keyof Calibrated> = new Set(['bufferingDegree', 'passingTiles'])

export const isCount = (name: keyof Calibrated): boolean => COUNTS.has(name)

/** What a calibrated number is compared with: a tenth less and more, half and twice of a count. */
export const neighbours = (name: keyof Calibrated, value: number): [lower: number, higher: number] =>
  isCount(name) ? [value / 2, value * 2] : [value * 0.9, value * 1.1]

/** The machine with another value of a calibrated number, in the unit of the device table. */
export const withCalibrated = (machine: Machine, name: keyof Calibrated, value: number): Machine => ({
  ...machine,
  ...SETTERS[name](machine, value),
})

/** Bytes per µs of all DMA engines of a core on long rows. */
export const dmaBandwidth = ({ dma }: Machine): number => dma.engines * dma.engineBandwidth

/** Multiply-accumulates per µs at full rate, of dtypes that need one pass. */
export const peakMacs = (machine: Machine, clock = machine.clock.tensor): number =>
  machine.arraySide * machine.arraySide * clock

/**
 * µs that the engines serve one DMA: rows are dealt out to the engines, and each costs its bytes and a fixed time. On
 * Trn1 an engine takes so long to begin the next row, whatever its length, which long rows hide; on Trn2 the time of a row
 * is small and adds up. (The DMA guide's chart for Trn2 has the shape of the former.)
 */
export function dmaTime({ dma }: Machine, rows: number, rowBytes: number): number {
  const transfer = rowBytes / dma.engineBandwidth
  const row = dma.rowOverlap === 'hidden' ? Math.max(dma.rowTime, transfer) : dma.rowTime + transfer
  return Math.ceil(rows / dma.engines) * row
}
