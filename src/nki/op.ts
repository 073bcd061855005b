/**
 * One declaration per instruction. From it are derived: the typed method on `nisa`, the verifier's shape, memory and
 * limit rules, what the instruction computes, what it costs and counts, its Python in both dialects, and its row in
 * FEATURES.md. An operand is declared as its memories and two letters: the same letter is the same span.
 */
import { type Dtype, dtypeInfo } from '../tensor/index.ts'
import type { Engine, Memory } from './program.ts'
import type { View } from './view.ts'

/** A, B, C: a span, equal wherever the letter stands. '1': one element. */
export type Letter = 'A' | 'B' | 'C' | '1'

export interface OperandSpec<
  M extends Memory = Memory,
  P extends Letter = Letter,
  F extends Letter = Letter,
  Optional extends boolean = boolean,
  OrNumber extends boolean = boolean,
> {
  readonly memory: readonly M[]
  readonly p: P
  readonly f: F
  readonly optional: Optional
  /** A number may stand in its place; it is then an attribute of the op. */
  readonly orNumber: OrNumber
}

const operand =
  <M extends Memory>(...memory: M[]) =>
  <P extends Letter, F extends Letter>(p: P, f: F): OperandSpec<M, P, F, false, false> => ({
    memory,
    p,
    f,
    optional: false,
    orNumber: false,
  })

/** Operands by where they may live. */
export const sbuf = operand('sbuf')
export const psum = operand('psum')
export const onChip = operand('sbuf', 'psum')
export const notPsum = operand('hbm', 'sbuf')

export const optional = <M extends Memory, P extends Letter, F extends Letter, N extends boolean>(
  spec: OperandSpec<M, P, F, boolean, N>,
): OperandSpec<M, P, F, true, N> => ({ ...spec, optional: true })
export const orNumber = <M extends Memory, P extends Letter, F extends Letter, O extends boolean>(
  spec: OperandSpec<M, P, F, O, boolean>,
): OperandSpec<M, P, F, O, true> => ({ ...spec, orNumber: true })

export type Operands = Readonly<Record<string, OperandSpec>>

/** Static arguments: one of a few words, or a number. */
export type AttributeValue = string | number
export type AttributeSpec =
  | { readonly oneOf: readonly string[]; readonly default?: string; readonly optional?: boolean }
  | { readonly number: true; readonly default?: number; readonly optional?: boolean }
export type Attributes = Readonly<Record<string, AttributeSpec>>

/** A rectangle of numbers, row-major with `stride`. Values are held as float32 (int32: float64), already decoded. */
export interface Block {
  readonly data: Float32Array | Float64Array
  readonly offset: number
  readonly stride: number
  readonly rows: number
  readonly cols: number
  /** Position of its first element in its dimensions (iota counts from there). */
  readonly row: number
  readonly col: number
}

/** What the cost and the counters of one instruction depend on. */
export interface Instance {
  /** Sizes of the letters. */
  readonly size: Readonly<Record<Letter, number>>
  readonly memory: Readonly<Record<string, Memory>>
  readonly dtype: Readonly<Record<string, Dtype>>
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

/** Counted in both readings (counts.ts). */
export interface Tally {
  loads: number
  stores: number
  ncMatmuls: number
  macs: number
  transposes: number
  elementwise: number
}

/** The texts of operands and attributes, ready to stand in a line of Python. */
export interface PythonArgs {
  /** Operands by role, attributes by name. */
  readonly [role: string]: string
}
export interface LegacyArgs extends PythonArgs {
  /** `, mask=…` or nothing. */
  readonly mask: string
  /** The dtype of dst, as Python. */
  readonly dtype: string
}

export interface OpSpec<
  N extends string = string,
  O extends Operands = Operands,
  A extends Attributes = Attributes,
> {
  readonly name: N
  /** One line for the documentation. */
  readonly summary: string
  /** The engine that executes it; where several can, the first is the default and `engine` picks another. */
  readonly engines: readonly Engine[]
  readonly operands: O
  readonly attributes: A
  /** The largest size of each letter. */
  readonly limits: Partial<Record<Letter, Limit>>
  /** dst is also an input: the op adds to it. */
  readonly accumulates: boolean
  /** Rules beyond memories, letters and limits, on what is known without dtypes. */
  rule?(op: {
    memory: Record<string, Memory>
    attributes: Record<string, AttributeValue>
    bound: Record<Letter, number>
    engine: Engine
  }): Broken | null
  /** Dtype rules, checked when the dtypes of the inputs are known. */
  dtypeRule?(dtype: Record<string, Dtype>): Broken | null
  /** What it computes: slow, obvious, the definition. The caller rounds dst to its dtype. */
  evaluate(blocks: Record<string, Block>, attributes: Record<string, AttributeValue>): void
  /** Cycles of the executing engine; 0 for DMA, whose cost is bytes. Source: L-ISA (NKI v2.26.1 nki.isa docs). */
  cycles(instance: Instance, engine: Engine): number
  tally(instance: Instance): Partial<Tally>
  readonly python: {
    legacy(t: LegacyArgs): string
    current(t: PythonArgs): string
  }
}

export interface Limit {
  readonly max: number
  /** The constant of `nl.tile_size` that sets it. */
  readonly name: string
}
export interface Broken {
  readonly what: string
  readonly fix: string
}

/** The fields with a usual value may be left out. */
type Declaration<N extends string, O extends Operands, A extends Attributes> = Omit<
  OpSpec<N, O, A>,
  'limits' | 'accumulates' | 'attributes'
> &
  Partial<Pick<OpSpec<N, O, A>, 'limits' | 'accumulates' | 'attributes'>>

/** Every op with a partition dimension is limited to 128 of them. */
const PMAX: Limit = { max: 128, name: 'pmax' }

// biome-ignore lint/complexity/noBannedTypes: an op without attributes adds nothing to its method's argument
export function defineOp<const N extends string, const O extends Operands, const A extends Attributes = {}>(
  declaration: Declaration<N, O, A>,
): OpSpec<N, O, A> {
  const { limits = {}, accumulates = false, attributes = {} as A, ...rest } = declaration
  const partitions = Object.values(declaration.operands)
    .filter((o) => !o.memory.includes('hbm'))
    .map((o) => o.p)
  const byPartition = Object.fromEntries(partitions.map((letter) => [letter, PMAX]))
  return { ...rest, attributes, accumulates, limits: { ...byPartition, ...limits } }
}

// --- the typed method -------------------------------------------------------------------------------------------------

type NameOf<L, A, B, C> = L extends 'A' ? A : L extends 'B' ? B : L extends 'C' ? C : '1'
/** dst says what A and B are; the other operands must agree (`NoInfer`), so that the error stands at the wrong one. */
type DimOf<Role, L, A, B, C> = (Role extends 'dst'
  ? NameOf<L, A, B, C>
  : NameOf<L, NoInfer<A>, NoInfer<B>, C>) &
  string
type ViewOf<Role, S, A, B, C> =
  S extends OperandSpec<infer M, infer P, infer F, boolean, infer N>
    ? View<M, DimOf<Role, P, A, B, C>, DimOf<Role, F, A, B, C>> | (N extends true ? number : never)
    : never
type ValueOf<S> = S extends { oneOf: readonly (infer W)[] } ? W : number
type MayOmit<T> = {
  [K in keyof T]: T[K] extends { optional: true } | { default: string | number } ? K : never
}[keyof T]

export type Method<O extends Operands, At extends Attributes> = <
  A extends string,
  B extends string,
  C extends string,
>(
  args: { [K in Exclude<keyof O, MayOmit<O>>]: ViewOf<K, O[K], A, B, C> } & {
    [K in Extract<keyof O, MayOmit<O>>]?: ViewOf<K, O[K], A, B, C>
  } & { [K in Exclude<keyof At, MayOmit<At>>]: ValueOf<At[K]> } & {
    [K in Extract<keyof At, MayOmit<At>>]?: ValueOf<At[K]>
  } & { engine?: Exclude<Engine, 'dma'> },
) => void

/** Bytes of one row of a DMA and the like need it: the size of an element. */
export const bytesOf = (dtype: Dtype): number => dtypeInfo(dtype).bytes
