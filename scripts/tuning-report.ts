/**
 * `npm run tuning-report`: docs/tuning.md. What the default schedules and the tuner's best take on the model: decode
 * against the bound of moving every byte once, many rows against the bounds and the seed, shapes that no table holds, and the
 * targets at the seed's workload.
 */
import { writeFileSync } from 'node:fs'
import { assignments } from '../src/cli/output.ts'
import { DEVICES, type DeviceName } from '../src/device/index.ts'
import {
  choose,
  EXACT_SUMS,
  findFamily,
  type ScheduleRequest,
  TUNED_KERNELS,
  traceChoice,
} from '../src/kernels/index.ts'
import { bind, type Dims } from '../src/nki/index.ts'
import { profile } from '../src/simulate/index.ts'
import { type Candidate, diskCache, tune } from '../src/tune/index.ts'
import { type Distance, distanceOf, heldOut } from './held-out.ts'
import { LAYERS } from './layers.ts'
import { table } from './markdown.ts'

const TARGETS: readonly DeviceName[] = ['trn1', 'trn2']

interface Modelled {
  /** Without the launch. */
  readonly seconds: number
  /** The larger of the two: multiplications, and every byte once. */
  readonly bound: number
  readonly memory: number
  readonly bytes: number
}

const of = ({ metrics, bounds }: Pick<Candidate, 'metrics' | 'bounds'>): Modelled => ({
  seconds: metrics.total_time - bounds.launch,
  bound: Math.max(bounds.compute, bounds.memory),
  memory: bounds.memory,
  bytes: metrics.hbm_read_bytes + metrics.hbm_write_bytes,
})

function modelled(name: string, dims: Dims, request: ScheduleRequest, target: DeviceName): Modelled {
  const choice = choose(findFamily(name), dims, request, target)
  const program = traceChoice(choice)
  const macs = choice.kernel.macs(dims)
  return of(profile(program, bind(program, dims, 'bfloat16'), DEVICES[target], { macs }))
}

const search = async (name: string, dims: Dims, target: DeviceName, fixed = {}): Promise<Candidate> =>
  (await tune(findFamily(name), dims, 'bfloat16', DEVICES[target], { fixed, cache: diskCache() })).best

const us = (seconds: number): string => (seconds * 1e6).toFixed(1)
const ms = (seconds: number): string => (seconds * 1e3).toFixed(2)
const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2)
const times = (a: number, b: number): string => (a / b).toFixed(2)
const shape = ({ K, r, N }: { K: number; r: number; N: number }): string => `${K}, ${r}, ${N}`

const DECODE = [
  { K: 2048, r: 1280, N: 8192 },
  { K: 8192, r: 1280, N: 2048 },
  { K: 8192, r: 4096, N: 16384 },
]

async function decode(): Promise<string> {
  const rows: (string | number)[][] = []
  for (const target of TARGETS)
    for (const layer of DECODE)
      for (const M of [1, 8, 64]) {
        const dims = { M, ...layer }
        const ours = modelled('fused_xuv', dims, 'default', target)
        const seed = modelled('fused_xuv', dims, 'seed-decode', target)
        const tuned = of(await search('fused_xuv', dims, target))
        rows.push([
          target,
          shape(layer),
          M,
          us(ours.memory),
          us(ours.seconds),
          times(ours.seconds, ours.memory),
          times(tuned.seconds, ours.memory),
          us(seed.seconds),
          times(seed.seconds, ours.seconds),
        ])
      }
  const head = ['core', 'K, r, N', 'M', 'bound µs', 'default µs', 'over the bound', 'tuned over the bound']
  return table([...head, 'seed µs', 'seed over default'], rows).join('\n')
}

async function prefill(): Promise<string> {
  const rows: (string | number)[][] = []
  for (const target of TARGETS)
    for (const layer of LAYERS)
      for (const M of [300, 2048]) {
        const dims = { M, ...layer }
        const ours = modelled('fused_xuv', dims, 'default', target)
        const exact = of(await search('fused_xuv', dims, target, { accumulate: EXACT_SUMS }))
        const any = of(await search('fused_xuv', dims, target))
        const seeds = ['seed', 'seed-llama-1b'].map(
          (name) => modelled('fused_xuv', dims, name, target).seconds,
        )
        rows.push([
          target,
          shape(layer),
          M,
          ms(ours.seconds),
          times(ours.seconds, ours.bound),
          times(ours.seconds, exact.seconds),
          times(ours.seconds, any.seconds),
          times(Math.min(...seeds), ours.seconds),
        ])
      }
  const head = ['core', 'K, r, N', 'M', 'default ms', 'over its bound', 'over the best as exact']
  return table([...head, 'over the best', "the seed's better one over default"], rows).join('\n')
}

async function workload(): Promise<string> {
  const rows: string[][] = []
  for (const target of TARGETS) {
    const dims = { M: 32768, K: 8192, r: 4096, N: 16384 }
    const all: [string, Modelled][] = [
      ["the seed's", modelled('fused_xuv', dims, 'seed', target)],
      ['default (sums rounded once)', modelled('fused_xuv', dims, 'default', target)],
      ['tuned', of(await search('fused_xuv', dims, target))],
    ]
    for (const [name, m] of all)
      rows.push([target, name, ms(m.seconds), times(m.seconds, m.bound), gib(m.bytes)])
  }
  return table(['core', 'schedule', 'ms', 'over the bound', 'HBM traffic, GiB'], rows).join('\n')
}

function mlp(): string {
  const rows = TARGETS.flatMap((target) =>
    [1, 64, 128, 512, 2048].map((M) => {
      const whole = modelled('fused_mlp', { M, K: 2048, r: 1280, N: 8192 }, 'default', target)
      const up = modelled('fused_mlp_up_transposed', { M, K: 2048, r: 1280, N: 8192 }, 'seed', target)
      const down = modelled('fused_xtuv', { M, K: 8192, r: 1280, N: 2048 }, 'seed', target)
      return [
        target,
        M,
        ms(whole.seconds),
        times(up.seconds + down.seconds, whole.seconds),
        gib(whole.bytes),
        times(up.bytes + down.bytes, whole.bytes),
      ]
    }),
  )
  return table(['core', 'M', 'ms', 'seed over ours, time', 'GiB', 'seed over ours, traffic'], rows).join('\n')
}

/** Of each kernel, and of all of them. */
const EACH = 40
const WORST = 12

async function between(): Promise<string> {
  const all: Distance[] = []
  for (const one of heldOut(EACH, 1)) all.push(await distanceOf(one))
  const quantiles = (name: string, some: readonly Distance[]): string[] => {
    const ratios = some.map(({ ratio }) => ratio).sort((a, b) => a - b)
    const at = (share: number): string =>
      ratios[Math.min(ratios.length - 1, Math.floor(share * ratios.length))]!.toFixed(2)
    return [name, String(some.length), at(0.5), at(0.9), at(0.95), at(1)]
  }
  const summary = [
    ...TUNED_KERNELS.map((name) =>
      quantiles(
        name,
        all.filter((one) => one.name === name),
      ),
    ),
    quantiles('all', all),
  ]
  const worst = [...all].sort((a, b) => b.ratio - a.ratio).slice(0, WORST)
  return [
    ...table(['kernel', 'shapes', 'median', '90 %', '95 %', 'worst'], summary),
    '',
    `The worst ${WORST}:`,
    '',
    ...table(
      ['kernel', 'core', 'shape', 'default ms', 'over the best', 'default', 'best'],
      worst.map(({ name, target, dims, seconds, ratio, schedules }) => [
        name,
        target,
        assignments(dims),
        ms(seconds),
        ratio.toFixed(2),
        ...schedules,
      ]),
    ),
  ].join('\n')
}

const text = `# Tuned schedules

Written by \`npm run tuning-report\`. All times and traffic are modelled in bfloat16, launches left out; nothing here was
measured on a Trainium.

## The search

\`neuronmm tune NAME --target … --shape …\` looks at every combination of the values that a kernel declares beside itself: rows
of a strip, blocks of K, r and N, and its choices (which operand is stationary, where X is transposed, which loop is
outermost and so which operand is read once, where and in what sums are kept). The degree of buffering (\`buffers\`: how
many copies of a loaded block rotate, so that loads run ahead) is searched last, from one copy to four, for the best schedule
of all others. These are looked at with \`auto\`: as many copies as there is room for, which is what the compiler decides where
a kernel leaves it open, and seldom slower than a number (smaller blocks leave room for more copies, so the trade is
searched all along). \`tune\` prints what each number is worth. In the current dialect a number is written out, as so many
buffers used in turn, where a block is loaded in line. Candidates are ruled out

- by capacity: what does not stay in SBUF as a whole, as long as others do;
- by bounds: whose busiest engine alone takes longer than the best so far, or who move more and cannot be faster;
- by foresight, at many instructions: time at one and at two iterations of the outermost loop says what all of them take;
  those within 2 % of the best are profiled in full, as is every schedule with a name.

The best is the one with the least traffic among those within 1 % of the fastest. \`--all\` lists every candidate with what
became of it. Costs are cached one by one, keyed by the program, the shape, the dtype, the device table and a hash of the
model's sources.

## Decode: Y = X·U·V for a few rows

The bound is that of moving X, U, V and Y once, at 272 GB/s (trn1) and 368 GB/s (trn2). The seed's kernel is taken with the
decode blocks that its source names.

${await decode()}

## Many rows

Default schedules come from tables ([src/kernels/tuned/](../src/kernels/tuned/), \`npm run tune-defaults\`) and a rule
([defaults.ts](../src/kernels/defaults.ts)): of all schedules in the tables of a kernel, whatever shape and core they were
found for, the one that an estimate ([estimate/](../src/kernels/estimate/)) takes to be the fastest, or within 1 % of that and
to move least. The estimate is the profiler's network of queues with whole blocks for instructions, with as many copies of
each as the memory plan finds room for, over a few strips. They round a sum once: it is kept in float32 in SBUF, or in PSUM
over the whole contraction (\`accumulate=psum\`), which spares the vector engine at small layers. \`over the best\` compares
with schedules that round sums once per block as well, as the seed does: that halves their space, and the error grows with
the contraction. M = 300 and 2048 are in between the rows of the table.

${await prefill()}

## Between the rows of the tables

${EACH} random shapes of each kernel that has a table, none of them in it, on all three cores
([held-out.ts](../scripts/held-out.ts)): the time of the default schedule over that of the best which a search finds with sums
that are as exact.

${await between()}

## The seed's workload at 32768 rows

${await workload()}

## The whole compressed MLP of Llama-3.2-1B in one kernel

Against two of the seed's kernels, up and then down.

${mlp()}
`
writeFileSync('docs/tuning.md', text)
