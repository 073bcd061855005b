/**
 * The table that every backend must pass. A row says what is multiplied; what comes out is judged against float64.
 * Shapes are chosen for what breaks kernels: one, just under and over a tile, multiples of nothing, very tall, very wide.
 */
import type { Activation, LayerDtype } from '../types.ts'

export interface Case {
  readonly kind: 'linear' | 'lowRank' | 'lowRankMlp'
  readonly dtype: LayerDtype
  /** X and Y: float32 values or bfloat16 bits. */
  readonly io: LayerDtype
  readonly rows: number
  /** [K, r, N]; for an MLP the hidden width is 2·K + 1 and the three ranks differ; a linear layer ignores r. */
  readonly shape: readonly [number, number, number]
  readonly activation: Activation
  readonly bias: boolean
  /** Weights arrive as transposed views. */
  readonly transposed: boolean
  /** Dtype of the caller's weights. */
  readonly weights: 'float32' | 'bfloat16' | 'float16'
}

const DTYPES: readonly LayerDtype[] = ['float32', 'bfloat16']

function row(change: Partial<Case>): Case {
  return {
    kind: 'lowRank',
    dtype: 'float32',
    io: 'float32',
    rows: 5,
    shape: [70, 37, 101],
    activation: 'none',
    bias: false,
    transposed: false,
    weights: 'float32',
    ...change,
  }
}

function product(...axes: Partial<Case>[][]): Case[] {
  return axes
    .reduce<Partial<Case>[]>((rows, axis) => rows.flatMap((r) => axis.map((a) => ({ ...r, ...a }))), [{}])
    .map(row)
}

const eachDtype = DTYPES.map((dtype) => ({ dtype }))
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Every remainder of every row tile in use (tiles have at most 16 rows), then strips and more than one strip. */
const everyRemainder = product(
  eachDtype,
  [...range(50), 63, 64, 65, 127, 131, 257, 400].map((rows) => ({ rows })),
)

const shapes = product(
  eachDtype,
  [1, 2, 7, 13, 40].map((rows) => ({ rows })),
  (
    [
      [1, 1, 1],
      [2, 1, 3],
      [31, 32, 33],
      [32, 64, 96],
      [33, 31, 65],
      [100, 3, 257],
      [5, 129, 2],
      [257, 61, 31],
      [1500, 17, 3],
      [3, 150, 1200],
      [16, 48, 80],
      [2500, 300, 67],
    ] as const
  ).map((shape) => ({ shape })),
)

const epilogues = product(
  eachDtype,
  DTYPES.map((io) => ({ io })),
  (['none', 'silu', 'gelu', 'relu'] as const).map((activation) => ({ activation })),
  [{ bias: false }, { bias: true }],
  [{ kind: 'linear' }, { kind: 'lowRank' }] as const,
  [{ rows: 1 }, { rows: 19 }],
)

const layouts = product(
  eachDtype,
  [{ transposed: false }, { transposed: true }],
  (['float32', 'bfloat16', 'float16'] as const).map((weights) => ({ weights })),
  [{ kind: 'linear' }, { kind: 'lowRank' }, { kind: 'lowRankMlp' }] as const,
)

const mlps = product(
  eachDtype,
  DTYPES.map((io) => ({ io })),
  [0, 1, 3, 8, 14, 29, 130].map((rows) => ({
    kind: 'lowRankMlp' as const,
    rows,
    activation: 'silu' as const,
  })),
  [{ shape: [40, 11, 50] as const }, { shape: [65, 33, 31] as const }],
)

export const CASES: readonly Case[] = [...everyRemainder, ...shapes, ...epilogues, ...layouts, ...mlps]

export function caseName(c: Case): string {
  const flags = [
    c.bias && 'bias',
    c.transposed && 'transposed',
    c.weights !== 'float32' && `${c.weights} weights`,
  ]
  return [
    c.kind,
    c.dtype,
    `io ${c.io}`,
    `M=${c.rows}`,
    `[${c.shape}]`,
    c.activation,
    ...flags.filter(Boolean),
  ].join(' ')
}
