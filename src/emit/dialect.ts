/** The two dialects of NKI: what a file imports, which SDKs and cores it runs on, and the helpers it may need. */
import { ArgumentError } from '../nki/index.ts'

/** legacy: package `neuronxcc.nki`, gone from SDK 2.30 on. current: package `nki` (NKI migration guide). */
export const DIALECTS = ['legacy', 'current'] as const
export type Dialect = (typeof DIALECTS)[number]

export const TARGETS = ['trn1', 'inf2', 'trn2', 'trn3'] as const
export type Target = (typeof TARGETS)[number]

/** Stands in every file that is emitted, so that it may be emitted again over itself. */
export const WRITTEN_BY = 'Written by neuronmm emit.'

export interface DialectInfo {
  /** The package, as it is imported. */
  readonly module: string
  readonly support: string
  readonly targets: readonly Target[]
}

export const DIALECT: Readonly<Record<Dialect, DialectInfo>> = {
  legacy: {
    module: 'neuronxcc.nki',
    support: 'neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2',
    targets: ['trn1', 'inf2', 'trn2'],
  },
  current: {
    module: 'nki',
    support: 'nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3',
    targets: ['trn2', 'trn3'],
  },
}

/** Operators that instructions of a dialect do not take (nki.api.shared, supported math operators), and what to do. */
export const ABSENT: Readonly<Record<Dialect, Readonly<Record<string, string>>>> = {
  legacy: {},
  current: { divide: 'multiply by its reciprocal' },
}

/** @throws ArgumentError */
export function checkTarget(dialect: Dialect, target: string): Target {
  const known = DIALECT[dialect].targets
  if (!(known as readonly string[]).includes(target))
    throw new ArgumentError(`the ${dialect} dialect has no target ${target}; it runs on ${known.join(', ')}`)
  return target as Target
}

export const imports = (dialect: Dialect): string[] => {
  const { module } = DIALECT[dialect]
  return [
    module === 'nki' ? 'import nki' : `import ${module} as nki`,
    `import ${module}.isa as nisa`,
    `import ${module}.language as nl`,
  ]
}

/**
 * Lists are filled by loops that are unrolled: NKI's language guide documents `append` and not comprehensions, and the
 * legacy tracer runs the body of any other loop once.
 */
const listOf = (tensor: string): string[] => [
  '    tiles = []',
  '    for _ in nl.static_range(count):',
  `        tiles.append(${tensor})`,
  '    return tiles',
]

/** What a kernel refers to, in the order of its definitions; only what is in use is printed. */
export const HELPERS = {
  PMAX: ['PMAX = 128  # partitions of a tile, nl.tile_size.pmax'],
  ceil_div: ['def ceil_div(a, b):', '    return (a + b - 1) // b'],
  balanced: [
    'def balanced(whole, size):',
    '    """Equal pieces of at most size, in whole units of 128: 1500 by 1024 is 768 + 732."""',
    '    assert size > 0 and size % 128 == 0, "a block size must be a positive multiple of 128"',
    '    return min(whole, ceil_div(ceil_div(whole, 128), ceil_div(whole, size)) * 128)',
  ],
  tensors: [
    'def tensors(count, shape, dtype, buffer):',
    '    """Several alike: SBUF used in turn, so that loads run ahead of compute, or banks of PSUM."""',
    ...listOf('nl.ndarray(shape, dtype, buffer=buffer)'),
  ],
  zero_banks: [
    'def zero_banks(count, shape):',
    '    """Accumulators, each a bank of PSUM."""',
    ...listOf('nl.zeros(shape, dtype=nl.float32, buffer=nl.psum)'),
  ],
  zeros: [
    'def zeros(shape, dtype):',
    '    """SBUF that starts at zero."""',
    '    tensor = nl.ndarray(shape, dtype, buffer=nl.sbuf)',
    '    nisa.memset(tensor, 0.0)',
    '    return tensor',
  ],
  padded: [
    'def padded(whole, size):',
    '    """Room for pieces that are all whole."""',
    '    return ceil_div(whole, size) * size',
  ],
  sbuf: [
    'def sbuf(shape, dtype, zero=False):',
    '    """A block in SBUF. What it holds beyond the end of a matrix must be zero."""',
    '    allocate = nl.zeros if zero else nl.ndarray',
    '    return allocate((nl.par_dim(shape[0]),) + shape[1:], dtype=dtype, buffer=nl.sbuf)',
  ],
} as const
export type Helper = keyof typeof HELPERS
