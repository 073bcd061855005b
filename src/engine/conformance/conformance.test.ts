import { expect, test } from 'vitest'
import { compare, Tensor } from '../../tensor/index.ts'
import { createEngine } from '../engine.ts'
import { missing, type Variant, variants } from './backends.ts'
import { CASES, type Case, caseName } from './cases.ts'
import { problem, valuesOf } from './oracle.ts'

for (const { backend, reason } of missing) {
  test.skip(`${backend} is not available here: ${reason}`, () => {})
}

const threadCounts = ({ backend }: Variant): number[] => (backend === 'reference' ? [1] : [1, 2, 3])

/** The error of one case as a fraction of what is allowed; above 1 fails. */
function check(c: Case, y: Float32Array, expected: Float64Array, allowed: number): string | undefined {
  const { relativeError, mismatchedNaN } = compare(y, expected)
  if (mismatchedNaN === 0 && relativeError <= allowed) return undefined
  return `${caseName(c)}: relative error ${relativeError}, allowed ${allowed}`
}

for (const variant of variants) {
  const name = `${variant.backend} ${variant.instructionSet}`

  test(`${name}: every case of the table agrees with float64`, async () => {
    const engines = await Promise.all(
      threadCounts(variant).map((threads) => createEngine({ ...variant, threads })),
    )
    const failures: string[] = []
    for (const [i, c] of CASES.entries()) {
      const p = problem(c)
      // Every thread count on the cases that split differently, one of them in turn on the others.
      const used = c.rows <= 16 || c.rows > 60 ? engines : [engines[i % engines.length]!]
      for (const engine of used) {
        const layer = p.layer(engine)
        const filler =
          c.io === 'float32' ? new Float32Array(p.expected.length) : new Uint16Array(p.expected.length)
        const y = layer.forward(p.x, filler.fill(7))
        const failure = check(c, valuesOf(y), p.expected, p.tolerance)
        if (failure) failures.push(`${failure}, ${engine.info.threads} threads`)
        layer.dispose()
      }
    }
    for (const engine of engines) engine.dispose()
    expect(failures).toEqual([])
  })

  test.each(['float32', 'bfloat16'] as const)(
    `${name}: NaN and infinity stay in their row, %s`,
    async (dtype) => {
      const engine = await createEngine({ ...variant, threads: 2 })
      for (const kind of ['linear', 'lowRank'] as const) {
        for (const rows of [1, 3, 20, 70]) {
          const c: Case = {
            kind,
            dtype,
            io: 'float32',
            rows,
            // An odd rank: padding in the middle of the chain must not turn infinity into NaN.
            shape: [37, 13, 45],
            activation: 'none',
            bias: false,
            transposed: false,
            weights: 'float32',
          }
          const clean = problem(c)
          const layer = clean.layer(engine)
          const before = layer.forward(clean.x)
          const [poisoned, infinite] = [0, rows - 1]
          const x = clean.x.slice() as Float32Array
          x[infinite * 37 + 5] = Number.POSITIVE_INFINITY
          x[poisoned * 37 + 3] = Number.NaN
          const after = layer.forward(x)
          for (let m = 0; m < rows; m++) {
            const row = after.subarray(m * 45, (m + 1) * 45)
            if (m === poisoned) expect(row.every(Number.isNaN)).toBe(true)
            else if (m === infinite) expect(row.every((value) => !Number.isFinite(value))).toBe(true)
            else expect(row).toEqual(before.subarray(m * 45, (m + 1) * 45))
          }
        }
      }
      engine.dispose()
    },
  )

  test.each(['float32', 'bfloat16'] as const)(
    `${name}: infinity times positive weights is infinity, %s`,
    async (dtype) => {
      const engine = await createEngine({ ...variant, threads: 2 })
      for (const r of [1, 2, 7, 33]) {
        const ones = (shape: [number, number]): Tensor =>
          Tensor.from(new Float32Array(shape[0] * shape[1]).fill(1), shape, dtype)
        const layer = engine.lowRank({ u: ones([9, r]), v: ones([r, 35]), dtype, activation: 'relu' })
        for (const rows of [1, 5, 40]) {
          const x = new Float32Array(rows * 9).fill(1)
          x[4] = Number.POSITIVE_INFINITY
          const y = layer.forward(x)
          expect(y.subarray(0, 35).every((value) => value === Number.POSITIVE_INFINITY)).toBe(true)
          expect(y.subarray(35).every((value) => value === 9 * r)).toBe(true)
        }
      }
      engine.dispose()
    },
  )

  test(`${name}: relu keeps NaN, a NaN weight poisons its column only`, async () => {
    const engine = await createEngine(variant)
    const w = Tensor.from(new Float32Array(12 * 40).fill(1), [12, 40], 'float32')
    w.set(Number.NaN, 11, 39)
    const y = engine
      .linear({ w, dtype: 'float32', activation: 'relu' })
      .forward(new Float32Array(3 * 12).fill(1))
    for (let i = 0; i < y.length; i++) expect(y[i]).toBe(i % 40 === 39 ? Number.NaN : 12)
    engine.dispose()
  })
}
