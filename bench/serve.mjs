/**
 * One candidate of the benchmark in a process of its own, so that its threads, allocator and environment disturb no other:
 *
 *     node serve.mjs CANDIDATE '{"option": …}'
 *
 * reads requests as lines of JSON and answers each with one line: { do: 'prepare', work }, 'run', 'result', 'release',
 * and 'describe' and 'peaks' where the candidate is this project. serve.py speaks the same.
 */
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { load } from './candidates.mjs'
import { readMatrix } from './work.mjs'

// What libraries print must not come between the answers.
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
for (const method of ['log', 'info', 'debug']) console[method] = console.error

let prepared
const requests = {
  async prepare({ work }) {
    const x = readMatrix(work.x)
    const chains = work.chains.map((chain) => chain.map(readMatrix))
    const start = performance.now()
    prepared = await candidate.prepare({ product: work.product, x, chains })
    return { milliseconds: (performance.now() - start) / chains.length, bytes: prepared.bytes }
  },
  /** Once to warm up: while the others ran, this process slept, and its processors with it. Then once on the clock. */
  async run() {
    await prepared.run()
    const start = performance.now()
    await prepared.run()
    return { milliseconds: performance.now() - start }
  },
  result({ file }) {
    writeFileSync(file, prepared.y())
    return {}
  },
  async release() {
    await prepared.release()
    prepared = undefined
    return {}
  },
  describe: () => candidate.describe(),
  peaks: () => candidate.peaks(),
}

const [name, options] = process.argv.slice(2)
let candidate
try {
  candidate = await load(name, JSON.parse(options ?? '{}'))
  answer({})
} catch (error) {
  answer({ error: String(error.message).split('\n')[0] })
  process.exit(0)
}
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  try {
    answer(await requests[request.do](request))
  } catch (error) {
    answer({ error: String(error.message).split('\n')[0] })
  }
}
process.exit(0)
