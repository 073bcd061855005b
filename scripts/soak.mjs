/**
 * 10,000 calls, sync and async, on layers that come and go, on each backend: no growth in memory. Needs `npm run build`.
 *
 *     npm run soak [-- CALLS]
 */
import { soak } from '../dist/engine/conformance/soak.js'

const calls = Number(process.argv[2] ?? 10_000)
const limitBytes = 24 * 2 ** 20
for (const backend of ['native', 'wasm']) {
  try {
    const { grownBytes } = await soak(backend, calls)
    const grown = (grownBytes / 2 ** 20).toFixed(1)
    console.log(`${backend}: ${calls} calls, resident memory grew by ${grown} MiB.`)
    if (grownBytes > limitBytes) process.exitCode = 1
  } catch (error) {
    console.log(`${backend}: ${error.message}`)
    process.exitCode = 1
  }
}
