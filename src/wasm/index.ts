/** A small WebAssembly assembler: typed expressions, structured control flow, modules as bytes. */
export { type Callable, FunctionBuilder, type Label, type Local, type Signature } from './function.ts'
export {
  type Expr,
  f32,
  f32x4,
  f64x2,
  i16x8,
  i32,
  i32x4,
  memory,
  type Operand,
  type Statement,
  type ValueType,
  v128,
} from './instructions.ts'
export { type MemoryLimits, ModuleBuilder } from './module.ts'
