/** The engine in C++ (native/): AVX-512 with bfloat16, AVX-512, AVX2, NEON or plain, chosen at run time. */
export { type Addon, type AddonEngine, loadAddon } from './addon.ts'
export { createNativeBackend } from './backend.ts'
