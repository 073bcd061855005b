/**
 * What differs between Node and a browser, behind one interface: threads, their number, and one compiler flag. Node's
 * modules are imported only where Node runs.
 */

/** A thread that runs the emitted executor. */
export interface HostWorker {
  /** Keeps the process alive, or lets it end. */
  hold(alive: boolean): void
  terminate(): void
}

/** All that a worker needs; sent to it once. */
export interface WorkerData {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly mailbox: number
  readonly scratch: number
}

interface Globals {
  readonly process?: {
    readonly versions?: { readonly node?: string; readonly v8?: string }
    readonly env?: { readonly NEURONMM_TEAM?: string }
  }
  readonly crossOriginIsolated?: boolean
  readonly document?: object
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly Worker?: new (url: string) => BrowserWorker
}

interface BrowserWorker {
  onmessage: ((event: { data: unknown }) => void) | null
  onerror: ((event: { message?: string }) => void) | null
  postMessage(data: unknown): void
  terminate(): void
}

const globals = globalThis as unknown as Globals
const isNode = globals.process?.versions?.node !== undefined

/** Memory can be shared and threads started. In a browser that needs a cross-origin isolated page. */
export const canShare =
  typeof SharedArrayBuffer === 'function' &&
  (isNode || (globals.crossOriginIsolated === true && globals.Worker !== undefined))

/** A page's main thread must not sleep; every other thread may. */
export const maySleep = canShare && globals.document === undefined

/** Workers take part in the shortest call too: for tests, whose problems are small. */
export const workersAlways = globals.process?.env?.NEURONMM_TEAM === 'always'

export async function availableThreads(): Promise<number> {
  if (isNode) return (await import('node:os')).availableParallelism()
  return globals.navigator?.hardwareConcurrency ?? 1
}

/**
 * A worker's whole program. It is text because it must load in Node, in a page and from a bundle alike; all that it does is
 * in the emitted `serve`.
 */
const SERVE = `
  const run = ({ module, memory, mailbox, scratch }, post) => {
    const instance = new WebAssembly.Instance(module, { env: { memory, finished: () => post('finished') } })
    post('ready')
    instance.exports.serve(mailbox, scratch)
  }`
const NODE_WORKER = `${SERVE}
  const { parentPort, workerData } = require('node:worker_threads')
  run(workerData, (message) => parentPort.postMessage(message))`
const BROWSER_WORKER = `${SERVE}
  onmessage = ({ data }) => { run(data, (message) => postMessage(message)); close() }`

/** Starts a thread and resolves when it is about to serve. `onFinished`: it ran the last task of an announced job. */
export function startWorker(data: WorkerData, onFinished: () => void): Promise<HostWorker> {
  return isNode ? startNodeWorker(data, onFinished) : startBrowserWorker(data, onFinished)
}

async function startNodeWorker(data: WorkerData, onFinished: () => void): Promise<HostWorker> {
  const { Worker } = await import('node:worker_threads')
  const worker = new Worker(NODE_WORKER, { eval: true, workerData: data })
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject)
    worker.on('message', (message) => (message === 'ready' ? resolve() : onFinished()))
  })
  worker.unref()
  return {
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  }
}

async function startBrowserWorker(data: WorkerData, onFinished: () => void): Promise<HostWorker> {
  const url = URL.createObjectURL(new Blob([BROWSER_WORKER], { type: 'text/javascript' }))
  const worker = new globals.Worker!(url)
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = (event) => (event.data === 'ready' ? resolve() : onFinished())
    worker.onerror = (event) => reject(new Error(event.message ?? 'the worker did not start'))
    worker.postMessage(data)
  })
  URL.revokeObjectURL(url)
  return { hold: () => {}, terminate: () => worker.terminate() }
}

/**
 * Compiles a module that uses relaxed SIMD, or gives undefined where this engine has none. V8 11.3, of Node 20, has the
 * instructions finished but behind a flag (the next version shipped them): the flag is on for this one compilation only.
 */
export async function compileRelaxed(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<WebAssembly.Module | undefined> {
  if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes)
  if (!globals.process?.versions?.v8?.startsWith('11.3.')) return undefined
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  try {
    return new WebAssembly.Module(bytes)
  } catch {
    return undefined
  } finally {
    setFlagsFromString('--no-experimental-wasm-relaxed-simd')
  }
}
