/** Trainium2: NeuronCore-v3. One physical core (logical core configuration 1). */
import type { Device } from './device.ts'
import { quantity, SOURCES } from './quantity.ts'

const { architecture, hardware, isa, dmaGuide, dge, explorer } = SOURCES

export const trn2: Device = {
  name: 'trn2',
  core: 'NeuronCore-v3',
  dmaRowOverlap: 'none',
  documented: {
    tensorClock: quantity(2.4, 'GHz', architecture),
    vectorClock: quantity(0.96, 'GHz', architecture),
    scalarClock: quantity(1.2, 'GHz', architecture),
    gpsimdClock: quantity(1.2, 'GHz', architecture),
    profilerClock: quantity(1.2, 'GHz', explorer),
    arraySide: quantity(128, 'rows and columns', architecture),
    accessCycles: quantity(64, 'cycles', `${isa}; ${architecture} (about 60)`),
    sbufBytesPerPartition: quantity(224 * 1024, 'bytes', architecture),
    sbufUsablePerPartition: quantity(208 * 1024, 'bytes', 'notes of the KDA project on trn2'),
    psumBanks: quantity(8, 'banks', architecture),
    psumBankBytes: quantity(2048, 'bytes per partition', architecture),
    dmaEngines: quantity(16, 'engines per core', architecture),
    dmaEngineBandwidth: quantity(23, 'GB/s', `${dmaGuide}: practical, of 27.2 in theory`),
    dmaStartLatency: quantity(0.4, 'µs', `${dmaGuide}: 0.75 to 1.0 in its traces, of which 0.6 is the issue`),
    dmaEndLatency: quantity(0.3, 'µs', `${dmaGuide}: traces`),
    dmaIssue: quantity(0.6, 'µs', `${dge}: hardware descriptor generation, per DMA and ring`),
    dmaRowTime: quantity(0.0057, 'µs', `packet times of the matmul tutorial's profiles on Trn2`),
    hbmBandwidth: quantity(362, 'GB/s', `${hardware}: 2.9 TB/s for eight cores`),
    hbmStackBandwidth: quantity(716.8, 'GB/s', `${explorer}: from the MBU of the matmul tutorial`),
    throttleWindow: quantity(3, 'µs', `${explorer}: overview summary page`),
    throttleUtilisation: quantity(0.5, 'of the window', `${explorer}: overview summary page`),
  },
  calibrated: {
    matmulOverhead: quantity(
      8,
      'cycles',
      'busy time of Tensor: tutorial, hoisted loads; worked example 4096³, V2',
    ),
    semaphore: quantity(0.1, 'µs', 'nki-autotune 2048³ with one and with two PSUM banks'),
    reciprocalCycles: quantity(
      2.6,
      'cycles per element',
      'notes of the KDA project on trn2; NKIBench silu on Trn1 agrees',
    ),
    launch: quantity(40, 'µs', 'nki-autotune scoreboard at 512 and 1024, timed from the host'),
    bufferingDegree: quantity(4, 'copies', 'kernels whose blocks are single tiles'),
    passingTiles: quantity(8, 'tiles', 'taken from Trn1'),
  },
  unvalidated: null,
}
