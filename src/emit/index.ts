/** Program → NKI Python: legacy (neuronxcc.nki) and current (nki). */
export { DIALECT, DIALECTS, type Dialect, TARGETS, type Target } from './dialect.ts'
export { type ExecutionCase, type ExecutionResult, executePython, findPython } from './execute.ts'
export { type EmitOptions, emitPython } from './python.ts'
