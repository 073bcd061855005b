/**
 * One task of a product: some row tiles times some panels, over the whole contraction. For each block of the
 * contraction and each panel, the piece of B (at most 16 KiB) stays in L1 while the row tiles pass by. B is packed in
 * this order, so decode reads it as one stream.
 */
import { type Callable, i32, type ModuleBuilder, v128 } from '../../../wasm/index.ts'
import { argumentsOf, TASK_SIGNATURE } from './phase.ts'
import { loadHalves, PANEL, TILE_SIGNATURE } from './tile.ts'

/** Rows of B that stay in L1 for several row tiles: 512 rows of a panel are 16 KiB, half of an L1 of 32 KiB. */
export const MAX_BLOCK = 512

export interface ProductOptions {
  /** Table slot of the tile kernel of one row; those of 2, 3, … rows follow. */
  readonly firstTileSlot: number
  /** 'widened': bfloat16 panels, made float32 in the thread's scratch memory once for all row tiles. */
  readonly weights: 'float32' | 'bfloat16' | 'widened'
}

export function addProduct(module: ModuleBuilder, { firstTileSlot, weights }: ProductOptions) {
  const widen = weights === 'widened' ? addWiden(module) : undefined
  const elementBytes = weights === 'float32' ? 4 : 2
  const tileType = module.type(TILE_SIGNATURE)
  return module.function(`product_${weights}`, TASK_SIGNATURE, (f, { phase, index, scratch }) => {
    const args = argumentsOf('product', phase)
    const local = (name: string) => f.local('i32', name)
    const [panel0, panel1, tile0, tile1] = [local('panel0'), local('panel1'), local('tile0'), local('tile1')]
    const [tailRows, k0, k, panel, tile] = [
      local('tailRows'),
      local('k0'),
      local('k'),
      local('panel'),
      local('tile'),
    ]
    const [block, b, a, c, tileSlot] = [local('block'), local('b'), local('a'), local('c'), local('tileSlot')]
    const [tileRows, aTileBytes, cTileBytes, rowBytes, vectorBytes] = [
      local('tileRows'),
      local('aTileBytes'),
      local('cTileBytes'),
      local('rowBytes'),
      local('vectorBytes'),
    ]
    f.set(tileRows, args.tileRows)
    f.set(tileSlot, i32.add(tileRows, firstTileSlot - 1))
    f.set(aTileBytes, args.aTileBytes)
    f.set(cTileBytes, args.cTileBytes)
    f.set(rowBytes, args.rowBytes)
    f.set(vectorBytes, args.vectorBytes)

    f.set(panel0, i32.mul(i32.rem_u(index, args.panelTasks), args.panelsPerTask))
    f.set(panel1, i32.add(panel0, args.panelsPerTask))
    f.if(i32.lt_u(args.panels, panel1), () => f.set(panel1, args.panels))
    f.set(tile0, i32.mul(i32.div_u(index, args.panelTasks), args.tilesPerTask))
    f.set(tile1, i32.add(tile0, args.tilesPerTask))
    // The rows after the last full tile belong to the task that reaches it.
    f.if(i32.ge_u(tile1, args.tiles), () => {
      f.set(tile1, args.tiles)
      f.set(tailRows, args.tailRows)
    })

    f.forEach(k0, { from: 0, to: args.k, step: args.kBlock }, () => {
      f.set(k, i32.sub(args.k, k0))
      f.if(i32.lt_u(args.kBlock, k), () => f.set(k, args.kBlock))
      f.set(block, i32.add(args.b, i32.mul(i32.mul(k0, args.panels), PANEL * elementBytes)))
      f.forEach(panel, { from: panel0, to: panel1 }, () => {
        f.set(b, i32.add(block, i32.mul(i32.mul(panel, k), PANEL * elementBytes)))
        if (widen) {
          f.call(widen, { from: b, to: scratch, rows: k })
          f.set(b, scratch)
        }
        // Inside a row tile, k0 steps are k0/4 groups of [rows][4]; a panel of C is two vectors of each row.
        f.set(a, i32.add(i32.add(args.a, i32.mul(tile0, aTileBytes)), i32.mul(i32.mul(k0, 4), tileRows)))
        f.set(
          c,
          i32.add(
            i32.add(args.c, i32.mul(tile0, cTileBytes)),
            i32.mul(panel, i32.mul(vectorBytes, PANEL / 4)),
          ),
        )
        f.forEach(tile, { from: tile0, to: tile1 }, () => {
          f.callIndirect(tileType, tileSlot, { a, b, c, k, rowBytes, vectorBytes, accumulate: k0 })
          f.increment(a, aTileBytes)
          f.increment(c, cTileBytes)
        })
        f.if(tailRows, () => {
          f.callIndirect(tileType, i32.add(tailRows, firstTileSlot - 1), {
            a: i32.add(i32.add(args.a, i32.mul(tile1, aTileBytes)), i32.mul(i32.mul(k0, 4), tailRows)),
            b,
            c: i32.add(
              i32.add(args.c, i32.mul(tile1, cTileBytes)),
              i32.mul(panel, i32.mul(args.tailVectorBytes, PANEL / 4)),
            ),
            k,
            rowBytes,
            vectorBytes: args.tailVectorBytes,
            accumulate: k0,
          })
        })
      })
    })
  })
}

/** Rows of a bfloat16 panel to rows of a float32 panel. */
function addWiden(module: ModuleBuilder): Callable<{ params: { from: 'i32'; to: 'i32'; rows: 'i32' } }> {
  return module.function(
    'widen',
    { params: { from: 'i32', to: 'i32', rows: 'i32' } },
    (f, { from, to, rows }) => {
      const [low, high] = [f.local('v128', 'low'), f.local('v128', 'high')]
      f.loop((again) => {
        loadHalves(f, from, 0, [low, high])
        f.do(v128.store(to, low))
        f.do(v128.store(to, high, 16))
        f.increment(from, 16)
        f.increment(to, 32)
        f.increment(rows, -1)
        f.branchIf(again, rows)
      })
    },
  )
}
