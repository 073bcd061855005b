/**
 * 10,000 calls, sync and async, on layers that come and go, three times over on each backend: no growth in memory. The
 * first time still shows what JavaScript's own heap takes to settle (10 to 15 MiB in WebAssembly, whose driver makes small
 * objects); a leak would show in the last as well. Needs `npm run build`.
 *
 *     npm run soak [-- CALLS]
 */
import { soak } from '../dist/engine/conformance/soak.js'

const TIMES = 3
const calls = Number(process.argv[2] ?? 10_000)
const limitBytes = 24 * 2 ** 20
for (const backend of ['native', 'wasm']) {
  try {
    const grown = []
    for (let time = 0; time < TIMES; time++) grown.push((await soak(backend, calls)).grownBytes)
    const mebibytes = grown.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(', ')
    console.log(`${backend}: ${TIMES} times ${calls} calls, resident memory grew by ${mebibytes} MiB.`)
    if (Math.max(...grown) > limitBytes || grown.at(-1) > limitBytes / 3) process.exitCode = 1
  } catch (error) {
    console.log(`${backend}: ${error.message}`)
    process.exitCode = 1
  }
}
