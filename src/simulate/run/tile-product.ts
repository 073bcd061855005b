/**
 * dst += stationaryᵀ · moving for one tile, in WebAssembly: what most of the time of a functional run goes into, and of
 * the float64 reference. Four rows by two vectors of dst stay in registers over the whole contraction; products and sums
 * are rounded one by one, in the order of the contraction, so that float32 agrees with the op table's definition to the bit.
 */
import { f32x4, f64x2, i32, ModuleBuilder, v128 } from '../../wasm/index.ts'

type Values = Float32Array | Float64Array

/** A rectangle of an array, row-major. */
export interface Tile {
  readonly data: Values
  readonly offset: number
  readonly stride: number
  readonly rows: number
  readonly cols: number
}

/** The largest tile: 128 × 512 of dst, contracted over 128. */
const MAX = { contraction: 128, rows: 128, cols: 512 } as const
const ROWS = 4
const VECTORS = 2
const PAGE = 65536

export class TileProduct {
  /** stationary as [contraction, rows], moving as [contraction, cols], dst as [rows, cols]. */
  private readonly stationary: Values
  private readonly moving: Values
  private readonly dst: Values
  private readonly kernel: (rows: number, cols: number, contraction: number) => void

  constructor(kind: 'float32' | 'float64') {
    const size = kind === 'float32' ? 4 : 8
    const at = {
      stationary: 0,
      moving: MAX.contraction * MAX.rows,
      dst: MAX.contraction * (MAX.rows + MAX.cols),
    }
    const pages = Math.ceil(((at.dst + MAX.rows * MAX.cols) * size) / PAGE)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const view = (offset: number, length: number): Values =>
      kind === 'float32'
        ? new Float32Array(memory.buffer, offset * size, length)
        : new Float64Array(memory.buffer, offset * size, length)
    this.stationary = view(at.stationary, MAX.contraction * MAX.rows)
    this.moving = view(at.moving, MAX.contraction * MAX.cols)
    this.dst = view(at.dst, MAX.rows * MAX.cols)
    const module = new WebAssembly.Module(
      assemble(kind, pages, { moving: at.moving * size, dst: at.dst * size }),
    )
    this.kernel = new WebAssembly.Instance(module, { host: { memory } }).exports
      .multiply as TileProduct['kernel']
  }

  /** dst += stationaryᵀ · moving */
  multiplyAdd(dst: Tile, stationary: Tile, moving: Tile): void {
    const rows = Math.ceil(dst.rows / ROWS) * ROWS
    copyIn(this.stationary, rows, stationary)
    copyIn(this.moving, MAX.cols, moving)
    copyIn(this.dst, MAX.cols, dst)
    this.kernel(rows, dst.cols, stationary.rows)
    for (let i = 0; i < dst.rows; i++)
      dst.data.set(this.dst.subarray(i * MAX.cols, i * MAX.cols + dst.cols), dst.offset + i * dst.stride)
  }
}

function copyIn(to: Values, stride: number, { data, offset, rows, cols, stride: from }: Tile): void {
  for (let i = 0; i < rows; i++)
    to.set(data.subarray(offset + i * from, offset + i * from + cols), i * stride)
}

/** multiply(rows, cols, contraction); rows are a multiple of four, columns beyond `cols` are scratch. */
function assemble(
  kind: 'float32' | 'float64',
  pages: number,
  at: { moving: number; dst: number },
): Uint8Array<ArrayBuffer> {
  const size = kind === 'float32' ? 4 : 8
  const lanes = kind === 'float32' ? f32x4 : f64x2
  const splat = kind === 'float32' ? v128.load32_splat : v128.load64_splat
  const rowBytes = MAX.cols * size
  const width = VECTORS * 16
  const module = new ModuleBuilder()
  module.importMemory('host', 'memory', { initial: pages, maximum: pages, shared: false })
  const multiply = module.function(
    'multiply',
    { params: { rows: 'i32', cols: 'i32', contraction: 'i32' } },
    (f, { rows, cols, contraction }) => {
      const [column, row, k] = (['column', 'row', 'k'] as const).map((name) => f.local('i32', name))
      const [s, m, d] = (['s', 'm', 'd'] as const).map((name) => f.local('i32', name))
      const sums = Array.from({ length: ROWS * VECTORS }, (_, i) => f.local('v128', `sum_${i}`))
      const operands = Array.from({ length: VECTORS }, (_, i) => f.local('v128', `moving_${i}`))
      const factor = f.local('v128', 'factor')
      const place = (i: number): number => Math.floor(i / VECTORS) * rowBytes + (i % VECTORS) * 16
      f.forEach(column!, { from: 0, to: i32.mul(cols, size), step: width }, () =>
        f.forEach(row!, { from: 0, to: rows, step: ROWS }, () => {
          f.set(d!, i32.add(i32.add(i32.mul(row!, rowBytes), column!), at.dst))
          f.set(s!, i32.mul(row!, size))
          f.set(m!, i32.add(column!, at.moving))
          for (const [i, sum] of sums.entries()) f.set(sum, v128.load(d!, place(i)))
          f.forEach(k!, { from: 0, to: contraction }, () => {
            for (const [i, operand] of operands.entries()) f.set(operand, v128.load(m!, i * 16))
            for (let r = 0; r < ROWS; r++) {
              f.set(factor, splat(s!, r * size))
              for (const [i, operand] of operands.entries()) {
                const sum = sums[r * VECTORS + i]!
                f.set(sum, lanes.add(sum, lanes.mul(factor, operand)))
              }
            }
            f.increment(m!, rowBytes)
            f.increment(s!, i32.mul(rows, size))
          })
          for (const [i, sum] of sums.entries()) f.do(v128.store(d!, sum, place(i)))
        }),
      )
    },
  )
  module.export(multiply)
  return module.toBytes()
}
