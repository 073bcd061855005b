/**
 * The verifier: rules that need the whole program. It runs after every trace (and must run after every transformation).
 * Rules about one instruction are checked where it is issued (issue.ts), so that the error stands at its line.
 */
import { type Fault, KernelError } from './errors.ts'
import { TILE_SIZE } from './language.ts'
import { type Alloc, type Backing, type Loop, type Op, type Program, readsOf, walk } from './program.ts'
import type { Site } from './site.ts'
import { type Size, type Span, sizeOf } from './span.ts'
import type { View } from './view.ts'

interface Access {
  readonly op: Op
  readonly role: string
  readonly view: View
  /** The loops around it, outermost first. */
  readonly loops: readonly Loop[]
  /** Its place in program order. */
  readonly order: number
}

/** @throws KernelError */
export function verify(program: Program): void {
  new Verifier(program).run()
}

class Verifier {
  private readonly writes = new Map<Backing, Access[]>()
  private readonly reads = new Map<Backing, Access[]>()
  private readonly allocs: Alloc[] = []

  constructor(private readonly program: Program) {
    let order = 0
    for (const [node, loops] of walk(program.body)) {
      if (node.kind === 'alloc') this.allocs.push(node)
      if (node.kind !== 'op') continue
      order++
      add(this.writes, { op: node, role: 'dst', view: node.operands.dst!, loops, order })
      for (const [role, view] of readsOf(node))
        if (role !== 'dst') add(this.reads, { op: node, role, view, loops, order })
    }
  }

  run(): void {
    this.checkNames()
    if (!this.writes.has(this.program.output))
      this.fail('trace()', {
        what: 'the output y is never written',
        fix: 'store a result: nisa.dmaCopy({ dst: y.at(…), src: … })',
      })
    for (const accesses of this.reads.values()) for (const access of accesses) this.checkRead(access)
    for (const alloc of this.allocs) if (alloc.memory === 'psum') this.checkAccumulator(alloc)
    this.checkBanks()
  }

  private fail(site: Site | string, fault: Fault): never {
    throw new KernelError(this.program.name, site.toString(), fault)
  }

  /** Tensors in HBM are told apart by their names: in counts, in what is emitted, and in the arguments of a call. */
  private checkNames(): void {
    const { inputs, output } = this.program
    const seen = new Map<string, string>([[output.name, 'the output']])
    for (const { name } of inputs) {
      if (seen.has(name))
        this.fail('inputs', { what: `two tensors are called ${name}`, fix: 'give each a name of its own' })
      seen.set(name, 'an input')
    }
    for (const { name, memory, site } of this.allocs) {
      if (memory !== 'hbm') continue
      const other = seen.get(name)
      if (other) this.fail(site, { what: `${name} is already ${other}`, fix: 'give the buffer another name' })
      seen.set(name, 'a buffer in HBM')
    }
  }

  private checkRead(read: Access): void {
    const { backing } = read.view
    if (backing.kind === 'hbm' && !backing.output) return
    const writes = this.writes.get(backing) ?? []
    const zeroed = backing.kind === 'alloc' && backing.zero
    if (!zeroed && !writes.some((write) => write.order < read.order))
      this.fail(read.op.site, {
        what: `${read.op.spec.name}: ${read.role} ${backing.name} is read before anything is written to it`,
        detail: `${read.role} = ${read.view}`,
        fix:
          backing.memory === 'psum'
            ? 'multiply into it first'
            : 'load or compute it first, or allocate it with nl.zeros',
      })
    for (const write of writes) this.checkCarried(backing, read, write)
    if (backing.memory === 'psum') this.checkGroupComplete(read, writes)
  }

  /** Nothing may be read from a PSUM tile whose accumulation goes on (NCC_ISCH714). */
  private checkGroupComplete(read: Access, writes: readonly Access[]): void {
    const later = writes.find((write) => write.op.spec.accumulates && write.order > read.order)
    if (!later) return
    const { view } = read
    this.fail(read.op.site, {
      what: `${read.op.spec.name}: ${read.role} ${view.name} is read before ${later.op.spec.name} (${later.op.site}) accumulates into it again`,
      detail: `${read.role} = ${view}`,
      fix: 'read it after the last one, or use a PSUM buffer for each sum',
    })
  }

  /** In an affine loop, an iteration may not read what another one writes. */
  private checkCarried(backing: Backing, read: Access, write: Access): void {
    for (const loop of sharedLoops(backing, read, write)) {
      const stays = (view: View): boolean => !view.rows.movesWith(loop) && !view.cols.movesWith(loop)
      const together = (axis: 'rows' | 'cols'): boolean =>
        read.view[axis].movesWith(loop) && write.view[axis].movesWith(loop)
      if (loop.mode === 'affine' && !stays(write.view) && !together('rows') && !together('cols'))
        this.fail(read.op.site, {
          what: `${read.op.spec.name}: ${read.role} ${backing.name} reads what other iterations write in the affine loop over ${loop.span.label} (${loop.site})`,
          detail: `${read.role} = ${read.view}, written as ${write.view} at ${write.op.site}`,
          fix: `read it after that loop, or use nl.sequentialRange for ${loop.span.label}`,
        })
      if (write.op.spec.accumulates && backing.memory === 'psum' && stays(write.view))
        this.fail(read.op.site, {
          what: `${read.op.spec.name}: ${read.role} ${backing.name} is read while the loop over ${loop.span.label} (${loop.site}) still accumulates into it`,
          detail: `${read.role} = ${read.view}, accumulated at ${write.op.site}`,
          fix: 'read it after that loop',
        })
    }
  }

  /** Accumulating onto a bank that something else initialised is undefined (N-ISA, nc_matmul). */
  private checkAccumulator(alloc: Alloc): void {
    const writes = this.writes.get(alloc) ?? []
    const matmul = writes.find((write) => write.op.spec.accumulates)
    const other = writes.find((write) => !write.op.spec.accumulates)
    if (matmul && other)
      this.fail(other.op.site, {
        what: `${other.op.spec.name}: ${alloc.name} also accumulates ${matmul.op.spec.name} (${matmul.op.site}); accumulating onto a PSUM bank that another instruction wrote is undefined`,
        fix: 'use two PSUM buffers, and add them in SBUF',
      })
  }

  /** PSUM buffers that are alive together must fit its banks: from the allocation to the end of the body around it. */
  private checkBanks(): void {
    const within = (body: Program['body'], outer: number): void => {
      let live = outer
      for (const node of body) {
        if (node.kind === 'loop') within(node.body, live)
        if (node.kind !== 'alloc' || node.memory !== 'psum') continue
        live += pieces(node.p, node.tile) * pieces(node.f, node.freeTile)
        if (live > TILE_SIZE.psumBanks)
          this.fail(node.site, {
            what: `${node.name}: ${live} PSUM tiles are alive together, PSUM has ${TILE_SIZE.psumBanks} banks`,
            fix: `cut ${node.f.label} or ${node.p.label} into smaller blocks, or copy an earlier accumulator to SBUF in a loop of its own`,
          })
      }
    }
    within(this.program.body, 0)
  }
}

const pieces = (span: Span<string>, tile: Size | null): number =>
  tile === null ? 1 : Math.ceil(span.bound / sizeOf(tile))

function add(accesses: Map<Backing, Access[]>, access: Access): void {
  const { backing } = access.view
  const list = accesses.get(backing)
  if (list) list.push(access)
  else accesses.set(backing, [access])
}

/** The loops around both, inside of which the backing is not allocated anew. */
function sharedLoops(backing: Backing, a: Access, b: Access): Loop[] {
  const shared = a.loops.filter((loop) => b.loops.includes(loop))
  const home = backing.kind === 'alloc' && backing.loop ? shared.indexOf(backing.loop) : -1
  return shared.slice(home + 1)
}
