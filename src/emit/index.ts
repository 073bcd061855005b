/** Program → NKI Python: legacy (neuronxcc.nki) and current (nki). */
export { DIALECT, DIALECTS, type Dialect, TARGETS, type Target } from './dialect.ts'
export { type EmitOptions, emitPython } from './python.ts'
