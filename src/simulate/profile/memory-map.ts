/** Who lives where in SBUF and PSUM, as a table: also what is printed when a kernel does not fit. */
import { tilesOf } from './grid.ts'
import { type Buffer, type MemoryPlan, type Residence, takenBytes } from './plan.ts'

export interface Tenant {
  readonly name: string
  readonly memory: 'sbuf' | 'psum'
  /** Line of the kernel that allocates it. */
  readonly site: string
  /** Of one copy. */
  readonly bytesPerPartition: number
  /** Copies that rotate, the last one perhaps in part: 1 means that loads do not overlap with compute. */
  readonly copies: number
  /** Bytes per partition from the start of SBUF; null in PSUM, or without a place. */
  readonly address: number | null
  readonly residence: Residence
  /** What it takes on chip, all copies together. */
  readonly takenBytesPerPartition: number
  /** Tenants of the same memory at other times. */
  readonly sharesWith: readonly string[]
}

export interface MemoryMap {
  /** Bytes per partition. */
  readonly capacity: number
  readonly peak: number
  /** With one copy of everything. */
  readonly needed: number
  readonly overflows: boolean
  readonly tenants: readonly Tenant[]
}

export function memoryMap({ sbuf, psum, capacity, peak, needed, overflows }: MemoryPlan): MemoryMap {
  const tenant = (buffer: Buffer): Tenant => ({
    name: buffer.alloc.name,
    memory: buffer.alloc.memory as 'sbuf' | 'psum',
    site: buffer.alloc.site.toString(),
    bytesPerPartition: buffer.bytes,
    copies: buffer.degree + buffer.tilesAhead / tilesOf(buffer.grid),
    address: buffer.address < 0 ? null : buffer.address,
    residence: buffer.residence,
    takenBytesPerPartition: takenBytes(buffer),
    sharesWith: buffer.sharesWith.map((other) => other.alloc.name),
  })
  return { capacity, peak, needed, overflows, tenants: [...sbuf, ...psum].map(tenant) }
}
