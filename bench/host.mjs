/**
 * NeuronMM against its peers on the same chained product, interleaved in one run, beside the machine's peaks measured in
 * that run. Writes a table to the terminal, and results/host.json and results/host.svg; with --backend NAME,
 * results/host-NAME.
 *
 *     npm run bench:host [-- --backend wasm --shapes 2048x1280x8192 --rows 1,8,128,512 --rounds 9 --peers onnxruntime-web]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { createEngine, interleave, median } from '../dist/engine/index.js'
import { compare, randomTensor, Tensor } from '../dist/tensor/index.js'
import { barChart } from './chart.mjs'
import { loadPeers, PEERS } from './peers.mjs'

const USAGE =
  'use --shapes KxrxN,… --rows M,… --rounds N --peers NAME,… --backend auto|native|wasm|reference (all optional)'

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    console.error(`bench:host: ${error.message.split('\n')[0]} ${USAGE}`)
    process.exit(2)
  }
}

const OPTIONS = {
  shapes: { type: 'string', default: '2048x1280x8192,8192x1280x2048,4096x1024x14336' },
  rows: { type: 'string', default: '1,8,128,512' },
  rounds: { type: 'string', default: '9' },
  peers: { type: 'string', default: PEERS.join(',') },
  backend: { type: 'string', default: 'auto' },
}
const options = readOptions()
const shapes = options.shapes.split(',').map((s) => s.split('x').map(Number))
const rowCounts = options.rows.split(',').map(Number)
const rounds = Number(options.rounds)

/** Decode reads its weights from memory: as many distinct pairs as no cache holds (in float32). */
const UNCACHED_BYTES = 160e6
const DECODE_ROWS = 8

/** onnxruntime's threads spin for some milliseconds after a run, on the cores of whoever comes next. */
const REST_MS = 30

const missing = []
const peers = await loadPeers(options.peers.split(','), missing)
const engine = await createEngine({ backend: options.backend })

function factorsFor([K, r, N], count) {
  return Array.from({ length: count }, (_, i) => ({
    u: randomTensor([K, r], 'float32', { seed: 2 * i + 1, scale: 1 / Math.sqrt(K) }).data,
    v: randomTensor([r, N], 'float32', { seed: 2 * i + 2, scale: 1 / Math.sqrt(r) }).data,
  }))
}

/** This engine as a candidate: the low-rank layer in one dtype. */
function own(dtype) {
  return {
    name: `neuronmm ${dtype}`,
    dtype,
    async prepare([K, r, N], factors, x) {
      const layers = factors.map(({ u, v }) =>
        engine.lowRank({ u: Tensor.wrap(u, [K, r], 'float32'), v: Tensor.wrap(v, [r, N], 'float32'), dtype }),
      )
      const outputs = layers.map(() => new Float32Array((x.length / K) * N))
      return {
        run: () => layers.forEach((layer, i) => void layer.forward(x, outputs[i])),
        y: () => outputs[0],
        release: () => layers.forEach((layer) => void layer.dispose()),
      }
    },
  }
}

const results = []
for (const shape of shapes) {
  const [K, r, N] = shape
  for (const rows of rowCounts) {
    const decode = rows <= DECODE_ROWS
    const factors = factorsFor(shape, decode ? Math.ceil(UNCACHED_BYTES / (4 * r * (K + N))) : 1)
    const x = randomTensor([rows, K], 'float32', { seed: 99 }).data
    const peaks = engine.measurePeaks()
    const candidates = [own('float32'), own('bfloat16'), ...peers]
    const prepared = []
    for (const candidate of candidates) prepared.push(await candidate.prepare(shape, factors, x))
    const times = await interleave(
      prepared.map((p) => p.run),
      decode ? 3 * rounds : rounds,
      REST_MS,
    )
    // All on the same work: what they give must agree.
    for (const [i, p] of prepared.entries()) {
      const { relativeError } = compare(Float32Array.from(p.y()), Float32Array.from(prepared[0].y()))
      if (!(relativeError < 0.02) && (i < 2 || factors.length === 1))
        throw new Error(`${candidates[i].name} differs: ${relativeError}`)
    }
    const milliseconds = times.map((t) => median(t) / factors.length)
    for (const [i, { name, dtype = 'float32' }] of candidates.entries()) {
      const work = decode ? (dtype === 'bfloat16' ? 2 : 4) * r * (K + N) : 2 * rows * r * (K + N)
      const peak = peaks && (decode ? peaks.readBytes : peaks[dtype])
      const ofPeak = peak && (work / milliseconds[i]) * (1000 / peak)
      results.push({
        shape,
        rows,
        name,
        milliseconds: milliseconds[i],
        ofPeak,
        bound: decode ? 'memory' : 'compute',
      })
    }
    printGroup(shape, rows, results.slice(-candidates.length))
    for (const p of prepared) await p.release()
  }
}

function printGroup(shape, rows, group) {
  console.log(`K,r,N = ${shape}  M = ${rows}`)
  const best = Math.min(...group.slice(2).map((row) => row.milliseconds))
  for (const { name, milliseconds, ofPeak, bound } of group) {
    const share = ofPeak
      ? `${(100 * ofPeak).toFixed(0)} % of ${bound === 'memory' ? 'read bandwidth' : 'peak'}`
      : ''
    const against = Number.isFinite(best) ? `${(best / milliseconds).toFixed(2)}× the best peer` : ''
    console.log(
      `  ${name.padEnd(20)} ${milliseconds.toFixed(3).padStart(10)} ms  ${share.padEnd(24)} ${against}`,
    )
  }
}

const peaks = engine.measurePeaks()
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version }
for (const line of missing) console.log(`left out: ${line}`)
const folder = new URL('results/', import.meta.url)
mkdirSync(folder, { recursive: true })
const report = { machine, engine: engine.info, peaks, missing, results }
const file = options.backend === 'auto' ? 'host' : `host-${options.backend}`
writeFileSync(new URL(`${file}.json`, folder), `${JSON.stringify(report, null, 2)}\n`)
writeFileSync(new URL(`${file}.svg`, folder), barChart(results))
engine.dispose()
process.exit(0)
