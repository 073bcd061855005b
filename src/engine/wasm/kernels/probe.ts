/** Tasks that measure the machine: multiply-adds without memory, and reads without arithmetic. */
import { f32x4, i32, type ModuleBuilder, v128 } from '../../../wasm/index.ts'
import { argumentsOf, TASK_SIGNATURE } from './phase.ts'
import { multiplyAdd } from './tile.ts'

/** Independent sums; with the two factors, 14 of the 15 registers that V8 hands out. */
const SUMS = 12
/** Floating-point operations of one round of the loop. */
export const PEAK_ROUND_FLOPS = SUMS * 4 * 2

export function addPeak(module: ModuleBuilder, relaxed: boolean) {
  return module.function('peak', TASK_SIGNATURE, (f, { phase, scratch }) => {
    const args = argumentsOf('peak', phase)
    const left = f.local('i32', 'left')
    const sums = Array.from({ length: SUMS }, (_, i) => f.local('v128', `sum${i}`))
    const x = f.local('v128', 'x')
    for (const [i, sum] of sums.entries()) f.set(sum, f32x4.const(i))
    f.set(x, f32x4.const(0.5))
    f.set(left, args.rounds)
    f.block((done) =>
      f.loop((again) => {
        sums.forEach((sum, i) => {
          f.set(sum, multiplyAdd(relaxed, sum, x, sum))
          // Two instructions a sum: split the block as the tile kernels do (tile.ts). One: nothing to spill.
          if (!relaxed) f.branchIf(done, i32.eq(scratch, 2 * i + 1))
        })
        f.increment(left, -1)
        f.branchIf(again, left)
      }),
    )
    for (const [i, sum] of sums.entries()) f.do(v128.store(scratch, sum, 16 * i))
  })
}

export function addRead(module: ModuleBuilder) {
  return module.function('read', TASK_SIGNATURE, (f, { phase, index, scratch }) => {
    const args = argumentsOf('read', phase)
    const [at, end] = [f.local('i32', 'at'), f.local('i32', 'end')]
    const sums = Array.from({ length: 8 }, (_, i) => f.local('v128', `sum${i}`))
    f.set(at, i32.add(args.at, i32.mul(index, args.bytesPerTask)))
    f.set(end, i32.add(at, args.bytesPerTask))
    f.loop((again) => {
      for (const [i, sum] of sums.entries()) f.set(sum, v128.xor(sum, v128.load(at, 16 * i)))
      f.increment(at, 16 * sums.length)
      f.branchIf(again, i32.lt_u(at, end))
    })
    for (const [i, sum] of sums.entries()) f.do(v128.store(scratch, sum, 16 * i))
  })
}
