/**
 * Counting by size classes against a walk over every iteration, which shares nothing with it: it keeps the pieces of
 * spans itself, from the words of the language (balanced pieces in units of 128; exact or whole).
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FAMILIES, formsOf } from '../../kernels/index.ts'
import {
  type Binding,
  bind,
  type Dims,
  type Kernel,
  KernelError,
  type Node,
  type Program,
  type Reading,
  type ScheduleValues,
  type Span,
} from '../../nki/index.ts'
import { dtypeInfo } from '../../tensor/index.ts'
import { count } from './count.ts'

interface Piece {
  /** Elements of it that exist, and elements of a whole one. */
  readonly real: number
  readonly whole: number
}
const numberOf = (size: number | { value: number }): number => (typeof size === 'number' ? size : size.value)

/** What is left of `of` from each piece of it on: pieces of at most n, equal in units of 128. */
function pieces(of: Piece, n: number, reading: Reading): Piece[] {
  let whole = Math.min(n, of.whole)
  if (of.whole > n && n > 128) {
    const units = Math.ceil(of.whole / 128)
    whole = 128 * Math.ceil(units / Math.ceil(of.whole / n))
  }
  const result: Piece[] = []
  for (let left = of.whole, real = of.real; left > 0; left -= whole, real -= whole) {
    if (reading === 'exact' && real <= 0) break
    result.push({ real: Math.max(0, Math.min(whole, real)), whole })
  }
  return result
}

interface Totals {
  hbmReadBytes: number
  hbmWriteBytes: number
  dmas: number
  instructions: number
  ncMatmuls: number
  macs: number
  sbufPeak: number
  psumPeak: number
}

function walkAll(program: Program, { dims, dtypes }: Binding, reading: Reading): Totals {
  const total = {
    hbmReadBytes: 0,
    hbmWriteBytes: 0,
    dmas: 0,
    instructions: 0,
    ncMatmuls: 0,
    macs: 0,
    sbufPeak: 0,
    psumPeak: 0,
  }
  const at = new Map<Span<string>, Piece>()
  for (const span of program.dims) at.set(span, { real: dims[span.dim]!, whole: dims[span.dim]! })
  const piece = (span: Span<string>): Piece => at.get(span) ?? { real: 1, whole: 1 }
  const bytesOf = (dtype: string | { like: string }): number =>
    dtypeInfo((typeof dtype === 'string' ? dtype : dtypes[dtype.like]!) as never).bytes
  const live = { sbuf: 0, psum: 0, hbm: 0 }

  const visit = (nodes: readonly Node[]): void => {
    const before = { ...live }
    for (const node of nodes) {
      if (node.kind === 'loop') {
        for (const p of pieces(piece(node.over), numberOf(node.span.size as number), reading)) {
          at.set(node.span, p)
          visit(node.body)
        }
      } else if (node.kind === 'alloc') {
        const tiles =
          node.tile === null ? 1 : pieces(whole(piece(node.p)), numberOf(node.tile), 'padded').length
        live[node.memory] += node.buffers * tiles * piece(node.f).whole * bytesOf(node.dtype)
        total.sbufPeak = Math.max(total.sbufPeak, live.sbuf)
        total.psumPeak = Math.max(total.psumPeak, live.psum)
      } else {
        const size = (span: Span<string>): number => piece(span)[reading === 'exact' ? 'real' : 'whole']
        const { dst, ...sources } = node.operands
        const inHbm = Object.values(node.operands).filter((view) => view.memory === 'hbm')
        const elements = inHbm.map((view) => piece(view.rows).real * piece(view.cols).real)
        if (elements.includes(0)) continue
        if (dst!.memory === 'hbm') total.hbmWriteBytes += elements[0]! * bytesOf(dst!.dtype)
        for (const view of Object.values(sources))
          if (view.memory === 'hbm')
            total.hbmReadBytes += piece(view.rows).real * piece(view.cols).real * bytesOf(view.dtype)
        total.instructions++
        if (node.engine === 'dma') total.dmas++
        if (node.spec.name !== 'nc_matmul') continue
        const { stationary, moving } = node.operands
        total.ncMatmuls++
        total.macs += size(stationary!.rows) * size(stationary!.cols) * size(moving!.cols)
      }
    }
    Object.assign(live, before)
  }
  visit(program.body)
  return total
}
const whole = ({ whole }: Piece): Piece => ({ real: whole, whole })

const forms = FAMILIES.flatMap(formsOf)

/** A kernel with dimensions that it takes, and block sizes of which some may be refused. */
const someProgram = fc.constantFrom(...forms).chain((kernel) => {
  const dims = Object.fromEntries(
    kernel.dims.map((dim) => [dim, fc.integer({ min: 1, max: Math.min(700, kernel.limits[dim] ?? 700) })]),
  )
  const numbers = Object.entries(kernel.schedule).filter(([, value]) => typeof value === 'number')
  const blocks = Object.fromEntries(
    numbers.map(([name, value]) => [
      name,
      fc.constantFrom(...new Set([value, ...(kernel.space[name] ?? []), 128, 256, 384].map(Number))),
    ]),
  )
  const words = Object.fromEntries(
    Object.entries(kernel.choices).map(([name, all]) => [name, fc.constantFrom(...all)]),
  )
  return fc.record({
    kernel: fc.constant(kernel),
    dims: fc.record(dims) as fc.Arbitrary<Dims>,
    schedule: fc.record({ ...blocks, ...words }) as fc.Arbitrary<ScheduleValues>,
  })
})

/** The program, or null where the hardware refuses the schedule. */
function tryTrace(kernel: Kernel, schedule: ScheduleValues): Program | null {
  try {
    return kernel.trace(schedule)
  } catch (error) {
    if (error instanceof KernelError) return null
    throw error
  }
}

describe('counts of random kernels, shapes and schedules', () => {
  let accepted = 0
  test('equal a walk over every iteration, in both readings', () => {
    fc.assert(
      fc.property(
        someProgram,
        fc.constantFrom('float32', 'bfloat16'),
        ({ kernel, dims, schedule }, dtype) => {
          const program = tryTrace(kernel, schedule)
          if (!program) return
          accepted++
          const binding = bind(program, dims, dtype as 'float32')
          for (const reading of ['exact', 'padded'] as const) {
            const { sbufPeak, psumPeak, ...expected } = walkAll(program, binding, reading)
            const counts = count(program, binding, reading)
            expect(counts, reading).toMatchObject(expected)
            if (reading === 'padded') continue
            expect(counts.sbufPeakBytesPerPartition).toBe(sbufPeak)
            expect(counts.psumPeakBytesPerPartition).toBe(psumPeak)
          }
        },
      ),
      { numRuns: 150 },
    )
    expect(accepted, 'most schedules must be accepted, or nothing was tested').toBeGreaterThan(60)
  })

  test('move the same bytes in both readings, issue no fewer MACs padded, and the useful ones exactly', () => {
    fc.assert(
      fc.property(someProgram, ({ kernel, dims, schedule }) => {
        const program = tryTrace(kernel, schedule)
        if (!program) return
        const binding = bind(program, dims, 'bfloat16')
        const exact = count(program, binding)
        const padded = count(program, binding, 'padded')
        expect(padded.tensors).toEqual(exact.tensors)
        expect(padded.dmas).toBe(exact.dmas)
        expect(padded.macs).toBeGreaterThanOrEqual(exact.macs)
        expect(padded.ncMatmuls).toBeGreaterThanOrEqual(exact.ncMatmuls)
        expect(exact.macs).toBeGreaterThanOrEqual(kernel.macs(dims))
        const perTensor = Object.values(exact.tensors)
        expect(perTensor.reduce((sum, t) => sum + t.hbmReadBytes, 0)).toBe(exact.hbmReadBytes)
        expect(perTensor.reduce((sum, t) => sum + t.hbmWriteBytes, 0)).toBe(exact.hbmWriteBytes)
      }),
      { numRuns: 150 },
    )
  })

  test('read every input and write the output at least once', () => {
    fc.assert(
      fc.property(someProgram, ({ kernel, dims, schedule }) => {
        const program = tryTrace(kernel, schedule)
        if (!program) return
        const { tensors } = count(program, bind(program, dims, 'bfloat16'))
        for (const { name, p, f } of program.inputs)
          expect(tensors[name]!.hbmReadBytes).toBeGreaterThanOrEqual(2 * dims[p.dim]! * dims[f.dim]!)
        const { name, p, f } = program.output
        expect(tensors[name]!.hbmWriteBytes).toBe(2 * dims[p.dim]! * dims[f.dim]!)
      }),
      { numRuns: 100 },
    )
  })
})
