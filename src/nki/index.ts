/** The kernel language: kernel() → trace → Program → verify; the op table; the printer. */
export { type Abstract, abstractOf } from './abstract.ts'
export { type Binding, bind, type Dims, dtypeOf, operandDtypes, takes } from './bind.ts'
export { ArgumentError, type Fault, KernelError } from './errors.ts'
export { Extents, type Reading } from './extents.ts'
export {
  AUTO,
  BUFFERS,
  type Kernel,
  type KernelDef,
  kernel,
  type OptionValues,
  type ScheduleValues,
  snake,
} from './kernel.ts'
export { type Axis, type Handles, type Nisa, type Nl, TILE_SIZE } from './language.ts'
export type {
  AttributeValue,
  Block,
  Instance,
  LegacyArgs,
  Letter,
  Method,
  OpSpec,
  PythonArgs,
  Tally,
} from './op.ts'
export { ACTIVATIONS, type ActivationFunction } from './ops/functions.ts'
export { opTable } from './ops/index.ts'
export { type PrintOptions, print } from './print.ts'
export {
  type Alloc,
  type Backing,
  type Engine,
  type HbmTensor,
  isAlloc,
  type Loop,
  type LoopMode,
  type Memory,
  type Node,
  type Op,
  type Program,
  readsOf,
  type SymbolicDtype,
  walk,
} from './program.ts'
export type { Algebra, Matrix } from './reference.ts'
export { type Call, type Routine, routine } from './routine.ts'
export {
  dimsOfShare,
  MAX_CORES,
  type Share,
  type Split,
  sharesOf,
  splitOf,
  whyNotShared,
} from './share.ts'
export { Site } from './site.ts'
export { balanced, Cut, PARTITIONS, Param, type Size, Span, sizeOf } from './span.ts'
export { meant } from './suggest.ts'
export { verify } from './verify.ts'
export { View } from './view.ts'
