/** The section of the calibration report for a file that `neuronmm bench --on device` saved. */
import { expect, test } from 'vitest'
import { measuredSection } from '../scripts/calibration/measured.ts'
import { type Measurement, type Measurements, type Point, pointOf } from '../src/measure/index.ts'

const dims = { M: 256, K: 512, r: 128, N: 512 }
const points = ['fused_xuv', 'sequential_xuv'].map((name) => pointOf(name, dims, 'bfloat16', 'default'))

const measured = (point: Point, profile: Measurement['profile']): Measurement => ({
  ...point,
  clock: 'host',
  percentiles: { 0: 900, 1: 901, 10: 910, 25: 925, 50: 950, 90: 990, 99: 999, 100: 1000 },
  profile,
  note: null,
})
const profile = { total_time: 0.0005, hbm_read_bytes: 1e6, hbm_write_bytes: 5e5 }
const document: Measurements = {
  format: 'neuronmm-measurements-1',
  target: 'trn2',
  dialect: 'current',
  machine: { instance: 'trn2.48xlarge', python: '3.12.1', packages: { nki: '0.5.0' }, profiler: null },
  points: [measured(points[0]!, null), measured(points[0]!, profile)],
  failures: [{ ...points[1]!, error: 'SystemExit: 70' }],
}

test('says that it calibrated nothing', () => {
  const text = measuredSection(document, 'a.json').join('\n')
  expect(text).toContain('## Measured by a user: a.json')
  expect(text).toContain('None of these points was used to calibrate the model.')
  const schedule = Object.entries(points[0]!.schedule).map(([entry, value]) => `${entry}=${value}`)
  expect(schedule).not.toEqual([])
  expect(text).toContain(
    `| fused_xuv M=256 K=512 r=128 N=512 bfloat16 (${schedule.join(' ')}) | host clock |`,
  )
  expect(text).toContain('| profiler |')
  expect(text).toMatch(/- sequential_xuv M=256 .* was not measured: SystemExit: 70/)
})
