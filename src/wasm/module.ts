/**
 * A module under construction: types, imports, functions, one table. `toBytes` lays the sections out in the
 * order that the binary format asks for, with a name section, so that disassembly reads like the generator.
 */
import { type Bytes, name, section, unsigned, vector } from './encoding.ts'
import { type Callable, FunctionBuilder, type Params, type Signature } from './function.ts'
import { VALUE_TYPE_CODES } from './instructions.ts'

/** Limits of the imported memory, in pages of 64 KiB. A shared memory needs a maximum. */
export interface MemoryLimits {
  readonly initial: number
  readonly maximum: number
  readonly shared: boolean
}

const HEADER: Bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const FUNCTION_KIND = 0x00
const MEMORY_KIND = 0x02
const FUNCREF = 0x70

/** Section identifiers (Core Specification 5.5.2). */
const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10 }

export class ModuleBuilder {
  readonly #types: Bytes[] = []
  readonly #imports: Bytes[] = []
  readonly #callables: Callable[] = []
  readonly #functions: { builder: FunctionBuilder; type: number }[] = []
  readonly #exports: Bytes[] = []
  readonly #table: Callable[] = []
  #importedFunctions = 0

  importMemory(from: string, item: string, limits: MemoryLimits): void {
    const flags = limits.shared ? 0x03 : 0x01
    this.#imports.push([
      ...name(from),
      ...name(item),
      MEMORY_KIND,
      flags,
      ...unsigned(limits.initial),
      ...unsigned(limits.maximum),
    ])
  }

  /** Imported functions come first in the function space, so they are declared before any function of the module. */
  importFunction<S extends Signature>(from: string, item: string, signature: S): Callable<S> {
    if (this.#functions.length > 0) throw new Error(`import ${from}.${item}: imports come before functions`)
    const type = this.type(signature)
    this.#imports.push([...name(from), ...name(item), FUNCTION_KIND, ...unsigned(type.index)])
    this.#importedFunctions++
    return this.#declare(item, signature)
  }

  function<const S extends Signature>(
    functionName: string,
    signature: S,
    write: (f: FunctionBuilder, params: Params<S>) => void,
  ): Callable<S> {
    const builder = new FunctionBuilder(signature)
    const params = Object.fromEntries(Object.keys(signature.params).map((key) => [key, builder.param(key)]))
    write(builder, params as Params<S>)
    this.#functions.push({ builder, type: this.type(signature).index })
    return this.#declare(functionName, signature)
  }

  export(callable: Callable, as = callable.name): void {
    this.#exports.push([...name(as), FUNCTION_KIND, ...unsigned(callable.index)])
  }

  /** Appends a function to the module's table and gives its slot, for `callIndirect`. */
  slot(callable: Callable): number {
    return this.#table.push(callable) - 1
  }

  /** The index of a function type; equal types share one. */
  type<S extends Signature>(signature: S): { index: number; signature: S } {
    const params = Object.values(signature.params).map((type) => [VALUE_TYPE_CODES[type]])
    const results = signature.result ? [[VALUE_TYPE_CODES[signature.result]]] : []
    const bytes = [0x60, ...vector(params), ...vector(results)]
    const known = this.#types.findIndex((type) => type.join() === bytes.join())
    return { index: known >= 0 ? known : this.#types.push(bytes) - 1, signature }
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const functions = this.#functions
    const sections: Bytes[] = [
      section(SECTION.type, vector(this.#types)),
      section(SECTION.import, vector(this.#imports)),
      section(SECTION.function, vector(functions.map(({ type }) => unsigned(type)))),
    ]
    if (this.#table.length > 0) sections.push(section(SECTION.table, vector([tableType(this.#table.length)])))
    sections.push(section(SECTION.export, vector(this.#exports)))
    if (this.#table.length > 0) {
      const items = vector(this.#table.map(({ index }) => unsigned(index)))
      sections.push(section(SECTION.element, vector([[0x00, 0x41, 0x00, 0x0b, ...items]])))
    }
    sections.push(section(SECTION.code, vector(functions.map(({ builder }) => builder.body()))))
    sections.push(section(SECTION.custom, [...name('name'), ...this.#names()]))
    return new Uint8Array([...HEADER, ...sections.flat()])
  }

  /** Subsections 1 and 2 of the name section: functions, and locals of each function. */
  #names(): Bytes {
    const functionNames = vector(
      this.#callables.map((callable) => [...unsigned(callable.index), ...name(callable.name)]),
    )
    const localNames = vector(
      this.#functions.map(({ builder }, i) => [
        ...unsigned(this.#importedFunctions + i),
        ...builder.localNames(),
      ]),
    )
    return [...section(1, functionNames), ...section(2, localNames)]
  }

  #declare<S extends Signature>(functionName: string, signature: S): Callable<S> {
    const callable = { name: functionName, index: this.#callables.length, signature }
    this.#callables.push(callable)
    return callable
  }
}

function tableType(size: number): Bytes {
  return [FUNCREF, 0x01, ...unsigned(size), ...unsigned(size)]
}
