/**
 * The WebAssembly engine in headless Chromium, on a cross-origin isolated page (threads) and on one that is not (one thread):
 * products agree with float64, asynchronous calls settle, calls on the page's main thread do not need to sleep.
 *
 *     npm run test:browser        CHROMIUM=/path/to/chromium npm run test:browser
 */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { delimiter, join, normalize } from 'node:path'
import { chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

function findBrowser() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path))
}

const executablePath = findBrowser()
if (!executablePath) {
  console.log(`test:browser skipped: no ${NAMES.join(', ')} on PATH; install one or set CHROMIUM.`)
  process.exit(0)
}

const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}
const root = new URL('../dist', import.meta.url).pathname

/** Serves dist/, and an empty page at /; with or without the headers that isolate a page. */
function serve(headers) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname)
    if (path === '/') {
      response
        .writeHead(200, { ...headers, 'content-type': 'text/html' })
        .end('<!doctype html><title>engine</title>')
      return
    }
    const file = join(root, path)
    if (!existsSync(file)) response.writeHead(404, headers).end()
    else response.writeHead(200, { ...headers, 'content-type': 'text/javascript' }).end(readFileSync(file))
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

/** Runs in the page; gives what went wrong and what the engine is. */
async function exercise() {
  const { createEngine } = await import('/engine/index.js')
  const { compare, randomTensor, tolerance } = await import('/tensor/index.js')
  const engine = await createEngine({ backend: 'auto' })
  const failures = []
  const [K, r, N] = [96, 40, 130]
  const [u, v] = [randomTensor([K, r], 'float32', { seed: 1 }), randomTensor([r, N], 'float32', { seed: 2 })]
  const multiply = (a, b, rows, inner, columns) => {
    const out = new Float64Array(rows * columns)
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < inner; k++)
        for (let j = 0; j < columns; j++) out[i * columns + j] += a[i * inner + k] * b[k * columns + j]
    return out
  }
  for (const dtype of ['float32', 'bfloat16']) {
    const layer = engine.lowRank({ u, v, dtype })
    const rounded = [u, v].map((t) => t.astype(dtype).toFloat32())
    const calls = [1, 2, 7, 64, 400].map(async (rows) => {
      const x = randomTensor([rows, K], dtype, { seed: rows }).toFloat32()
      const expected = multiply(multiply(x, rounded[0], rows, K, r), rounded[1], rows, r, N)
      for (const [how, y] of [
        ['forward', layer.forward(x)],
        ['forwardAsync', await layer.forwardAsync(x)],
      ]) {
        const { relativeError } = compare(y, expected)
        if (!(relativeError <= tolerance(dtype, K + r)))
          failures.push(`${how} ${dtype} M=${rows}: ${relativeError}`)
      }
    })
    await Promise.all(calls)
    layer.dispose()
  }
  engine.dispose()
  return { info: engine.info, failures, isolated: crossOriginIsolated }
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
let failed = false
for (const [name, headers] of [
  ['isolated', ISOLATION],
  ['not isolated', {}],
]) {
  const server = await serve(headers)
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${server.address().port}/`)
  const { info, failures, isolated } = await page.evaluate(exercise)
  if (info.backend !== 'wasm') failures.push(`the backend is ${info.backend}: ${info.notes.join(' ')}`)
  if (isolated !== (name === 'isolated')) failures.push(`the page is ${isolated ? '' : 'not '}isolated`)
  if (!isolated && info.threads !== 1) failures.push(`${info.threads} threads without shared memory`)
  if (isolated && info.threads < 2) failures.push('one thread although memory can be shared')
  console.log(
    `${name}: ${info.backend} ${info.instructionSet}, ${info.threads} threads: ${failures.length ? failures.join('; ') : 'ok'}`,
  )
  failed ||= failures.length > 0
  await page.close()
  server.close()
}
await browser.close()
process.exit(failed ? 1 : 0)
