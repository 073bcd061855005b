/** The part of the WebAssembly JavaScript API that is used here; neither ES2023 nor Node's types declare it. */
declare namespace WebAssembly {
  class Module {
    private readonly brand
    constructor(bytes: BufferSource)
  }
  class Memory {
    readonly buffer: ArrayBuffer
    constructor(limits: { initial: number; maximum: number; shared?: boolean })
    grow(pages: number): number
  }
  class Instance {
    readonly exports: Record<string, unknown>
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
  }
  function validate(bytes: BufferSource): boolean
  function compile(bytes: BufferSource): Promise<Module>
}
type BufferSource = ArrayBufferView<ArrayBuffer> | ArrayBuffer
