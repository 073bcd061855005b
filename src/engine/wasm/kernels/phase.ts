/**
 * Work as data. A job is a list of phases; a phase is one task function, a range of task numbers and its arguments, all
 * i32 words in shared memory. The planner (TypeScript) writes them, the executor (WebAssembly) runs them on every thread:
 * there is no second driver in the workers.
 */
import { type Expr, i32, type Local } from '../../../wasm/index.ts'

/** Words of the job header, at its address. */
export const JOB = { next: 0, done: 4, total: 8, announce: 12, sleepers: 16 } as const
export const JOB_HEADER_BYTES = 64
export const PHASE_BYTES = 128
export const MAX_PHASES = 24
export const JOB_BYTES = JOB_HEADER_BYTES + MAX_PHASES * PHASE_BYTES
/** A value of `next` that no task number reaches: the job is being rewritten. */
export const CLOSED = 0x40000000

/** Words that every phase has: table slot of its function, its task numbers, and how many tasks must be done before. */
const COMMON = ['slot', 'begin', 'end', 'after'] as const

/** Arguments of each task function, in the order of their words. */
export const PHASES = {
  /** C (+)= A·B over row tiles × panels. */
  product: [
    'a',
    'b',
    'c',
    'k',
    'kBlock',
    'panels',
    'panelsPerTask',
    'panelTasks',
    'tiles',
    'tilesPerTask',
    'tileRows',
    'tailRows',
    'aTileBytes',
    'cTileBytes',
    'rowBytes',
    'vectorBytes',
    'tailVectorBytes',
  ],
  /** Rows of X into row tiles [K/4][rows][4]; one task per tile. */
  packRows: ['x', 'strip', 'k', 'xRowBytes', 'tileBytes', 'tileRows', 'rows'],
  /** y = activation(y + bias); one task per row. */
  finishRows: ['y', 'bias', 'rowBytes', 'vectors', 'rowsPerTask', 'rows'],
  /** gate = activation(gate)·up, element by element. */
  combine: ['gate', 'up', 'vectors', 'vectorsPerTask'],
  /** float32 rows to bfloat16 rows. */
  roundRows: ['y', 'out', 'rowBytes', 'vectors', 'outRowBytes', 'rowsPerTask', 'rows'],
  /** A loop of multiply-adds in registers, and one of loads; both to measure. */
  peak: ['rounds'],
  read: ['at', 'bytesPerTask'],
} as const

export type PhaseKind = keyof typeof PHASES
export type PhaseArguments<K extends PhaseKind> = Record<(typeof PHASES)[K][number], number>
export type CommonWords = Record<(typeof COMMON)[number], number>

/** Words of a phase in memory order. */
export function phaseWords<K extends PhaseKind>(
  kind: K,
  common: CommonWords,
  args: PhaseArguments<K>,
): number[] {
  const named = args as Record<string, number>
  return [...COMMON.map((word) => common[word]), ...PHASES[kind].map((word) => named[word]!)]
}

/** Phases in order, and the number of their tasks. */
export interface Work {
  readonly phases: readonly (readonly number[])[]
  readonly total: number
}

export const SLOT_OFFSET = 0
export const BEGIN_OFFSET = 4
export const END_OFFSET = 8
export const AFTER_OFFSET = 12

/** Loads of a phase's arguments by name. */
export function argumentsOf<K extends PhaseKind>(
  kind: K,
  phase: Local<'i32'>,
): Record<(typeof PHASES)[K][number], Expr<'i32'>> {
  const loads = PHASES[kind].map((word, i) => [word, i32.load(phase, 4 * (COMMON.length + i))])
  return Object.fromEntries(loads) as Record<(typeof PHASES)[K][number], Expr<'i32'>>
}

/** Every task function: its phase, its number within the phase, and memory of its thread. */
export const TASK_SIGNATURE = { params: { phase: 'i32', index: 'i32', scratch: 'i32' } } as const
