/**
 * An allocator over the linear memory of one engine: first fit, blocks of whole cache lines, neighbours merged when
 * freed. The memory grows when nothing fits; WebAssembly cannot shrink it again, so freed blocks are what later layers take.
 */
const LINE = 64
const PAGE = 65536
/** The last page is never handed out, so that no end address wraps to zero. */
const MAX_PAGES = 65535

interface Block {
  readonly address: number
  readonly bytes: number
}

export class Heap {
  readonly #memory: WebAssembly.Memory
  /** Free blocks by address. */
  #free: Block[] = []
  readonly #sizes = new Map<number, number>()

  /** Hands out memory from `start` on. */
  constructor(memory: WebAssembly.Memory, start: number) {
    this.#memory = memory
    const address = Math.ceil(start / LINE) * LINE
    this.#insert({ address, bytes: memory.buffer.byteLength - address })
  }

  get freeBytes(): number {
    return this.#free.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** The address of `bytes` bytes, a multiple of 64; their contents are whatever was there. */
  allocate(bytes: number): number {
    const size = Math.max(LINE, Math.ceil(bytes / LINE) * LINE)
    let i = this.#free.findIndex((block) => block.bytes >= size)
    if (i < 0) {
      this.#grow(size)
      i = this.#free.length - 1
    }
    const block = this.#free[i]!
    const rest = { address: block.address + size, bytes: block.bytes - size }
    this.#free.splice(i, 1, ...(rest.bytes > 0 ? [rest] : []))
    this.#sizes.set(block.address, size)
    return block.address
  }

  free(address: number): void {
    const bytes = this.#sizes.get(address)
    if (bytes === undefined) throw new Error(`no block is allocated at address ${address}`)
    this.#sizes.delete(address)
    this.#insert({ address, bytes })
  }

  /** Views of the memory as it is now; growing an unshared memory detaches them, so do not keep them. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length)
  }

  halves(address: number, length: number): Uint16Array {
    return new Uint16Array(this.#memory.buffer, address, length)
  }

  words(address: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length)
  }

  #grow(bytes: number): void {
    const end = this.#memory.buffer.byteLength
    const last = this.#free.at(-1)
    const open = last && last.address + last.bytes === end ? last.bytes : 0
    const pages = Math.ceil((bytes - open) / PAGE)
    const refuse = (): never => {
      throw new RangeError(
        `The WebAssembly engine cannot hold ${Math.ceil(bytes / 2 ** 20)} MiB more: ${Math.round(end / 2 ** 20)} MiB are in ` +
          'use and 4 GiB is the limit. Dispose layers, or use another engine for the rest.',
      )
    }
    if (end / PAGE + pages > MAX_PAGES) refuse()
    try {
      this.#memory.grow(pages)
    } catch {
      refuse()
    }
    this.#insert({ address: end, bytes: pages * PAGE })
  }

  #insert(block: Block): void {
    const merged: Block[] = []
    for (const next of [...this.#free, block].sort((a, b) => a.address - b.address)) {
      const last = merged.at(-1)
      if (last && last.address + last.bytes === next.address) {
        merged[merged.length - 1] = { address: last.address, bytes: last.bytes + next.bytes }
      } else merged.push(next)
    }
    this.#free = merged
  }
}
