/** The C++ engine behind the common interface: weights are packed from where they lie, calls go straight through. */
import { availableParallelism } from 'node:os'
import type { Tensor } from '../../tensor/index.ts'
import { type Backend, type BackendFactory, weightsOf } from '../backend.ts'
import type { Rows } from '../types.ts'
import { type AddonMatrix, loadAddon } from './addon.ts'

function matrix(tensor: Tensor): AddonMatrix {
  return {
    data: tensor.data as Rows,
    offset: tensor.offset,
    rows: tensor.shape[0]!,
    columns: tensor.shape[1]!,
    rowStride: tensor.strides[0]!,
    columnStride: tensor.strides[1]!,
  }
}

/** Linux may take some milliseconds to give threads that have just started a processor each. */
const PROBE_MS = 60

/** A peak is what the machine reaches undisturbed: the best of many short runs. */
function best(probe: () => number): number {
  let most = 0
  for (const start = performance.now(); performance.now() - start < PROBE_MS; ) most = Math.max(most, probe())
  return most
}

export const createNativeBackend: BackendFactory = ({ threads, instructionSet }): Backend => {
  const addon = loadAddon()
  const chosen = instructionSet ?? addon.instructionSets[0]!
  if (!addon.instructionSets.includes(chosen)) {
    throw new RangeError(
      `createEngine: this CPU has no instruction set ${JSON.stringify(chosen)}; it has ${addon.instructionSets.join(', ')}.`,
    )
  }
  const count = threads ?? availableParallelism()
  // For tests, whose problems are small.
  const alwaysTeam = process.env.NEURONMM_TEAM === 'always'
  const engine = new addon.Engine(chosen, count, alwaysTeam)
  return {
    info: {
      backend: 'native',
      instructionSet: chosen,
      instructionSets: addon.instructionSets,
      threads: count,
      l1Bytes: addon.l1Bytes,
      l2Bytes: addon.l2Bytes,
    },
    measurePeaks: () => ({
      float32: best(() => engine.measurePeak(false)),
      bfloat16: best(() => engine.measurePeak(true)),
      readBytes: engine.measureReadBandwidth(256 * 2 ** 20),
    }),
    pack(spec) {
      const layer = new addon.Layer(engine, {
        kind: spec.kind,
        dtype: spec.dtype,
        activation: spec.activation,
        compact: spec.packing === 'compact',
        bias: spec.kind === 'lowRankMlp' ? undefined : spec.bias,
        weights: weightsOf(spec).map(matrix),
      })
      return {
        bytes: layer.bytes,
        forward: (x, y, rows) => layer.forward(x, y, rows),
        forwardAsync: (x, y, rows) => layer.forwardAsync(x, y, rows),
        dispose: () => layer.close(),
      }
    },
    cancel: () => engine.cancel(),
    dispose: () => engine.close(),
  }
}
