/**
 * V8 compiles a kernel twice: at once and slow (a tenth of the speed), then, when it has run for a while, well. The good
 * code is used from the next call on and is shared by all threads, so this thread runs the kernels on a small problem
 * until they are fast, before the engine is handed out.
 */
import { Tensor } from '../../tensor/index.ts'
import type { LayerDtype } from '../types.ts'
import type { Machine } from './machine.ts'
import { plan } from './plan.ts'
import { packMatrix } from './weights.ts'

/** Speed-up that tells the good code from the quick one; between them lie 5 to 20. */
const SPEED_UP = 4
const LIMIT_MS = 60

export function warmUp(machine: Machine): void {
  for (const dtype of ['float32', 'bfloat16'] as const) warm(machine, dtype)
}

function warm(machine: Machine, dtype: LayerDtype): void {
  const { heap, kernels } = machine
  const rows = 2 * kernels.maxTileRows
  const matrices = [packMatrix(heap, Tensor.zeros([256, 32], 'float32'), dtype)]
  const program = { kind: 'chain', matrices, bias: undefined, activation: 'none' } as const
  const scratch = heap.allocate(64 * 1024)
  const job = plan({ program, io: 'float32', rows, threads: 1, kernels, scratch })
  const start = performance.now()
  let first = 0
  for (let call = 0; performance.now() - start < LIMIT_MS; call++) {
    const before = performance.now()
    machine.start(job, 'all')
    machine.join()
    const took = performance.now() - before
    if (call === 0) first = took
    else if (took < first / SPEED_UP && call > 20) break
  }
  for (const address of [scratch, matrices[0]!.address]) heap.free(address)
}
