/**
 * The functional simulator: the living definition of the language. It executes a program on numbers, bounds-checked,
 * with poison in uninitialised memory; values are rounded where the hardware rounds, and PSUM accumulates in float32.
 */
import {
  ArgumentError,
  type Binding,
  bind,
  type Dims,
  dtypeOf,
  Extents,
  KernelError,
  type Node,
  type Op,
  type Program,
  readsOf,
} from '../../nki/index.ts'
import { type Dtype, dtypeInfo, Tensor } from '../../tensor/index.ts'
import { count } from './count.ts'
import { matmulInto } from './matmul.ts'
import { Memory } from './memory.ts'

/** hardware: round to each buffer's dtype. float32: do not, which tells a logic error from a rounding error. */
export type Precision = 'hardware' | 'float32'

export interface RunOptions {
  readonly precision?: Precision
  readonly signal?: AbortSignal
  /** Called every few thousand instructions. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Between two looks at the signal. */
const PROGRESS_EVERY = 4096

/**
 * Inputs by name, each [rows, columns] in the layout of the kernel; the result has the dtype of the first input, or
 * float32 with that precision where it is floating point.
 * @throws ArgumentError for tensors that do not fit, KernelError for what the program does wrong.
 */
export function run(
  program: Program,
  inputs: Readonly<Record<string, Tensor>>,
  options: RunOptions = {},
): Tensor {
  const binding = bindTensors(program, inputs)
  return new Execution(program, binding, options).run(inputs)
}

/** Dimensions and dtypes from tensors. @throws ArgumentError where they are missing or disagree. */
export function bindTensors(program: Program, inputs: Readonly<Record<string, Tensor>>): Binding {
  const dims: Record<string, number> = {}
  const dtypes: Record<string, Dtype> = {}
  const say = (problem: string): never => {
    throw new ArgumentError(`${program.name}: ${problem}`)
  }
  const names = program.inputs.map((t) => t.name)
  for (const name of Object.keys(inputs))
    if (!names.includes(name)) say(`it has no input ${name}; it takes ${names.join(', ')}`)
  for (const { name, p, f } of program.inputs) {
    const tensor = inputs[name]
    if (!tensor) return say(`input ${name} is missing; it takes ${names.join(', ')}`)
    if (tensor.shape.length !== 2) say(`${name} has shape [${tensor.shape}], it must be [${p.dim}, ${f.dim}]`)
    for (const [axis, span] of [p, f].entries()) {
      const n = tensor.shape[axis]!
      if (span.dim === '1' && n !== 1)
        say(`${name} has ${n} ${axis === 0 ? 'rows' : 'columns'} where it must have 1`)
      dims[span.dim] ??= n
      if (dims[span.dim] !== n)
        say(`${name} has ${span.dim} = ${n} where an earlier input has ${dims[span.dim]}`)
    }
    dtypes[name] = tensor.dtype
  }
  const { '1': _, ...named } = dims
  return bind(program, named, dtypes)
}

class Execution {
  private readonly extents: Extents
  private readonly memory: Memory
  private readonly total: number
  private done = 0

  constructor(
    private readonly program: Program,
    private readonly binding: Binding,
    private readonly options: RunOptions,
  ) {
    this.extents = new Extents(program, binding.dims)
    this.memory = new Memory(binding, this.extents, options.precision === 'float32')
    this.total = options.onProgress ? count(program, binding).instructions : 0
  }

  run(inputs: Readonly<Record<string, Tensor>>): Tensor {
    this.options.signal?.throwIfAborted()
    const { output } = this.program
    for (const backing of this.program.inputs) {
      const tensor = inputs[backing.name]!
      this.memory.place(backing, decode(tensor), tensor.shape[1]!)
    }
    this.memory.allocate(output, false)
    this.execute(this.program.body)
    return this.result(this.binding.dims)
  }

  private result(dims: Dims): Tensor {
    const { output } = this.program
    const shape = [dims[output.p.dim] ?? 1, dims[output.f.dim] ?? 1]
    const whole = {
      data: this.memory.values(output),
      offset: 0,
      stride: shape[1]!,
      rows: shape[0]!,
      cols: shape[1]!,
      row: 0,
      col: 0,
    }
    const hole = this.memory.findPoison(output, whole)
    if (hole)
      throw new KernelError(this.program.name, 'output', {
        what: `${output.name}[${hole.join(', ')}] was never written`,
        fix: 'store every part of the output',
      })
    const dtype = dtypeOf(output.dtype, this.binding)
    const widened = this.options.precision === 'float32' && dtypeInfo(dtype).kind === 'float'
    return Tensor.from(whole.data, shape, widened ? 'float32' : dtype)
  }

  private execute(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.kind === 'op') this.executeOp(node)
      else if (node.kind === 'alloc') this.memory.allocate(node, node.zero)
      else {
        const trips = this.extents.trips(node)
        for (let i = 0; i < trips; i++) {
          this.extents.enter(node, i)
          this.execute(node.body)
        }
      }
    }
  }

  private executeOp(op: Op): void {
    const { memory } = this
    const blocks = Object.fromEntries(
      Object.entries(op.operands).map(([role, view]) => [role, memory.block(view)]),
    )
    const dst = op.operands.dst!
    if (op.spec.accumulates) memory.startAccumulation(dst.backing, blocks.dst!)
    for (const [role, view] of readsOf(op)) {
      if (role === 'dst') continue
      const hole = memory.findPoison(view.backing, blocks[role]!)
      if (hole)
        throw new KernelError(this.program.name, op.site.toString(), {
          what: `${op.spec.name}: ${role} ${view.name} is read where it was never written, at [${hole.join(', ')}] of the tile`,
          detail: `${role} = ${view}`,
          fix: 'load or compute all of it first, or allocate it with nl.zeros',
        })
    }
    if (op.spec.name === 'nc_matmul') matmulInto(blocks.dst!, blocks.stationary!, blocks.moving!)
    else op.spec.evaluate(blocks, op.attributes)
    memory.round(dst.backing, blocks.dst!)
    this.tick()
  }

  private tick(): void {
    this.done++
    if (this.done % PROGRESS_EVERY !== 0) return
    this.options.signal?.throwIfAborted()
    this.options.onProgress?.(this.done, this.total)
  }
}

/** Row-major numbers: float32, or float64 for int32, which float32 cannot hold. */
function decode(tensor: Tensor): Float32Array | Float64Array {
  return tensor.dtype === 'int32' ? Float64Array.from(tensor.contiguous().data) : tensor.toFloat32()
}
