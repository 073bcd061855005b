import { expect, test } from 'vitest'
import { DEVICES, dmaBandwidth, machineOf, trn1, trn2 } from '../device/index.ts'
import { choose, findFamily, traceChoice } from '../kernels/index.ts'
import { bind, type Dims } from '../nki/index.ts'
import { profile } from '../simulate/index.ts'
import type { Dtype } from '../tensor/index.ts'
import { drawRoofline, pointsOf, type RooflineKernel, rooflineText, roofsOf, toPng } from './index.ts'

function modelled(
  name: string,
  shape: Dims,
  schedule = 'default',
  device = trn1,
  dtype: Dtype = 'bfloat16',
): RooflineKernel {
  const choice = choose(findFamily(name), shape, schedule)
  const program = traceChoice(choice)
  const result = profile(program, bind(program, shape, dtype), device, { macs: choice.kernel.macs(shape) })
  const { kernel, scheduleName } = choice
  return { kernel: kernel.name, scheduleName, device, shape, dtype, profile: result }
}

const SQUARE = { M: 1024, K: 1024, N: 1024 }
const KERNELS = [
  modelled('matmul_fully_optimized', { M: 16384, K: 2048, N: 2048 }, 'seed'),
  modelled('matmul_tiled', SQUARE),
  modelled('fused_xuv', { M: 1, K: 1024, r: 512, N: 1024 }),
  modelled('matmul_tiled', SQUARE, 'default', trn1, 'float32'),
]

test.each(Object.values(DEVICES))('roofs of $name: documented and effective, by dtype', (device) => {
  const { compute, memory } = roofsOf(device)
  const { tensorClock, hbmBandwidth } = device.documented
  const [half, single] = compute
  expect(half!.documented).toBeCloseTo(2 * 128 * 128 * tensorClock.value * 1e9, -3)
  expect(single!.documented).toBeCloseTo(half!.documented / 4, -3)
  for (const { documented, effective } of compute) expect(effective).toBeLessThanOrEqual(documented)
  expect(memory.documented).toBe(hbmBandwidth.value * 1e9)
  expect(memory.effective).toBe(dmaBandwidth(machineOf(device)) * 1e6)
})

test('no point is above its roof, and the bound is the lower of the two', () => {
  for (const p of pointsOf(KERNELS)) {
    const { compute, memory } = roofsOf(DEVICES[p.target])
    const ceiling = compute[p.dtype === 'float32' ? 1 : 0]!.effective
    expect(p.attainable).toBe(Math.min(ceiling, p.intensity.modelled * memory.effective))
    expect(p.boundBy).toBe(p.attainable < ceiling ? 'memory' : 'compute')
    expect(p.achieved).toBeLessThanOrEqual(p.attainable * (1 + 1e-9))
    // spills and re-reads only ever add traffic
    expect(p.intensity.modelled).toBeLessThanOrEqual(p.intensity.asWritten)
  }
  const [spilling, tiled] = pointsOf(KERNELS)
  expect(spilling!.intensity.modelled).toBeLessThan(0.9 * spilling!.intensity.asWritten)
  expect(tiled!.intensity.modelled).toBe(tiled!.intensity.asWritten)
})

test('the figure names every point and roof, and its marks differ in shape', () => {
  const points = pointsOf(KERNELS)
  const svg = drawRoofline([roofsOf(trn1)], points)
  for (const { letter, kernel } of points) expect(svg).toMatch(new RegExp(`>${letter} +${kernel} `))
  for (const text of [
    'DMA, effective: 272 GB/s',
    'HBM, documented: 410 GB/s',
    '91.8 bfloat16, documented',
    '78.6 bfloat16, effective',
    '19.7 float32, effective',
  ])
    expect(svg).toContain(text)
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  const symbols = new Set(
    [...svg.matchAll(/<g[^>]*aria-label="dot"[\s\S]*?<\/g>/g)].flatMap(([g]) =>
      [...g.matchAll(/ d="([^"]+)"/g)].map((m) => m[1]),
    ),
  )
  expect(symbols.size).toBeGreaterThanOrEqual(3)
  expect(toPng(svg).length).toBeGreaterThan(10_000)
})

test('the terminal shows every letter, small where traffic as written is less', () => {
  const text = rooflineText([roofsOf(trn1), roofsOf(trn2)], pointsOf(KERNELS))
  const chart = text.split('\n').slice(1, -3).join('\n')
  for (const letter of ['A', 'B', 'C', 'D', 'a', '/', '=', '-']) expect(chart).toContain(letter)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(90)
})
