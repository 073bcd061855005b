/**
 * The emitted module on its memory, with its threads: takes one job at a time. Memory map: the job, the workers'
 * mailboxes (a cache line each), a piece of scratch memory for each thread, then the heap.
 */
import { Heap } from './heap.ts'
import { availableThreads, canShare, compileRelaxed, type HostWorker, maySleep, startWorker } from './host.ts'
import { STOP } from './kernels/executor.ts'
import { buildModule, type KernelModule } from './kernels/module.ts'
import { CLOSED, JOB, JOB_BYTES, JOB_HEADER_BYTES, PHASE_BYTES, type Work } from './kernels/phase.ts'
import { MAX_BLOCK } from './kernels/product.ts'
import { PANEL } from './kernels/tile.ts'

const PAGE = 65536
const LINE = 64
const JOB_ADDRESS = 1024
const MAILBOXES = JOB_ADDRESS + Math.ceil(JOB_BYTES / LINE) * LINE
/** One widened panel of a block. */
const THREAD_SCRATCH_BYTES = MAX_BLOCK * PANEL * 4
/** 4 GiB less the page that is never used; engines that refuse to reserve that much get less. */
const MAXIMUM_PAGES = [65535, 32768, 16384]

export const RELAXED = 'relaxed-simd128'
export const PLAIN = 'simd128'

export interface MachineOptions {
  readonly threads: number | undefined
  readonly instructionSet: string | undefined
  /** A worker ran the last task of an announced job. */
  readonly onFinished: () => void
}

/**
 * Who works on a job: the calling thread; it and the workers, one of which is left out for it; or the workers, one of
 * which then says that it is done.
 */
export type Hands = 'caller' | 'all' | 'workers'

interface Exports {
  join(scratch: number, maySleep: number): void
}

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const asked = options.threads ?? (await availableThreads())
  const threads = canShare ? asked : 1
  const workers = canShare ? threads : 0
  const heapStart = MAILBOXES + LINE * workers + THREAD_SCRATCH_BYTES * (workers + 1)
  const memory = allocateMemory(Math.ceil(heapStart / PAGE) + 1)
  const { module, kernels, relaxed, instructionSets } = await compile(memory.limits, options.instructionSet)
  const machine = new Machine(memory.memory, module, kernels, threads, workers)
  machine.instructionSet = relaxed ? RELAXED : PLAIN
  machine.instructionSets = instructionSets
  await machine.startWorkers(module, options.onFinished)
  return machine
}

function allocateMemory(initial: number) {
  let failure: unknown
  for (const maximum of MAXIMUM_PAGES) {
    try {
      const limits = { initial, maximum, shared: canShare }
      return { limits, memory: new WebAssembly.Memory(limits) }
    } catch (error) {
      failure = error
    }
  }
  throw new Error(`The WebAssembly engine got no memory: ${String(failure)}`)
}

async function compile(
  memory: { initial: number; maximum: number; shared: boolean },
  wanted: string | undefined,
) {
  const build = (relaxed: boolean): KernelModule => buildModule({ relaxed, memory, jobAddress: JOB_ADDRESS })
  const plain = build(false)
  if (!WebAssembly.validate(plain.bytes)) {
    throw new Error('The WebAssembly engine needs SIMD, which this JavaScript engine has not.')
  }
  const fused = build(true)
  const module = await compileRelaxed(fused.bytes)
  const instructionSets = module ? [RELAXED, PLAIN] : [PLAIN]
  const chosen = wanted ?? instructionSets[0]!
  if (!instructionSets.includes(chosen)) {
    throw new RangeError(
      `createEngine: WebAssembly here has no instruction set ${JSON.stringify(chosen)}; it has ${instructionSets.join(', ')}.`,
    )
  }
  if (module && chosen === RELAXED) return { module, kernels: fused, relaxed: true, instructionSets }
  return { module: await WebAssembly.compile(plain.bytes), kernels: plain, relaxed: false, instructionSets }
}

export class Machine {
  readonly kernels: KernelModule
  readonly heap: Heap
  readonly threads: number
  instructionSet = PLAIN
  instructionSets: readonly string[] = [PLAIN]
  readonly #memory: WebAssembly.Memory
  readonly #exports: Exports
  readonly #workerCount: number
  #workers: HostWorker[] = []
  #sequence = 0

  constructor(
    memory: WebAssembly.Memory,
    module: WebAssembly.Module,
    kernels: KernelModule,
    threads: number,
    workerCount: number,
  ) {
    this.#memory = memory
    this.kernels = kernels
    this.threads = threads
    this.#workerCount = workerCount
    this.heap = new Heap(memory, this.#scratch(workerCount + 1))
    const instance = new WebAssembly.Instance(module, { env: { memory, finished() {} } })
    this.#exports = instance.exports as unknown as Exports
  }

  get hasWorkers(): boolean {
    return this.#workerCount > 0
  }

  async startWorkers(module: WebAssembly.Module, onFinished: () => void): Promise<void> {
    const start = (i: number): Promise<HostWorker> =>
      startWorker(
        { module, memory: this.#memory, mailbox: this.#mailbox(i), scratch: this.#scratch(i + 1) },
        onFinished,
      )
    this.#workers = await Promise.all(Array.from({ length: this.#workerCount }, (_, i) => start(i)))
  }

  /** Makes a job the current one; the one before must be done. This thread does its part, if it has one, by `join`. */
  start(work: Work, hands: Hands): void {
    const words = new Int32Array(this.#memory.buffer)
    const at = (address: number): number => address / 4
    Atomics.store(words, at(JOB_ADDRESS + JOB.next), CLOSED)
    work.phases.forEach((phase, i) => {
      words.set(phase, at(JOB_ADDRESS + JOB_HEADER_BYTES + i * PHASE_BYTES))
    })
    words[at(JOB_ADDRESS + JOB.announce)] = hands === 'workers' ? 1 : 0
    Atomics.store(words, at(JOB_ADDRESS + JOB.total), work.total)
    Atomics.store(words, at(JOB_ADDRESS + JOB.done), 0)
    Atomics.store(words, at(JOB_ADDRESS + JOB.next), 0)
    this.#sequence = (this.#sequence + 1) & 0x3fffffff
    const called = {
      caller: 0,
      all: Math.min(this.#workerCount, this.threads - 1),
      workers: this.#workerCount,
    }[hands]
    for (let i = 0; i < called; i++) this.#post(words, i, this.#sequence + 1)
    if (hands === 'workers') this.#workers[0]?.hold(true)
  }

  /** Works on the job until it is done. */
  join(): void {
    this.#exports.join(this.#scratch(0), maySleep ? 1 : 0)
  }

  get isDone(): boolean {
    const words = new Int32Array(this.#memory.buffer, JOB_ADDRESS, JOB_HEADER_BYTES / 4)
    return Atomics.load(words, JOB.done / 4) === Atomics.load(words, JOB.total / 4)
  }

  /** Lets the process end although workers are waiting. */
  release(): void {
    this.#workers[0]?.hold(false)
  }

  dispose(): void {
    const words = new Int32Array(this.#memory.buffer)
    for (let i = 0; i < this.#workerCount; i++) this.#post(words, i, STOP)
    for (const worker of this.#workers) worker.terminate()
    this.#workers = []
  }

  #post(words: Int32Array, worker: number, letter: number): void {
    const index = this.#mailbox(worker) / 4
    Atomics.store(words, index, letter)
    Atomics.notify(words, index)
  }

  #mailbox(worker: number): number {
    return MAILBOXES + LINE * worker
  }

  /** Memory of thread 0 (the caller) or of worker thread - 1. */
  #scratch(thread: number): number {
    return MAILBOXES + LINE * this.#workerCount + THREAD_SCRATCH_BYTES * thread
  }
}
