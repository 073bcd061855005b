/**
 * NeuronMM against its peers on the same products, interleaved in one run, each candidate in a process of its own, beside
 * the machine's peaks measured in that run. Writes a table to the terminal, and results/NAME.json and results/NAME.svg.
 *
 *     npm run bench:host [-- --backend wasm --peers onnxruntime-web --shapes 2048x1280x8192 --rows 1,8,128 --products chain --rounds 9]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { table } from '../dist/cli/output.js'
import { interleave, median } from '../dist/engine/index.js'
import { compare, randomTensor } from '../dist/tensor/index.js'
import { barChart } from './chart.mjs'
import { own, PEERS, peers, start } from './peers.mjs'
import { DECODE_ROWS, PRODUCTS, readMatrix, writeWork } from './work.mjs'

const USAGE = `use --shapes KxrxN[@M],… --rows M,… --products ${Object.keys(PRODUCTS).join(',')} --peers ${PEERS.join(',')} \
--backend auto|native|wasm|reference --rounds N --output NAME --node PROGRAM --python PROGRAM (all optional)`

const OPTIONS = {
  shapes: { type: 'string', default: '2048x1280x8192,8192x1280x2048,4096x1024x14336,8192x4096x16384@1024' },
  rows: { type: 'string', default: '1,8,128,512,2048' },
  products: { type: 'string', default: 'chain' },
  rounds: { type: 'string', default: '9' },
  peers: { type: 'string', default: PEERS.join(',') },
  backend: { type: 'string', default: 'auto' },
  output: { type: 'string', default: 'host' },
  node: { type: 'string', default: process.execPath },
  python: { type: 'string', default: 'python3' },
}

/** onnxruntime's threads spin for some milliseconds after a run, on the cores of whoever comes next. */
const REST_MS = 30

/** Largest relative error against this project's float32 result, by what the operands are rounded to. */
const AGREEMENT = { float32: 1e-4, bfloat16: 2e-2 }

function refuse(message) {
  console.error(`bench:host: ${message.split('\n')[0]} ${USAGE}`)
  process.exit(2)
}

function readOptions() {
  try {
    const { shapes, rows, rounds, products, peers, ...rest } = parseArgs({ options: OPTIONS }).values
    const whole = (text, what) =>
      /^[1-9]\d{0,6}$/.test(text) ? Number(text) : refuse(`${what} ${text} is not a positive whole number;`)
    const known = (names, all, what) =>
      names
        .split(',')
        .filter(Boolean)
        .map((name) => (all.includes(name) ? name : refuse(`there is no ${what} ${name};`)))
    return {
      ...rest,
      cases: shapes.split(',').flatMap((text) => {
        const [, sizes, at] = /^([^@]+)(?:@(.+))?$/.exec(text) ?? refuse(`shape ${text} is not KxrxN;`)
        const shape = sizes.split('x').map((size) => whole(size, 'size'))
        if (shape.length !== 3) refuse(`shape ${text} is not KxrxN;`)
        return (at ?? rows).split(',').map((count) => ({ shape, rows: whole(count, 'M') }))
      }),
      rounds: whole(rounds, 'rounds'),
      products: known(products, Object.keys(PRODUCTS), 'product'),
      peers: known(peers, PEERS, 'peer'),
    }
  } catch (error) {
    return refuse(error.message)
  }
}

const options = readOptions()
const stopped = new AbortController()
const started = []
const missing = []
process.once('SIGINT', () => stopped.abort(new Error('stopped')))

/** The candidates that start; the others' reasons go to `missing`. */
async function startAll() {
  for (const candidate of [
    ...own(options.backend, options.node),
    ...peers(options.peers, options.node, options.python),
  ]) {
    try {
      started.push({ ...candidate, ...(await start(candidate)) })
    } catch (error) {
      if (!candidate.isPeer) throw error
      missing.push(`${candidate.label}: ${error.message}`)
    }
  }
}

/** Those of the started that can do the work, ready to run, with what preparing one chain took and takes. */
async function prepareAll(work) {
  const ready = []
  for (const candidate of started) {
    if (work.product === 'dense' && candidate.fused === false) continue
    try {
      const { milliseconds, bytes } = await candidate.ask({ do: 'prepare', work })
      ready.push({ ...candidate, preparing: milliseconds, bytes })
    } catch (error) {
      if (!candidate.isPeer) throw error
      missing.push(`${candidate.label}, ${work.product} ${work.chains[0][0].shape}: ${error.message}`)
    }
  }
  return ready
}

async function measure(product, shape, rows) {
  const random = (dims, seed, scale) => randomTensor(dims, 'float32', { seed, scale }).data
  const { work, weights, macs, resultFile, remove } = writeWork(product, shape, rows, random)
  try {
    const ready = await prepareAll(work)
    const decode = rows <= DECODE_ROWS
    const probes = []
    const times = await interleave([...ready.map(runOf), () => probe(probes)], {
      rounds: decode ? 3 * options.rounds : options.rounds,
      rest: REST_MS,
      signal: stopped.signal,
    })
    await checkAgreement(ready, resultFile)
    for (const { ask } of ready) await ask({ do: 'release' })

    const peaks = mediansOf(probes)
    const group = ready.map(
      ({ label, name, dtype, fused, packing, isPeer, isDefault, preparing, bytes }, i) => {
        const milliseconds = median(times[i]) / work.chains.length
        const amount = decode ? (bytes ?? (dtype === 'bfloat16' ? 2 : 4) * weights) : 2 * macs
        const peak = peaks?.[decode ? 'readBytes' : dtype]
        return {
          ...{ label, name, dtype, fused, packing, isPeer, isDefault, milliseconds },
          fastest: Math.min(...times[i]) / work.chains.length,
          ofPeak: peak && (amount / milliseconds) * (1000 / peak),
          packingPasses: isPeer ? undefined : preparing / milliseconds,
        }
      },
    )
    return { product, shape, rows, bound: decode ? 'memory' : 'compute', peaks, candidates: group }
  } finally {
    remove()
  }
}

const runOf =
  ({ ask }) =>
  async () =>
    (await ask({ do: 'run' })).milliseconds

/** The machine's peaks, a candidate like any other, so that they see the same machine. */
async function probe(probes) {
  probes.push((await started[0].ask({ do: 'peaks' })).peaks)
  return 0
}

/** undefined where the backend has no probes. */
function mediansOf(probes) {
  if (!probes[0]) return undefined
  return Object.fromEntries(Object.keys(probes[0]).map((key) => [key, median(probes.map((p) => p[key]))]))
}

/** All did the same work: what they give must agree. */
async function checkAgreement(ready, resultFile) {
  const read = async ({ ask, label }) => {
    const file = resultFile(label)
    await ask({ do: 'result', file })
    return readMatrix({ file }).values
  }
  const expected = await read(ready[0])
  for (const candidate of ready) {
    const { relativeError } = compare(await read(candidate), expected)
    if (!(relativeError < AGREEMENT[candidate.dtype]))
      throw new Error(`${candidate.label} differs from ${ready[0].label}: relative error ${relativeError}`)
  }
}

const giga = (value) => (value / 1e9).toFixed(0)
const times = (ratio) => (Number.isFinite(ratio) ? `${ratio.toFixed(2)}×` : '–')

function show({ product, shape, rows, bound, peaks, candidates }) {
  const best = Math.min(
    ...candidates.filter((c) => c.isPeer && c.dtype === 'float32').map((c) => c.milliseconds),
  )
  const head = [
    `${product} ${shape.join('×')}, M = ${rows}`,
    'ms',
    bound === 'memory' ? 'of read bandwidth' : 'of peak',
    'best float32 peer / this',
    'unfused / fused',
    'packing, passes',
  ]
  const lines = candidates.map((c) => {
    const unfused =
      c.fused && candidates.find((o) => o.fused === false && o.dtype === c.dtype && o.packing === c.packing)
    return [
      c.label,
      c.milliseconds.toFixed(3),
      c.ofPeak ? `${(100 * c.ofPeak).toFixed(0)} %` : '–',
      times(best / c.milliseconds),
      times(unfused && unfused.milliseconds / c.milliseconds),
      c.packingPasses && c.fused ? c.packingPasses.toFixed(1) : '–',
    ]
  })
  console.log(table(head, lines))
  if (peaks)
    console.log(
      `peaks: float32 ${giga(peaks.float32)} GFLOP/s, bfloat16 ${giga(peaks.bfloat16)} GFLOP/s, read ${giga(peaks.readBytes)} GB/s\n`,
    )
}

const groups = []
/** After every group, so that what has been measured is kept whatever comes. */
function save(info) {
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: info.node }
  const report = { machine, engine: info.engine, rounds: options.rounds, missing, groups }
  writeFileSync(new URL(`${options.output}.json`, folder), `${JSON.stringify(report, null, 1)}\n`)
  writeFileSync(new URL(`${options.output}.svg`, folder), barChart(groups))
}

try {
  await startAll()
  const { info, node } = await started[0].ask({ do: 'describe' })
  const plan = options.products.flatMap((product) => options.cases.map((work) => ({ product, ...work })))
  for (const [i, { product, shape, rows }] of plan.entries()) {
    console.error(`${i + 1} of ${plan.length}: ${product} ${shape.join('×')}, M = ${rows}`)
    const group = await measure(product, shape, rows)
    groups.push(group)
    show(group)
    save({ engine: info, node })
  }
} catch (error) {
  console.error(`bench:host: ${stopped.signal.aborted ? 'stopped' : error.message}`)
  process.exitCode = stopped.signal.aborted ? 130 : 1
}
for (const line of missing) console.log(`left out: ${line}`)
for (const { stop } of started) stop()
