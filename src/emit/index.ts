/** Program → NKI Python: legacy (neuronxcc.nki) and current (nki). */
export { DIALECT, DIALECTS, type Dialect, TARGETS, type Target, WRITTEN_BY } from './dialect.ts'
export { emitPackage, type PackagedKernel, type PackageOptions, TORCH_DEVICE } from './package/index.ts'
export { type EmitOptions, emitPython } from './python.ts'
