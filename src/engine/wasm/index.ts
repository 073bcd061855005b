/** The portable engine: kernels emitted as WebAssembly for the features at hand, threads where memory can be shared. */
export { createWasmBackend } from './backend.ts'
