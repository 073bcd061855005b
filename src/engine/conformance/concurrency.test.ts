import { expect, test } from 'vitest'
import { compare } from '../../tensor/index.ts'
import { createEngine } from '../engine.ts'
import { backends } from './backends.ts'
import { CASES } from './cases.ts'
import { problem, valuesOf } from './oracle.ts'
import { soak } from './soak.ts'

/** A mixed bag of layers and row counts. */
const mixed = CASES.filter((c, i) => i % 11 === 0 && c.rows > 0 && c.rows < 100)

for (const backend of backends) {
  test(`${backend}: many layers, many calls at once, sync in between`, async () => {
    const engine = await createEngine({ backend, threads: 2 })
    const jobs = mixed
      .map((c) => ({ c, p: problem(c) }))
      .map((job) => ({ ...job, layer: job.p.layer(engine) }))
    const running = jobs.flatMap((job) =>
      [1, 2, 3].map(async () => ({ job, y: await job.layer.forwardAsync(job.p.x) })),
    )
    for (const { layer, p } of jobs) {
      expect(compare(valuesOf(layer.forward(p.x)), p.expected).relativeError).toBeLessThanOrEqual(p.tolerance)
    }
    for (const { job, y } of await Promise.all(running)) {
      expect(compare(valuesOf(y), job.p.expected).relativeError).toBeLessThanOrEqual(job.p.tolerance)
    }
    engine.dispose()
  })

  test(`${backend}: dispose while running lets the calls under way finish`, async () => {
    const engine = await createEngine({ backend, threads: 2 })
    const p = problem({ ...mixed[0]!, kind: 'lowRank', rows: 64, shape: [256, 128, 512] })
    const layer = p.layer(engine)
    const running = [1, 2, 3, 4].map(() => layer.forwardAsync(p.x))
    layer.dispose()
    engine.dispose()
    for (const y of await Promise.all(running)) {
      expect(compare(valuesOf(y), p.expected).relativeError).toBeLessThanOrEqual(p.tolerance)
    }
    await expect(layer.forwardAsync(p.x)).rejects.toThrow(/disposed/)
    expect(() => layer.forward(p.x)).toThrow(/disposed/)
  })

  test(`${backend}: an aborted engine settles every call and refuses new ones`, async () => {
    const controller = new AbortController()
    const engine = await createEngine({ backend, threads: 2, signal: controller.signal })
    const p = problem({ ...mixed[0]!, kind: 'lowRank', rows: 64, shape: [256, 128, 512] })
    const layer = p.layer(engine)
    const running = Array.from({ length: 20 }, () => layer.forwardAsync(p.x))
    const reason = new Error('enough')
    controller.abort(reason)
    for (const settled of await Promise.allSettled(running)) {
      if (settled.status === 'rejected') expect(settled.reason).toBe(reason)
      else expect(compare(valuesOf(settled.value), p.expected).relativeError).toBeLessThanOrEqual(p.tolerance)
    }
    expect(() => layer.forward(p.x)).toThrow('enough')
    expect(() => p.layer(engine)).toThrow('enough')
  })

  test(`${backend}: memory does not grow over many calls and layers`, async () => {
    const { grownBytes } = await soak(backend, backend === 'reference' ? 100 : 1000)
    expect(grownBytes).toBeLessThan(24 * 2 ** 20)
  })
}
