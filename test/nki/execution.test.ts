/**
 * Every kernel, emitted in both dialects, executed on the numpy stand-ins and compared with simulate/run: outputs equal
 * within a rounding step, bit by bit for integers, and bytes of HBM equal to the counters.
 */
import { describe, expect, it } from 'vitest'
import { type CheckOutcome, checkEmitted, findPython } from '../../src/execute/index.ts'
import { KERNELS, type LabelledRequest, requestsFor } from './cases.ts'

const python = findPython()
if (!python)
  console.warn('emitted kernels were not executed: there is no Python with numpy (set NEURONMM_PYTHON)')

const labelOf = ({ request, emit }: CheckOutcome): string =>
  `${emit.dialect}, ${(request as LabelledRequest).label}`

describe.skipIf(!python)('executed on the stand-ins', () => {
  it.each(KERNELS.map((kernel) => [kernel.name, kernel] as const))('%s', async (_, kernel) => {
    const outcomes = await checkEmitted(python!, requestsFor(kernel))
    const failed = outcomes.filter(({ ok }) => !ok)
    expect(failed.map((outcome) => ({ ...outcome, request: labelOf(outcome) }))).toEqual([])
    const compared = outcomes.map(({ relativeError, integerError, hbmReadBytes, hbmWriteBytes }) => [
      relativeError ?? integerError,
      hbmReadBytes,
      hbmWriteBytes,
    ])
    expect(compared.flat()).not.toContain(null)
  })
})
