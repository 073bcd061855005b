/**
 * Numbers of a machine, each with its unit and its source. What the vendor documents and what was calibrated on
 * published measurements are kept apart, so that a report can say which of the two a result rests on.
 */

export interface Quantity {
  readonly value: number
  readonly unit: string
  /** Document, or the measurements that it was fitted to. */
  readonly source: string
}

export const quantity = (value: number, unit: string, source: string): Quantity => ({ value, unit, source })

/** Documents, by the keys that the device tables use. */
export const SOURCES = {
  architecture: 'AWS Neuron SDK, nki/guides/architecture: Trainium/Inferentia2, Trainium2, Trainium3 guides',
  hardware: 'AWS Neuron SDK, about-neuron/arch/neuron-hardware',
  isa: 'NKI 2.26.1 nki.isa reference: cost of each instruction',
  dmaGuide: 'AWS Neuron SDK, nki/deep-dives: DMA bandwidth guide',
  dge: 'AWS Neuron SDK, nki/deep-dives: descriptor generation engine',
  allocation: 'NKI 2.26.1 direct allocation guide',
  explorer: 'AWS Neuron SDK, tools/neuron-explorer',
} as const
