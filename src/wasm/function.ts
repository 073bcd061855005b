/**
 * One function under construction: its locals, its control flow and its statements, in the order in which they are
 * written. Blocks, loops and ifs take a closure for their body and hand it a label, so that a branch names where it goes
 * and the assembler counts the depth.
 */
import { type Bytes, name, sized, unsigned, vector } from './encoding.ts'
import {
  codeOf,
  type Expr,
  type Operand,
  type Operands,
  type Statement,
  toExpr,
  VALUE_TYPE_CODES,
  type ValueType,
} from './instructions.ts'

/** A local variable or parameter; as an expression it is its current value. */
export interface Local<T extends ValueType> extends Expr<T> {
  readonly name: string
  readonly index: number
}

/** Where a branch goes: the end of a block, or the start of a loop. */
export interface Label {
  readonly depth: number
}

/** Types of a function: named parameters in order, and no result or one. */
export interface Signature {
  readonly params: Readonly<Record<string, ValueType>>
  readonly result?: ValueType
}

/** Parameters by name. */
export type Params<S extends Signature> = { [K in keyof S['params']]: Local<S['params'][K]> }

/** Something that can be called: an index in the module's function space and its signature. */
export interface Callable<S extends Signature = Signature> {
  readonly name: string
  readonly index: number
  readonly signature: S
}

const BLOCK_WITHOUT_RESULT = 0x40

export class FunctionBuilder {
  readonly #params: Local<ValueType>[]
  readonly #locals: Local<ValueType>[] = []
  readonly #code: number[] = []
  #depth = 0

  constructor(signature: Signature) {
    this.#params = Object.entries(signature.params).map(([paramName, type], index) =>
      makeLocal(paramName, type, index),
    )
  }

  param(paramName: string): Local<ValueType> {
    return this.#params.find((param) => param.name === paramName)!
  }

  /** A fresh local, zero at first. Names are for people: they go to the name section. */
  local<T extends ValueType>(type: T, localName: string): Local<T> {
    const local = makeLocal(localName, type, this.#params.length + this.#locals.length)
    this.#locals.push(local)
    return local
  }

  set<T extends ValueType>(local: Local<T>, value: Operand<T>): void {
    this.#emit([...toExpr(value).code, 0x21, ...unsigned(local.index)])
  }

  /** `set`, and the value as an expression. */
  tee<T extends ValueType>(local: Local<T>, value: Operand<T>): Expr<T> {
    return { type: local.type, code: [...toExpr(value).code, 0x22, ...unsigned(local.index)] }
  }

  /** Adds `step` to an i32 local. */
  increment(local: Local<'i32'>, step: Operand<'i32'>): void {
    this.#emit([...codeOf([local, step]), 0x6a, 0x21, ...unsigned(local.index)])
  }

  do(statement: Statement): void {
    this.#emit(statement.code)
  }

  drop(value: Expr<ValueType>): void {
    this.#emit([...value.code, 0x1a])
  }

  /** A block; branching to its label leaves it. */
  block(body: (end: Label) => void): void {
    this.#nest([0x02, BLOCK_WITHOUT_RESULT], body)
  }

  /** A loop; branching to its label starts the next round, falling through leaves it. */
  loop(body: (again: Label) => void): void {
    this.#nest([0x03, BLOCK_WITHOUT_RESULT], body)
  }

  if(condition: Operand<'i32'>, then: () => void, otherwise?: () => void): void {
    this.#nest([...codeOf([condition]), 0x04, BLOCK_WITHOUT_RESULT], () => {
      then()
      if (otherwise) {
        this.#emit([0x05])
        otherwise()
      }
    })
  }

  branch(label: Label): void {
    this.#emit([0x0c, ...this.#relative(label)])
  }

  branchIf(label: Label, condition: Operand<'i32'>): void {
    this.#emit([...codeOf([condition]), 0x0d, ...this.#relative(label)])
  }

  return(): void {
    this.#emit([0x0f])
  }

  /** Runs `body` with `index` = from, from + step, … while it is below `to`. */
  forEach(
    index: Local<'i32'>,
    range: { from: Operand<'i32'>; to: Operand<'i32'>; step?: Operand<'i32'> },
    body: () => void,
  ): void {
    this.set(index, range.from)
    this.block((end) =>
      this.loop((again) => {
        this.branchIf(end, { type: 'i32', code: [...codeOf([index, range.to]), 0x4f] })
        body()
        this.increment(index, range.step ?? 1)
        this.branch(again)
      }),
    )
  }

  call<S extends Signature>(
    callee: Callable<S>,
    operands: { [K in keyof S['params']]: Operand<S['params'][K]> },
  ): void {
    this.#emit([...argumentCode(callee.signature, operands), 0x10, ...unsigned(callee.index)])
    this.#dropResult(callee.signature)
  }

  /** Calls entry `index` of the module's table; the type is given by its index in the type section. */
  callIndirect<S extends Signature>(
    type: { index: number; signature: S },
    index: Operand<'i32'>,
    operands: { [K in keyof S['params']]: Operand<S['params'][K]> },
  ): void {
    this.#emit([
      ...argumentCode(type.signature, operands),
      ...codeOf([index]),
      0x11,
      ...unsigned(type.index),
      0,
    ])
    this.#dropResult(type.signature)
  }

  /** The body as it stands in the code section: locals grouped by type, code, end. */
  body(): Bytes {
    const groups: { count: number; type: ValueType }[] = []
    for (const { type } of this.#locals) {
      const last = groups.at(-1)
      if (last?.type === type) last.count++
      else groups.push({ count: 1, type })
    }
    const declarations = vector(groups.map(({ count, type }) => [...unsigned(count), VALUE_TYPE_CODES[type]]))
    return sized([...declarations, ...this.#code, 0x0b])
  }

  /** The local names, as they stand in the name section. */
  localNames(): Bytes {
    return vector(
      [...this.#params, ...this.#locals].map((local) => [...unsigned(local.index), ...name(local.name)]),
    )
  }

  #nest(opening: Bytes, body: (label: Label) => void): void {
    this.#emit(opening)
    this.#depth++
    body({ depth: this.#depth })
    this.#depth--
    this.#emit([0x0b])
  }

  #relative(label: Label): number[] {
    if (label.depth > this.#depth) throw new Error('a branch leaves through a label that is already closed')
    return unsigned(this.#depth - label.depth)
  }

  #dropResult(signature: Signature): void {
    if (signature.result) this.#emit([0x1a])
  }

  #emit(code: Bytes): void {
    for (const byte of code) this.#code.push(byte)
  }
}

/** Operands in the order in which the signature declares its parameters. */
function argumentCode(
  signature: Signature,
  operands: Readonly<Record<string, Operand<ValueType>>>,
): number[] {
  const names = Object.keys(signature.params)
  return codeOf(names.map((paramName) => operands[paramName]!) as Operands<readonly 'i32'[]>)
}

function makeLocal<T extends ValueType>(localName: string, type: T, index: number): Local<T> {
  return { name: localName, type, index, code: [0x20, ...unsigned(index)] }
}
