/** Trainium1 and Inferentia2: NeuronCore-v2. */
import type { Device } from './device.ts'
import { quantity, SOURCES } from './quantity.ts'

const { architecture, hardware, isa, dmaGuide, allocation, explorer } = SOURCES

export const trn1: Device = {
  name: 'trn1',
  core: 'NeuronCore-v2',
  dmaRowOverlap: 'hidden',
  documented: {
    tensorClock: quantity(2.8, 'GHz', architecture),
    vectorClock: quantity(1.12, 'GHz', architecture),
    scalarClock: quantity(1.4, 'GHz', architecture),
    gpsimdClock: quantity(1.4, 'GHz', architecture),
    profilerClock: quantity(1.4, 'GHz', explorer),
    arraySide: quantity(128, 'rows and columns', architecture),
    accessCycles: quantity(64, 'cycles', `${isa}; ${architecture} (about 60)`),
    sbufBytesPerPartition: quantity(192 * 1024, 'bytes', architecture),
    sbufUsablePerPartition: quantity(176 * 1024, 'bytes', `${allocation}: 16 KiB are the compiler's`),
    psumBanks: quantity(8, 'banks', architecture),
    psumBankBytes: quantity(2048, 'bytes per partition', architecture),
    dmaEngines: quantity(16, 'engines per core', architecture),
    dmaEngineBandwidth: quantity(17, 'GB/s', `${dmaGuide}: practical, of 27.2 in theory`),
    dmaStartLatency: quantity(0.9, 'µs', `${dmaGuide}: 0.75 to 1.0 in its traces`),
    dmaEndLatency: quantity(0.3, 'µs', `${dmaGuide}: traces`),
    dmaIssue: quantity(0.05, 'µs', `${architecture}: descriptors are prepared beforehand; about 64 cycles`),
    hbmBandwidth: quantity(410, 'GB/s', `${hardware}: 820 GB/s for two cores`),
    hbmStackBandwidth: quantity(410, 'GB/s', `${hardware}: two stacks`),
  },
  calibrated: {
    tensorClock: quantity(
      2.4,
      'GHz',
      'tutorial, fully optimised; fused seed at M = 32768: every large matmul published on Trn1 agrees',
    ),
    semaphore: quantity(0.1, 'µs', 'taken from Trn2 (single PSUM bank)'),
    reciprocalCycles: quantity(
      2.6,
      'cycles per element',
      'NKIBench silu: busy time of Vector; notes of the KDA project on trn2 agree',
    ),
    dmaRowTime: quantity(
      0.098,
      'µs',
      'rows of 256 B and 1 KiB: tutorial, tiled; rows of 256 B: NKIBench bmm',
    ),
    bufferingDegree: quantity(4, 'copies', 'kernels whose blocks are single tiles'),
    passingTiles: quantity(8, 'tiles', 'XW and XUV of the seed at M = 32768'),
  },
  unvalidated: null,
}
