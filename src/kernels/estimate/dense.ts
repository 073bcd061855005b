/** The dense product as blocks in time: what matmul/product.ts does, loop for loop. */
import { Block } from './block.ts'
import { banks, bytesOf, cut, multiplication, OPERAND, rowsOf, SUM, tiles, zeroing } from './costs.ts'
import { around, type Expected, inStrips, type StripsOf, span, stored } from './strips.ts'

/** Y = X·W in blocks; a strip of results stays while the contraction goes by. */
const denseStrips =
  (outermost: 'columns' | 'rows'): StripsOf =>
  (schedule, dims, machine, strips) => {
    const { M, K, N } = dims as { readonly [D in 'M' | 'K' | 'N']: number }
    const sum = schedule.accumulate === 'float32' ? SUM : OPERAND
    const k = cut(K, schedule.kBlock)
    const inK = [around(k.sizes.length, 2, 20), strips]
    const shape = (size: number): readonly [number, number] => (outermost === 'rows' ? [size, N] : [M, size])
    const inner = outermost === 'rows' ? cut(N, schedule.nBlock) : cut(M, schedule.mBlock)
    const own = outermost === 'rows' ? M : N
    const stays = new Block(bytesOf(k.size, own), tiles(k.size), span(3, 19), inK, machine)
    const passes = new Block(
      bytesOf(k.size, inner.size),
      tiles(k.size),
      span(6, 8),
      [around(inner.sizes.length, 5, 10), ...inK],
      machine,
    )
    const result = new Block(bytesOf(M, N, sum), tiles(M) * banks(N), span(1, 40), [strips], machine)
    const out = new Block(N * OPERAND, 1, span(32, 34), [around(tiles(M), 30, 36), strips], machine)
    return {
      blocks: [passes, stays, ...(sum === SUM ? [out] : []), result],
      strip(line, size) {
        const [rows, columns] = shape(size)
        line.zero(result, zeroing(rows, columns, sum, machine), result.tiles)
        for (const depth of k.sizes) {
          line.load(stays, rowsOf(depth, size))
          for (const part of inner.sizes) {
            line.load(passes, rowsOf(depth, part))
            const [high, wide] = outermost === 'rows' ? [size, part] : [part, size]
            const work = multiplication(depth, high, wide, machine)
            line.product(work, [{ of: stays }, { of: passes }], result)
          }
        }
        stored(line, result, sum === SUM ? out : null, rows, columns, machine)
      },
    }
  }

const byColumns = inStrips('N', 'nBlock', denseStrips('columns'))
const byRows = inStrips('M', 'mBlock', denseStrips('rows'))

/** The dense product, whichever loop is outermost. */
export const dense: Expected = (schedule, ...at) =>
  (schedule.outermost === 'columns' ? byColumns : byRows)(schedule, ...at)
