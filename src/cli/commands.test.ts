/** What commands print when all is well: results on stdout, alone; one JSON object with --json; help for each. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, type Finished, neuronmm, start } from '../../test/command-line.ts'
import { createEngine } from '../engine/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'neuronmm-commands-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const DIMS = { M: 300, K: 256, r: 128, N: 512 }
const SHAPE = ['--shape', 'M=300,K=256,r=128,N=512']

/** One object on stdout and nothing else. */
// biome-ignore lint/suspicious/noExplicitAny: what it is, is what these tests are about
function json({ code, out }: Finished): any {
  expect(code).toBe(0)
  expect(out).toMatch(/^\{[\s\S]*\}\n$/)
  const value = JSON.parse(out)
  expect(value).toBeTypeOf('object')
  return value
}

describe('help', () => {
  test('of the program names every command, and each has its own', async () => {
    const { code, out, err } = await neuronmm('--help')
    expect([code, err]).toEqual([0, ''])
    const commands = readdirSync(new URL('commands/', import.meta.url))
      .filter((name) => !/-|\.test\./.test(name))
      .map((name) => name.replace('.ts', ''))
    for (const command of commands) {
      expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
      const own = await neuronmm(command, '--help')
      expect([own.code, own.err]).toEqual([0, ''])
      expect(own.out).toContain(`Usage: neuronmm ${command}`)
    }
  })

  test('version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await neuronmm('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })
})

describe('profile', () => {
  test('--json is what was promised, key by key', async () => {
    const report = json(await neuronmm('profile', 'fused_xuv', ...SHAPE, '--target', 'trn2', '--json'))
    expect(Object.keys(report)).toEqual([
      'kernel',
      'target',
      'shape',
      'dtype',
      'schedule',
      'asWritten',
      'metrics',
      'bounds',
      'advice',
    ])
    expect(report).toMatchObject({ kernel: 'fused_xuv', target: 'trn2', shape: DIMS, dtype: 'bfloat16' })
    expect(Object.keys(report.asWritten)).toEqual(['hbm_read_bytes', 'hbm_write_bytes'])
    expect(Object.keys(report.bounds)).toEqual(['compute', 'memory', 'compulsoryBytes', 'launch'])
    expect(report.metrics.total_time).toBeGreaterThan(report.bounds.launch)
    expect(Array.isArray(report.advice)).toBe(true)
  })

  test('the schedule in it is resolved, and gives the same profile when asked for', async () => {
    for (const schedule of ['default', 'seed', 'kBlock=256']) {
      const report = json(await neuronmm('profile', 'fused_xuv', ...SHAPE, '--schedule', schedule, '--json'))
      expect(report.schedule).toMatchObject({ mStrip: expect.any(Number), accumulate: expect.any(String) })
      const entries = Object.entries(report.schedule).map(([name, value]) => `${name}=${value}`)
      const again = json(
        await neuronmm('profile', 'fused_xuv', ...SHAPE, '--schedule', entries.join(), '--json'),
      )
      expect(again).toEqual(report)
    }
  })

  test('a form of the family that was chosen for the shape is named', async () => {
    const report = json(await neuronmm('profile', 'fused_xuv', '--shape', 'M=1,K=256,r=128,N=512', '--json'))
    expect(report.kernel).toBe('fused_xuv_decode')
  })

  test('small traffic is told in its own unit', async () => {
    const { out } = await neuronmm('profile', 'fused_xuv', '--shape', 'M=1,K=256,r=128,N=512')
    // x, u, v and y, in bfloat16
    const compulsory = ((256 + 256 * 128 + 128 * 512 + 512) * 2) / 1024
    expect(out).toMatch(new RegExp(`^compulsory +${compulsory.toPrecision(4)} KiB$`, 'm'))
    expect(out).toMatch(/^ {2}of it spills +0 B +0 B +0 B$/m)
  })

  test('--details adds who lives where, and the mix of instructions', async () => {
    const report = json(await neuronmm('profile', 'fused_xuv', ...SHAPE, '--json', '--details'))
    expect(report.memory.tenants.length).toBeGreaterThan(3)
    const total = Object.values<number>(report.mix).reduce((a, b) => a + b, 0)
    expect(total).toBeGreaterThan(report.mix.nc_matmul)
  })

  test('what overflows SBUF is a table of who lives where, not a crash', async () => {
    const { code, out, err } = await neuronmm(
      'profile',
      'fused_xuv',
      '--shape',
      'M=65536,K=256,r=256,N=512',
      '--schedule',
      'mStrip=65536,accumulate=float32',
    )
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /SBUF overflows, so this cannot be compiled: \d+\.\d KiB per partition .* there are 176\.0/,
    )
    expect(out).toMatch(/buffer +memory +KiB +copies/)
    expect(out).toMatch(/^xu_t .*sbuf/m)
    expect(out).toContain('does-not-fit: ')
  })

  test('trn3 says that nobody could check it', async () => {
    const { out } = await neuronmm('profile', 'fused_xuv', ...SHAPE, '--target', 'trn3')
    expect(out).toContain('not validated')
    const report = json(await neuronmm('profile', 'fused_xuv', ...SHAPE, '--target', 'trn3', '--json'))
    expect(report.advice[0].rule).toBe('unvalidated')
  })

  test('--trace replaces a file that exists, and leaves stdout to the result', async () => {
    const file = join(folder, 'trace.json')
    writeFileSync(file, 'old')
    const outcome = await neuronmm('profile', 'fused_xuv', ...SHAPE, '--trace', file, '--json')
    json(outcome)
    expect(outcome.err).toMatch(/trace\.json: \d+ slices; open it at ui\.perfetto\.dev/)
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8'))
    expect(traceEvents.length).toBeGreaterThan(50)
    expect(readdirSync(folder).filter((name) => name.startsWith('trace'))).toEqual(['trace.json'])
  })
})

describe('diff', () => {
  const row = (rows: { name: string }[], name: string) => rows.find((r) => r.name === name)

  test('of a file and of kernels, in any combination, says the same', async () => {
    const file = join(folder, 'seed.json')
    const { out } = await neuronmm('profile', 'fused_xuv', ...SHAPE, '--schedule', 'seed', '--json')
    writeFileSync(file, out)
    const specs = json(await neuronmm('diff', 'fused_xuv:seed', 'fused_xuv', ...SHAPE, '--json'))
    const mixed = json(await neuronmm('diff', file, 'fused_xuv', ...SHAPE, '--json'))
    expect(mixed.metrics).toEqual(specs.metrics)
    expect(mixed.a).toEqual(specs.a)
    // by op where both know it, by engine where a file does not
    expect(row(specs.mix, 'nc_matmul')).toMatchObject({ a: expect.any(Number), b: expect.any(Number) })
    expect(row(mixed.mix, 'matmul_instruction_count')).toMatchObject({ delta: expect.any(Number) })
  })

  test('deltas and ratios are of b against a; targets, shapes and schedules are told apart', async () => {
    const { a, b, metrics, mix } = json(
      await neuronmm(
        'diff',
        'fused_xuv:seed@trn1',
        'fused_xuv:mStrip=128,kBlock=256@M=600@trn2',
        ...SHAPE,
        '--json',
      ),
    )
    expect(a).toMatchObject({ target: 'trn1', shape: DIMS })
    expect(b).toMatchObject({
      target: 'trn2',
      shape: { ...DIMS, M: 600 },
      schedule: { mStrip: 128, kBlock: 256 },
    })
    for (const { a, b, delta, ratio } of [...metrics, ...mix]) {
      if (a === null || b === null) expect([delta, ratio]).toEqual([null, null])
      else {
        expect(delta).toBe(b - a)
        expect(ratio).toBe(a === 0 ? null : b / a)
      }
    }
  })

  test('what one side does not know is not called zero', async () => {
    const file = join(folder, 'old.json')
    const report = JSON.parse((await neuronmm('profile', 'fused_xuv', ...SHAPE, '--json')).out)
    delete report.metrics.psum_read_bytes
    writeFileSync(file, JSON.stringify(report))
    const { metrics } = json(await neuronmm('diff', file, 'fused_xuv', ...SHAPE, '--json'))
    expect(row(metrics, 'psum_read_bytes')).toMatchObject({ a: null, delta: null, ratio: null })
  })

  test('as a table', async () => {
    const { code, out, err } = await neuronmm('diff', 'fused_xuv:seed', 'matmul_tiled', ...SHAPE)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^a: fused_xuv on trn1, M=300 K=256 r=128 N=512, bfloat16, schedule mStrip=1024/m)
    expect(out).toMatch(/^total_time +\d/m)
    expect(out).toMatch(/^nc_matmul +\d/m)
  })
})

describe('roofline', () => {
  test('several kernels, shapes and targets; --json holds roofs and points', async () => {
    const { roofs, points } = json(
      await neuronmm(
        ...['roofline', 'fused_xuv', 'fused_xuv:seed@trn2', 'matmul_tiled@M=64'],
        ...['--shape', 'M=8,K=256,r=128,N=512', ...SHAPE, '--json'],
      ),
    )
    expect(roofs.map(({ target }: { target: string }) => target)).toEqual(['trn1', 'trn2'])
    // a spec with its own M is one point at both shapes
    expect(points.map((p: { kernel: string }) => p.kernel)).toEqual([
      'fused_xuv_decode',
      'fused_xuv',
      'matmul_tiled',
      'fused_xuv',
      'fused_xuv',
    ])
    for (const p of points) {
      expect(p.achieved).toBeLessThanOrEqual(p.attainable * (1 + 1e-9))
      expect(p.achieved * p.seconds).toBeCloseTo(p.flops, -1)
    }
  })

  test('figures and terminal', async () => {
    const svg = join(folder, 'roofline.svg')
    const png = join(folder, 'roofline.PNG')
    const outcome = await neuronmm('roofline', 'fused_xuv', 'matmul_tiled', ...SHAPE, '-o', svg)
    expect(outcome).toMatchObject({ code: 0, err: `Figure: ${svg}\n` })
    expect(outcome.out).toMatch(/^ TFLOP\/s\n/)
    expect(outcome.out).toMatch(/^A +fused_xuv +default +trn1/m)
    await neuronmm('roofline', 'fused_xuv', ...SHAPE, '-o', png)
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[\s\S]*matmul_tiled[\s\S]*<\/svg>$/)
    expect([...readFileSync(png).subarray(1, 4)]).toEqual([...Buffer.from('PNG')])
  })
})

describe('bench', () => {
  const SMALL = [
    'bench',
    '--shape',
    'M=256,K=256,r=128,N=256',
    '--no-cache',
    '--kernels',
    'matmul_fully_optimized',
  ]

  test('--json is what was promised, key by key', async () => {
    const report = json(await neuronmm(...SMALL, '--json'))
    expect(Object.keys(report)).toEqual(['target', 'workload', 'points', 'ratios'])
    expect(report.points.map(Object.keys)).toEqual([['series', 'M', 'seconds', 'hbmGiB', 'asWrittenGiB']])
    const { trials, kernels } = json(await neuronmm(...SMALL, '--json', '--details'))
    expect(trials[0].ok).toBe(true)
    expect(kernels[0].kernel).toBe('matmul_fully_optimized')
  })

  test('published ratios stand only beside the workload and core that they are of', async () => {
    const { out, err, code } = await neuronmm(
      'bench',
      '--shape',
      'M=256,K=256,r=128,N=256',
      '--no-cache',
      '--target',
      'trn3',
    )
    expect(code).toBe(0)
    expect(err).toContain('not validated')
    expect(out).toMatch(/M=256: time \d+\.\d\d×, traffic \d+\.\d\d×\.$/m)
    expect(out).not.toContain('published')
  })
})

test.each([
  ['kernels', []],
  ['run', ['fused_xuv', ...SHAPE]],
  ['tune', ['matmul_tiled', '--shape', 'M=256,K=256,N=512', '--no-cache']],
  ['doctor', []],
])('%s --json is one object, and its other form none', async (command, args) => {
  json(await neuronmm(command, ...args, '--json'))
  const { code, out } = await neuronmm(command, ...args)
  expect(code).toBe(0)
  expect(out.trim()).not.toMatch(/^\{/)
})

test('doctor names the engine that createEngine takes here', async () => {
  const engine = await createEngine()
  engine.dispose()
  const { backend, instructionSet, threads, notes } = engine.info
  expect(json(await neuronmm('doctor', '--json'))).toMatchObject({
    engine: { backend, instructionSet, threads, notes },
  })
  const { out } = await neuronmm('doctor')
  expect(out).toContain(`${backend}, ${instructionSet}, ${threads} threads`)
})

describe('as a process', () => {
  beforeAll(build, 60_000)

  test('Ctrl-C ends long work with one line and 130, and progress never reaches stdout', async () => {
    const { child, written, ended } = start(
      'tune',
      'fused_xuv',
      '--no-cache',
      '--shape',
      'M=8192,K=8192,r=4096,N=16384',
    )
    // progress is shown from the first second on
    child.stderr!.once('data', () => child.kill('SIGINT'))
    expect(await ended).toBeNull()
    expect(written.code).toBe(130)
    expect(written.err).toMatch(/^tune fused_xuv: \d+ %\n(tune.*\n)*neuronmm: interrupted\n$/)
    expect(written.out).toBe('')
  })

  test('Ctrl-C leaves no half-written file', async () => {
    const output = join(folder, 'figures')
    const { child, written, ended } = start('bench', '--no-cache', '--output', output)
    child.stderr!.once('data', () => child.kill('SIGINT'))
    await ended
    expect(written.code).toBe(130)
    expect(existsSync(output) ? readdirSync(output) : []).toEqual([])
  })

  test('a reader that leaves early is no error', async () => {
    const { child, written, ended } = start('profile', 'fused_xuv', ...SHAPE, '--json', '--details')
    child.stdout!.destroy()
    await ended
    expect(written.err).toBe('')
    expect(written.code).toBe(0)
  })
})
