/** `neuronmm bench --target host`: the engine on this machine, measured, beside the bound that it was measured to have. */
import { cpus } from 'node:os'
import { benchHost, HOST_WORKLOAD, type HostBench } from '../../engine/index.ts'
import { ArgumentError, type Dims } from '../../nki/index.ts'
import { workloadOf } from '../arguments.ts'
import { printJson, table } from '../output.ts'
import { withProgress } from '../progress.ts'

export async function benchOnHost(shape: Dims | undefined, json: boolean | undefined): Promise<void> {
  const usual = HOST_WORKLOAD
  const { dims, rows } = workloadOf(shape, {
    dims: { K: usual.shape[0], r: usual.shape[1], N: usual.shape[2] },
    rows: usual.rows,
  })
  const [K, r, N] = [dims.K!, dims.r!, dims.N!]
  const bytes = 4 * r * (K + N)
  if (bytes > LARGEST_BYTES)
    throw new ArgumentError(
      `shape: the factors take ${(bytes / 2 ** 30).toFixed(1)} GiB in float32, the limit here is ${LARGEST_BYTES / 2 ** 30}; give smaller K, r or N`,
    )
  const result = await withProgress('bench', (onProgress, signal) =>
    benchHost({ shape: [K, r, N], rows, onProgress, signal }),
  )
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`
  if (json) printJson({ target: 'host', machine, ...result })
  else show(machine, result)
}

/** Distinct pairs of factors in both dtypes, fused and unfused, must fit into memory. */
const LARGEST_BYTES = 2 * 2 ** 30

function show(machine: string, { info, shape, peaks, rows }: HostBench): void {
  const [K, r, N] = shape
  console.log(`Y = X·U·V measured on this machine, K=${K} r=${r} N=${N}`)
  console.log(`${machine}; ${info.backend} (${info.instructionSet}), ${info.threads} threads`)
  for (const note of info.notes) console.log(note)
  if (peaks)
    console.log(
      `Peaks measured now: float32 ${giga(peaks.float32)} GFLOP/s, bfloat16 ${giga(peaks.bfloat16)} GFLOP/s, read ${giga(peaks.readBytes)} GB/s`,
    )
  console.log()
  console.log(
    table(
      ['M', 'dtype', 'ms', 'rate', 'bound by', 'of bound', 'unfused ms', 'unfused / fused'],
      rows.map((row) => [
        row.rows,
        row.dtype,
        row.milliseconds.toFixed(3),
        `${giga(row.rate)} ${row.bound === 'memory' ? 'GB/s' : 'GFLOP/s'}`,
        row.bound === 'memory' ? 'reading weights' : 'multiply-adds',
        row.ofPeak === undefined ? '–' : `${(100 * row.ofPeak).toFixed(0)} %`,
        row.unfusedMilliseconds.toFixed(3),
        `${(row.unfusedMilliseconds / row.milliseconds).toFixed(2)}×`,
      ]),
    ),
  )
  console.log('\nBeside its peers: npm run bench:host (docs/engine.md)')
}

const giga = (value: number): string => (value / 1e9).toFixed(0)
