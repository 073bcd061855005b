/**
 * Y = X·W, naive to best: each variant adds one idea to the one before it. Ragged shapes need no second form, since a
 * span knows where it ends; what the seed calls `masked` is these.
 */
import type { Family } from '../family.ts'
import { matmulBasic } from './matmul-basic.ts'
import { matmulBlockFree } from './matmul-block-free.ts'
import { matmulFixedLoopOrder } from './matmul-fixed-loop-order.ts'
import { matmulFullyOptimized } from './matmul-fully-optimized.ts'
import { matmulHoistLoad } from './matmul-hoist-load.ts'
import { matmulTiled } from './matmul-tiled.ts'
import { matmulTiledNaturalLhs } from './matmul-tiled-natural-lhs.ts'

const LADDER = [
  matmulBasic,
  matmulTiled,
  matmulTiledNaturalLhs,
  matmulHoistLoad,
  matmulBlockFree,
  matmulFullyOptimized,
  matmulFixedLoopOrder,
]

export const MATMUL: readonly Family[] = LADDER.map((general) => ({
  name: general.name,
  group: 'matmul',
  general,
  special: [],
}))
