import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findPython } from '../execute/index.ts'
import {
  compareMeasurements,
  findSdk,
  type Measurement,
  measureOnDevice,
  type Point,
  parseMeasurements,
  pointOf,
  type Sdk,
  type SdkOptions,
} from './index.ts'

const python = findPython()
const FAKES = resolve('test/neuron-sdk')
const DIMS = { M: 256, K: 512, r: 128, N: 512 }
const points = ['fused_xuv', 'sequential_xuv'].map((name) => pointOf(name, DIMS, 'bfloat16', 'default'))
const quick = { warmup: 1, iterations: 5, seconds: 60 }

let folder = ''
beforeEach(() => {
  vi.stubEnv('NEURONMM_PYTHON', python ? resolve(python) : '')
  // work folders of their own, so that one that is left behind is seen
  folder = mkdtempSync(join(tmpdir(), 'measure-test-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function install(...packages: ('legacy' | 'current' | 'bin')[]): void {
  const paths = packages.filter((name) => name !== 'bin').map((name) => join(FAKES, name))
  vi.stubEnv('PYTHONPATH', paths.join(delimiter))
  if (packages.includes('bin')) vi.stubEnv('PATH', [join(FAKES, 'bin'), process.env.PATH].join(delimiter))
}

function sdkOf(options: SdkOptions): Sdk {
  const sdk = findSdk(options)
  if ('missing' in sdk) throw new Error(sdk.missing)
  return sdk
}

describe.skipIf(!python)('finding the SDK', () => {
  it.each([
    ['trn1.32xlarge', ['legacy'], 'trn1', 'legacy'],
    ['inf2.xlarge', ['legacy'], 'trn1', 'legacy'],
    ['trn2.48xlarge', ['current'], 'trn2', 'current'],
    ['trn2.48xlarge', ['legacy'], 'trn2', 'legacy'],
    ['trn2.48xlarge', ['legacy', 'current'], 'trn2', 'current'],
    ['trn3.48xlarge', ['current'], 'trn3', 'current'],
  ] as const)('on %s with %s: %s, %s', (instance, packages, target, dialect) => {
    install(...packages)
    const sdk = sdkOf({ instance })
    expect(sdk).toMatchObject({ target, dialect, instance, profiler: null })
    expect(sdk.packages).toMatchObject(
      dialect === 'legacy' ? { neuronxcc: '2.21.18209' } : { nki: '0.5.0', torch_neuronx: '2.14.0' },
    )
  })

  it('finds the profiler on the PATH', () => {
    install('current', 'bin')
    expect(sdkOf({ target: 'trn2', instance: null }).profiler).toBe(join(FAKES, 'bin', 'neuron-explorer'))
  })

  it.each([
    [
      [],
      { instance: 'trn1.2xlarge' },
      /^this takes a Trainium instance with the Neuron SDK: .* has no nki; install nki of/,
    ],
    [
      ['current'],
      { instance: 'c5.large' },
      /^c5\.large is no Trainium instance that is known here; name .* --target trn1/,
    ],
    [['current'], { instance: null }, /^this machine is no Trainium instance/],
    [
      ['current'],
      { target: 'trn1', instance: null },
      /^trn1 takes kernels of the legacy dialect: .* has no neuronxcc/,
    ],
    [
      ['legacy'],
      { target: 'trn3', instance: null },
      /^trn3 takes kernels of the current dialect: .* has no nki/,
    ],
    [
      ['legacy', 'current'],
      { target: 'trn1', instance: null },
      /^neuronxcc\.nki does not compile under nki 0\.5\.0 .*: trn1 needs SDK 2\.23 to 2\.29/,
    ],
  ] as const)('with %j, %j: says what is missing', (packages, options, line) => {
    install(...packages)
    expect(findSdk(options)).toEqual({ missing: expect.stringMatching(line) })
    expect(findSdk(options)).toEqual({ missing: expect.not.stringContaining('\n') })
  })
})

describe.skipIf(!python)('measuring', () => {
  it('legacy: percentiles of nki.benchmark, traffic of the profiler', async () => {
    install('legacy', 'bin')
    const { measurements, interrupted } = await measureOnDevice(points, sdkOf({ target: 'trn1' }), quick)
    expect(interrupted).toBe(false)
    expect(measurements.failures).toEqual([])
    expect(measurements.points).toHaveLength(2)
    expect(measurements.points[0]).toMatchObject({
      kernel: 'fused_xuv',
      dims: DIMS,
      clock: 'nc_latency',
      percentiles: { 0: 900, 1: 901, 10: 910, 25: 925, 50: 950, 90: 990, 99: 999, 100: 1000 },
      profile: { total_time: 0.0005, hbm_read_bytes: 1e6, hbm_write_bytes: 5e5 },
      note: null,
    })
    expect(readdirSync(folder)).toEqual([])
  })

  it.each(['', 'xla'])(
    'current: calls from torch-neuronx (%s), and the largest program profiled',
    async (torch) => {
      install('current', 'bin')
      vi.stubEnv('FAKE_TORCH', torch)
      const { measurements } = await measureOnDevice(points, sdkOf({ target: 'trn2' }), quick)
      expect(measurements.failures).toEqual([])
      for (const point of measurements.points) {
        expect(point.clock).toBe('host')
        expect(point.percentiles[0]).toBeGreaterThan(0)
        expect(point.profile).toEqual({ total_time: 0.0005, hbm_read_bytes: 1e6, hbm_write_bytes: 5e5 })
      }
    },
  )

  it('current: two cores, whose bytes add up and whose time is the slower one', async () => {
    install('current', 'bin')
    vi.stubEnv('FAKE_PROFILER', 'two')
    const split = () => ({ dim: 'M', count: 2 })
    const shared = pointOf('fused_xuv', DIMS, 'bfloat16', 'default', split)
    const { measurements } = await measureOnDevice([shared], sdkOf({ target: 'trn2' }), quick)
    expect(measurements.points[0]).toMatchObject({
      cores: { dim: 'M', count: 2 },
      profile: { total_time: 0.0006, hbm_read_bytes: 2e6, hbm_write_bytes: 1e6 },
    })
  })

  it.each([
    ['raise', 'RuntimeError: [F134] neuronx-cc terminated abnormally'],
    ['exit', 'SystemExit: 70'],
    ['crash', 'it was killed by SIGKILL: NRT: nrt_init failed, no devices'],
    ['vanish', 'it ended without a result'],
    ['nan', 'percentile 0 is null, not a time in µs'],
    ['text', "ValueError: could not convert string to float: '95 us'"],
    ['falling', 'percentile 1 is below percentile 0'],
  ])('one kernel that does %s does not keep others from being measured', async (what, error) => {
    install('legacy')
    vi.stubEnv('FAKE_NEURON', `${what}:fused_xuv`)
    const told: unknown[] = []
    const { measurements } = await measureOnDevice(points, sdkOf({ target: 'trn1' }), {
      ...quick,
      onPoint: (result) => told.push(result),
    })
    expect(measurements.failures).toEqual([{ ...points[0], error }])
    expect(measurements.points.map(({ kernel, profile }) => [kernel, profile])).toEqual([
      ['sequential_xuv', null],
    ])
    expect(told).toEqual([...measurements.failures, ...measurements.points])
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['fail', /neuron-explorer capture: it exited with 1: level=error msg=cannot load the NEFF$/],
    ['garbage', /neuron-explorer view: its summary is not JSON$/],
    ['empty', /neuron-explorer view: its summary has no total_time, hbm_read_bytes and hbm_write_bytes$/],
  ])('times are kept where the profiler does %s', async (what, note) => {
    install('current', 'bin')
    vi.stubEnv('FAKE_PROFILER', what)
    const { measurements } = await measureOnDevice(points.slice(0, 1), sdkOf({ target: 'trn2' }), quick)
    expect(measurements.points[0]).toMatchObject({ profile: null, note: expect.stringMatching(note) })
  })

  it('ends a kernel that hangs, and ignores being asked to', async () => {
    install('legacy')
    vi.stubEnv('FAKE_NEURON', 'hang:fused_xuv')
    const { measurements } = await measureOnDevice(points, sdkOf({ target: 'trn1' }), {
      ...quick,
      seconds: 2,
    })
    expect(measurements.failures).toEqual([{ ...points[0], error: 'it was ended after 2 s' }])
    expect(measurements.points).toHaveLength(1)
  })

  it('stops when it is interrupted, and keeps what was measured', async () => {
    install('legacy')
    vi.stubEnv('FAKE_NEURON', 'hang:sequential_xuv')
    const controller = new AbortController()
    const { measurements, interrupted } = await measureOnDevice(points, sdkOf({ target: 'trn1' }), {
      ...quick,
      signal: controller.signal,
      // the next one hangs
      onProgress: () => setTimeout(() => controller.abort(), 300),
    })
    expect(interrupted).toBe(true)
    expect(measurements.points.map(({ kernel }) => kernel)).toEqual(['fused_xuv'])
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the file', () => {
  const measured = (point: Point, rest: Partial<Measurement>): Measurement => ({
    ...point,
    clock: 'host',
    percentiles: { 0: 900, 1: 901, 10: 910, 25: 925, 50: 950, 90: 990, 99: 999, 100: 1000 },
    profile: null,
    note: null,
    ...rest,
  })
  const profile = { total_time: 0.0005, hbm_read_bytes: 1e6, hbm_write_bytes: 5e5 }
  const document = {
    format: 'neuronmm-measurements-1',
    target: 'trn2',
    dialect: 'current',
    machine: { instance: 'trn2.48xlarge', python: '3.12.1', packages: { nki: '0.5.0' }, profiler: null },
    points: [measured(points[0]!, {}), measured(points[0]!, { profile })],
    failures: [{ ...points[1]!, error: 'SystemExit: 70' }],
  } as const

  it('is read as it was written', () => {
    expect(parseMeasurements(JSON.stringify(document), 'a.json')).toEqual(document)
  })

  it('holds the time of the device against the device, that of the host with its launch', () => {
    const [host, device] = compareMeasurements(document)
    expect(host).toMatchObject({ measured: 0.95, measuredGib: null, bytesError: null })
    expect(device!.measured).toBeCloseTo(0.5, 12)
    // 42 µs: the launch in the table of trn2
    expect(host!.modelled - device!.modelled).toBeCloseTo(0.042, 2)
    for (const c of [host!, device!]) expect(c.timeError).toBeCloseTo(c.modelled / c.measured - 1, 12)
    expect(device!.bytesError).toBeCloseTo((device!.modelledGib * 2 ** 30) / 1.5e6 - 1, 12)
  })

  const changed = (change: object) => JSON.stringify({ ...document, ...change })
  const point = (change: object) => changed({ points: [{ ...document.points[0], ...change }] })
  it.each([
    ['{', 'it is not JSON'],
    ['null', 'its format is undefined, not neuronmm-measurements-1'],
    [changed({ format: 'other' }), 'its format is other'],
    [changed({ target: 'gpu' }), 'its target is gpu, not one of trn1, trn2, trn3'],
    [changed({ dialect: 'old' }), 'its dialect is old'],
    [changed({ machine: undefined }), 'it does not say which machine it is from'],
    [changed({ points: {} }), 'it has no list of points and failures'],
    [changed({ points: [null] }), 'point 1: it is no object'],
    [point({ kernel: 7 }), 'point 1: it names no kernel'],
    [point({ dims: null }), 'point 1: it has no dims and schedule'],
    [point({ dtype: 'float128' }), 'point 1: its dtype is float128'],
    [point({ clock: 'wall' }), 'point 1: its clock is wall'],
    [point({ cores: { count: 3 } }), 'point 1: its cores are no split'],
    [point({ profile: { total_time: -1 } }), 'point 1: its profile is no summary'],
    [point({ percentiles: { 50: 'slow' } }), 'point 1: percentile 0 is undefined'],
  ])('is refused: %s', (text, problem) => {
    expect(() => parseMeasurements(text, 'a.json')).toThrow(
      expect.objectContaining({ message: expect.stringContaining(`a.json: ${problem}`) }),
    )
  })
})
