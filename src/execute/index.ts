/** Emitted Python, executed: on numpy stand-ins of both dialects, or on AWS's own simulators where they are installed. */
export {
  CHECKED_DTYPES,
  type CheckOutcome,
  type CheckRequest,
  checkEmitted,
  type Distribution,
  type Pair,
} from './check.ts'
export { type ExecuteOptions, type ExecutionCase, type ExecutionResult, executePython } from './execute.ts'
export { findPython, INTERPRETERS, type Interpreter, type PythonSearch, searchPython } from './python.ts'
