/** The portable engine behind the common interface: packs weights into linear memory, warms up, measures itself. */
import type { Tensor } from '../../tensor/index.ts'
import { type Backend, type BackendFactory, type FactorPair, type LayerSpec, weightsOf } from '../backend.ts'
import { Calls } from './calls.ts'
import { type PhaseKind, phaseWords } from './kernels/phase.ts'
import { PEAK_ROUND_FLOPS } from './kernels/probe.ts'
import { PANEL } from './kernels/tile.ts'
import { type Machine, startMachine } from './machine.ts'
import { type LayerProgram, type Pair, roundUp } from './plan.ts'
import { warmUp } from './warm-up.ts'
import { type PackedMatrix, packMatrix } from './weights.ts'

/** WebAssembly cannot ask the machine: what every desktop and server core of the last ten years has at least. */
const L1_BYTES = 32 * 1024
const L2_BYTES = 512 * 1024

export const createWasmBackend: BackendFactory = async ({ threads, instructionSet }): Promise<Backend> => {
  const calls = new Calls(() => machine)
  const machine: Machine = await startMachine({ threads, instructionSet, onFinished: calls.onFinished })
  warmUp(machine)
  return {
    info: {
      backend: 'wasm',
      instructionSet: machine.instructionSet,
      instructionSets: machine.instructionSets,
      threads: machine.threads,
      l1Bytes: L1_BYTES,
      l2Bytes: L2_BYTES,
    },
    measurePeaks: () => measurePeaks(machine),
    pack(spec) {
      const { program, addresses, bytes } = packLayer(machine, calls, spec)
      return {
        bytes,
        forward: (x, y, rows) => calls.run({ program, x, y, rows }),
        forwardAsync: (x, y, rows) => calls.enqueue({ program, x, y, rows }),
        dispose: () => {
          for (const address of addresses) machine.heap.free(address)
        },
      }
    },
    cancel: () => calls.cancel(new Error('The call was cancelled before it began.')),
    dispose: () => machine.dispose(),
  }
}

function packLayer(machine: Machine, calls: Calls, spec: LayerSpec) {
  const { heap } = machine
  const addresses: number[] = []
  const packed = (tensor: Tensor): PackedMatrix => {
    const matrix = packMatrix(heap, tensor, spec.dtype)
    addresses.push(matrix.address)
    return matrix
  }
  const pair = ({ u, v }: FactorPair): Pair => ({ first: packed(u), second: packed(v) })
  const biasOf = (columns: number): number | undefined => {
    if (spec.kind === 'lowRankMlp' || (!spec.bias && spec.activation === 'none')) return undefined
    const length = roundUp(columns, PANEL)
    const address = heap.allocate(4 * length)
    addresses.push(address)
    const values = heap.floats(address, length).fill(0)
    if (spec.bias) values.set(spec.bias)
    return address
  }
  const program = (): LayerProgram => {
    if (spec.kind === 'lowRankMlp') {
      const { activation } = spec
      return { kind: 'mlp', gate: pair(spec.gate), up: pair(spec.up), down: pair(spec.down), activation }
    }
    const matrices = weightsOf(spec).map(packed)
    return { kind: 'chain', matrices, bias: biasOf(matrices.at(-1)!.columns), activation: spec.activation }
  }
  try {
    const made = program()
    calls.reserve(made)
    const elements = weightsOf(spec).map((w) => w.shape[0]! * roundUp(w.shape[1]!, PANEL))
    const bytes = elements.reduce((sum, n) => sum + n * (spec.dtype === 'bfloat16' ? 2 : 4), 0)
    return { program: made, addresses, bytes }
  } catch (error) {
    for (const address of addresses) heap.free(address)
    throw error
  }
}

/** Seconds of one job of `tasks` equal tasks on all threads: the best of a few. */
function secondsOf<K extends PhaseKind>(
  machine: Machine,
  kind: K,
  variant: string,
  tasks: number,
  args: never,
): number {
  const common = { slot: machine.kernels.slots[kind][variant]!, begin: 0, end: tasks, after: 0 }
  const work = { phases: [phaseWords(kind, common, args)], total: tasks }
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 12; i++) {
    const start = performance.now()
    machine.start(work, 'all')
    machine.join()
    best = Math.min(best, (performance.now() - start) / 1e3)
  }
  return best
}

function measurePeaks(machine: Machine) {
  const tasks = 64 * machine.threads
  const rounds = 10_000
  const seconds = secondsOf(machine, 'peak', 'float32', tasks, { rounds } as never)
  const bytesPerTask = 2 ** 20
  const reads = 256
  const at = machine.heap.allocate(reads * bytesPerTask)
  machine.heap.floats(at, (reads * bytesPerTask) / 4).fill(1)
  const readSeconds = secondsOf(machine, 'read', 'bytes', reads, { at, bytesPerTask } as never)
  machine.heap.free(at)
  const float32 = (tasks * rounds * PEAK_ROUND_FLOPS) / seconds
  // Products of bfloat16 weights are float32 here.
  return { float32, bfloat16: float32, readBytes: (reads * bytesPerTask) / readSeconds }
}
