/** Emitted Python, executed: on numpy stand-ins of both dialects, or on AWS's own simulators where they are installed. */
export { type ExecuteOptions, type ExecutionCase, type ExecutionResult, executePython } from './execute.ts'
export { findPython, INTERPRETERS, type Interpreter, type PythonSearch, searchPython } from './python.ts'
