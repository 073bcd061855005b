/** Trainium3: NeuronCore-v4. No kernel time has been published: what is here is documented or carried over from Trn2. */
import type { Device } from './device.ts'
import { quantity, SOURCES } from './quantity.ts'
import { trn2 } from './trn2.ts'

const { architecture, hardware, dmaGuide } = SOURCES
const FROM_TRN2 = 'Trn2; not published for Trn3'

export const trn3: Device = {
  name: 'trn3',
  core: 'NeuronCore-v4',
  dmaRowOverlap: 'none',
  documented: {
    ...trn2.documented,
    tensorClock: quantity(2.4, 'GHz', architecture),
    vectorClock: quantity(1.2, 'GHz', architecture),
    scalarClock: quantity(1.2, 'GHz', architecture),
    gpsimdClock: quantity(1.2, 'GHz', architecture),
    profilerClock: quantity(1.2, 'GHz', FROM_TRN2),
    sbufBytesPerPartition: quantity(256 * 1024, 'bytes', architecture),
    sbufUsablePerPartition: quantity(
      240 * 1024,
      'bytes',
      `${architecture}, less the 16 KiB kept on Trn1 and Trn2`,
    ),
    dmaEngineBandwidth: quantity(33, 'GB/s', `${dmaGuide}: practical, of 38.4 in theory`),
    dmaStartLatency: quantity(0.4, 'µs', FROM_TRN2),
    dmaEndLatency: quantity(0.3, 'µs', FROM_TRN2),
    dmaRowTime: quantity(0.0057, 'µs', FROM_TRN2),
    hbmBandwidth: quantity(588, 'GB/s', `${hardware}: 4.7 TB/s for eight cores`),
    hbmStackBandwidth: quantity(1175, 'GB/s', `${hardware}: 4.7 TB/s for four stacks`),
  },
  calibrated: Object.fromEntries(
    Object.entries(trn2.calibrated).map(([name, { value, unit }]) => [
      name,
      quantity(value, unit, FROM_TRN2),
    ]),
  ),
  unvalidated:
    'No kernel time has been published for Trn3: these figures follow from its documentation and are not validated.',
}
