/** The op table. An export of one of these files is an instruction: its name in camel case is the method of `nisa`. */
import type { OpSpec } from '../op.ts'
import * as dma from './dma.ts'
import * as gpsimd from './gpsimd.ts'
import * as scalar from './scalar.ts'
import * as tensor from './tensor.ts'
import * as vector from './vector.ts'

export const OPS = { ...dma, ...tensor, ...vector, ...scalar, ...gpsimd }

/** The table without its types, for whoever walks over all of it. */
export const opTable: readonly OpSpec[] = Object.values(OPS) as unknown as OpSpec[]
