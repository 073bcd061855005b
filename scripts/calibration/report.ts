/** The calibration report: docs/calibration.md. */
import { DEVICES, machineOf, neighbours } from '../../src/device/index.ts'
import { percent, table } from '../markdown.ts'
import { calibratedNumbers, type Fitted, fitted } from './fit.ts'
import { type Modelled, model, setting } from './model.ts'
import type { Point } from './point.ts'

const GIB = 2 ** 30

export interface Result {
  readonly point: Point
  readonly modelled: Modelled
  readonly timeError: number | null
  readonly bytesError: number | null
}

export function compare(point: Point, modelled: Modelled): Result {
  const against = (value: number, measured: number | undefined) =>
    measured === undefined ? null : value / measured - 1
  return {
    point,
    modelled,
    timeError: against(modelled.ms, point.ms),
    bytesError: against(modelled.bytes, point.bytes),
  }
}

const size = (x: number): string => `${(100 * x).toFixed(1)} %`
const ms = (x: number): string => x.toFixed(x < 1 ? 4 : 2)

interface Summary {
  readonly median: number
  readonly worst: number
  readonly count: number
}
export function summary(errors: readonly (number | null)[]): Summary {
  const sorted = errors.flatMap((e) => (e === null ? [] : [Math.abs(e)])).sort((a, b) => a - b)
  const middle = sorted.length / 2
  return {
    median: (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2,
    worst: sorted.at(-1)!,
    count: sorted.length,
  }
}
const said = ({ median, worst, count }: Summary): readonly string[] => [`${count}`, size(median), size(worst)]

export const claimed = (results: readonly Result[]): Result[] =>
  results.filter(({ point }) => point.outOfReach === undefined)
export const predicted = ({ point }: Result): boolean =>
  point.calibrates === undefined && point.shaped === undefined

function overview(results: readonly Result[]): string[] {
  const rows: [string, (r: Result) => boolean][] = [
    ['all', () => true],
    ['calibrating', (r) => r.point.calibrates !== undefined],
    ['shaping a rule', (r) => r.point.calibrates === undefined && !predicted(r)],
    ['predicted', predicted],
    ['predicted, Trn1', (r) => predicted(r) && r.point.target === 'trn1'],
    ['predicted, Trn2', (r) => predicted(r) && r.point.target === 'trn2'],
  ]
  const list = claimed(results)
  return table(
    ['points', 'times', 'median', 'worst', 'traffics', 'median', 'worst'],
    rows.map(([name, which]) => {
      const chosen = list.filter(which)
      return [
        name,
        ...said(summary(chosen.map((r) => r.timeError))),
        ...said(summary(chosen.map((r) => r.bytesError))),
      ]
    }),
  )
}

/** Columns of every table that holds the model against something. */
export const MODELLED_MEASURED = [
  'ms modelled',
  'ms measured',
  'error',
  'GiB modelled',
  'GiB measured',
  'error',
] as const

const measurements = (results: readonly Result[]): string[] =>
  table(
    ['source', 'measurement', 'use', ...MODELLED_MEASURED],
    results.map(({ point, modelled, timeError, bytesError }) => [
      `${point.source} (${point.target}, ${point.dtype})`,
      point.name,
      use(point),
      ms(modelled.ms),
      point.ms === undefined ? '–' : ms(point.ms),
      timeError === null ? '–' : percent(timeError),
      (modelled.bytes / GIB).toFixed(3),
      point.bytes === undefined ? '–' : (point.bytes / GIB).toFixed(3),
      bytesError === null ? '–' : percent(bytesError),
    ]),
  )

function grouped(results: readonly Result[], by: (result: Result) => string): Map<string, Result[]> {
  const groups = new Map<string, Result[]>()
  for (const result of results) groups.set(by(result), [...(groups.get(by(result)) ?? []), result])
  return groups
}

const use = ({ calibrates, shaped }: Point): string =>
  calibrates ? `calibrates ${calibrates.join(', ')}` : shaped ? `shaped: ${shaped}` : 'predicted'

const REMARKABLE = 0.05
function remarks(results: readonly Result[]): string[] {
  const off = claimed(results).filter(
    ({ point, timeError, bytesError }) =>
      point.remark && (Math.abs(timeError ?? 0) > REMARKABLE || Math.abs(bytesError ?? 0) > REMARKABLE),
  )
  const byRemark = grouped(off, ({ point }) => point.remark!)
  return [...byRemark].map(([remark, list]) => {
    const names = list.map(({ point, timeError, bytesError }) => {
      const errors = [
        timeError === null ? [] : [`time ${percent(timeError)}`],
        bytesError === null || Math.abs(bytesError) < REMARKABLE ? [] : [`traffic ${percent(bytesError)}`],
      ]
      return `${point.name} (${errors.flat().join(', ')})`
    })
    return `- ${names.join('; ')}: ${remark}.`
  })
}

function activities(results: readonly Result[]): string[] {
  const engines = ['tensor', 'vector', 'scalar', 'dma'] as const
  return table(
    ['measurement', ...engines],
    results
      .filter(({ point }) => point.active)
      .map(({ point, modelled }) => [
        `${point.source}, ${point.name}`,
        ...engines.map((engine) => {
          const measured = point.active![engine]
          return measured === undefined ? '' : `${ms(modelled.active[engine])} / ${ms(measured)}`
        }),
      ]),
  )
}

/** Times of a device's points with one number changed, against the measured ones. */
function errorsWith(results: readonly Result[], { device, name }: Fitted, value: number): Summary {
  return summary(
    claimed(results)
      .filter(({ point }) => point.target === device.name)
      .map(({ point }) => compare(point, model(point, setting(name, value))).timeError),
  )
}

function numbers(results: readonly Result[]): string[] {
  const all = calibratedNumbers().map(({ device, name, quantity }) =>
    fitted(
      device,
      name,
      quantity,
      results.map((r) => r.point),
    ),
  )
  const rows = all.map((one) => {
    const { device, name, quantity, points, value, leftOut } = one
    const [less, more] = neighbours(name, quantity.value).map((v) => errorsWith(results, one, v))
    const base = errorsWith(results, one, quantity.value)
    const errors = (s: Summary) => `${size(s.median)}, ${size(s.worst)}`
    return [
      device.name,
      name,
      `${quantity.value} ${quantity.unit}`,
      points.length > 0 ? points.map((p) => `${p.source}: ${p.name}`).join('; ') : quantity.source,
      value === null ? '–' : Number(value.toPrecision(3)).toString(),
      leftOut.length === 0
        ? '–'
        : leftOut.map((l) => `${Number(l.value.toPrecision(3))} (${percent(l.error)})`).join('; '),
      errors(base),
      errors(less!),
      errors(more!),
    ]
  })
  return table(
    [
      'device',
      'number',
      'value',
      'set on',
      'refitted',
      'refitted without each of them (error on it)',
      'median, worst time error',
      'with 10 % less (counts: half)',
      'with 10 % more (counts: twice)',
    ],
    rows,
  )
}

/** Rules that were chosen with measurements in view. */
const RULES = [
  'What is spilled: a strip of sums, in float32, in the pieces in which it is summed, once per block of the contraction but the last; blocks beside it keep one copy. Settled on XW and XUV beyond 8192 rows and on the tutorial’s last variant.',
  'Blocks that are loaded again: an input block that does not fit is loaded at each use, through a few places, and leaves room for the copies of others. Settled on the tutorial’s blocks of rows and columns and on NKIBench matmul.',
  'Rows of a DMA: on Trn1 their fixed time is hidden behind long rows. Settled on NKIBench matmul and bmm.',
  'Copies in part: what is left of SBUF holds tiles of one more copy. Settled on NKIBench transpose_matmul.',
  'The engine of the copies: the kernel that transposes copies tiles out of PSUM on Scalar, as the compiler does in NKIBench. Settled on the scoreboard.',
  'That copies beyond the second do not make phases share memory was settled on modelled kernels only.',
]

export function report(results: readonly Result[], extrapolations: readonly string[]): string {
  const apart = results.filter(({ point }) => point.outOfReach !== undefined)
  const byReason = grouped(apart, ({ point }) => point.outOfReach!)
  const hbm = machineOf(DEVICES.trn1).hbmBandwidth / 1000
  return [
    '# Calibration: modelled against measured',
    '',
    'Written by `npm run calibrate`; do not edit. Nothing here was measured by this project: every measured value is published, by the source named.',
    '',
    ...overview(results),
    '',
    'A point calibrates if a number of the device tables was set by looking at it, and shaped a rule if the model was changed for it in kind; all others are predicted. No number and no rule belongs to one kernel.',
    '',
    ...RULES.map((rule) => `- ${rule}`),
    '',
    '## Points',
    '',
    ...measurements(claimed(results)),
    '',
    `XW and XUV with two kernels include the traffic outside of the kernels that these two published series show: X is transposed beforehand (2 passes) and every output costs 4 passes, at ${hbm} GB/s. It was fitted to their traffic at M = 1024 and 4096, belongs to the experiment and is never part of a kernel’s own profile.`,
    '',
    'The scoreboard names the order of loops and the blocks, not where operands are loaded; its times are the best of a search. Modelled is the best over the nine positions of the loads, with the order and blocks as published. Its times include one launch; all others are profiles of the device.',
    '',
    `### Off by more than ${size(REMARKABLE)}`,
    '',
    ...remarks(results),
    '',
    '## Points that the model does not claim',
    '',
    'Counted nowhere above; shown because they were measured.',
    '',
    ...measurements(apart),
    '',
    ...[...byReason].map(
      ([reason, list]) => `- ${list.map(({ point }) => point.name).join('; ')}: ${reason}.`,
    ),
    '- NKIBench rmsnorm_matmul is another of which loads were removed; gqa, mamba, bmm_softmax, swiglu and lora are dominated by spills of intermediate results whose placement is not published. They are not modelled.',
    '',
    '## Busy time of engines',
    '',
    'Modelled / measured, in ms. DMA is busy in a profile when any of its 16 engines is; here, when all of them could be.',
    '',
    ...activities(results),
    '',
    '## Calibrated numbers',
    '',
    'Everything else in the device tables is documented. Each number is refitted alone, the others as they are.',
    '',
    ...numbers(results),
    '',
    ...extrapolations,
    '',
  ].join('\n')
}
