/**
 * `npm run tune-defaults`: searches the default schedules, and writes src/kernels/tuned/. Costs come from the tuner's
 * cache where they are there, so that only what changed is modelled again, and a run that was stopped goes on. To be
 * reviewed like any other change: what a new table means for time is in docs/tuning.md, which `npm run tuning-report`
 * writes. `-- KERNEL…` searches the tables of these kernels only.
 */
import { writeFileSync } from 'node:fs'
import { assignments } from '../src/cli/output.ts'
import { DEVICES } from '../src/device/index.ts'
import { alone, EXACT_SUMS, findFamily, type TunedKernel, worthRounding } from '../src/kernels/index.ts'
import type { Dims, ScheduleValues } from '../src/nki/index.ts'
import { type Candidate, diskCache, searched, tune } from '../src/tune/index.ts'
import { LAYERS, MLPS, SMALLER } from './layers.ts'

const MLP_ROWS = [256, 512, 1024, 4096]
const UP_ROWS = [256, 384, 512, 768, 1024, 1280, 2048, 4096]
const FUSED_ROWS = [256, 384, 512, 768, 1024, 4096, 16384]
const TRANSPOSED_ROWS = [256, 384, 512, 768, 1024, 1280, 4096]
const TARGETS = ['trn1', 'trn2', 'trn3'] as const
const PUBLISHED = ['trn1', 'trn2'] as const // others choose from what is found for these
const KERNELS = {
  fused_xuv: { layers: LAYERS, rows: FUSED_ROWS, targets: TARGETS },
  fused_xtuv: { layers: LAYERS, rows: FUSED_ROWS, targets: TARGETS },
  fused_xuv_transposed: { layers: SMALLER, rows: TRANSPOSED_ROWS, targets: PUBLISHED },
  fused_xtuv_transposed: { layers: SMALLER, rows: TRANSPOSED_ROWS, targets: PUBLISHED },
  fused_mlp: { layers: MLPS, rows: MLP_ROWS, targets: PUBLISHED },
  fused_mlp_up_transposed: { layers: MLPS, rows: UP_ROWS, targets: PUBLISHED },
  matmul_fully_optimized: { layers: LAYERS, rows: [128, 512, 2048, 8192, 32768], targets: PUBLISHED },
} as const satisfies Readonly<Record<TunedKernel, unknown>>

type Name = TunedKernel
type Target = (typeof TARGETS)[number]

const cost = ({ metrics }: Candidate) => ({
  time: metrics.total_time,
  bytes: metrics.hbm_read_bytes + metrics.hbm_write_bytes,
})

async function best(name: Name, target: Target, dims: Dims): Promise<ScheduleValues> {
  // the default of today is not among the candidates: the table does not depend on the one before it
  const family = findFamily(name)
  const search = (sums: string | readonly string[]) =>
    tune(alone(family, { ...family.general, defaultFor: () => ({}) }), dims, 'bfloat16', DEVICES[target], {
      // how many copies rotate is the compiler's to choose: a table that said so would hold for one shape
      fixed: { accumulate: sums, buffers: 'auto' },
      cache: diskCache(),
    })
  const exact = (await search(EXACT_SUMS)).best
  if (!name.startsWith('fused_mlp')) return exact.schedule
  const rounded = (await search('input')).best
  return worthRounding(cost(exact), cost(rounded)) ? rounded.schedule : exact.schedule
}

async function lines(name: Name, target: Target): Promise<string> {
  const { general } = findFamily(name)
  const { layers, rows } = KERNELS[name]
  const texts: string[] = []
  for (const layer of layers)
    for (const M of rows) {
      const dims = Object.fromEntries(general.dims.map((dim) => [dim, { M, ...layer }[dim]!]))
      const schedule = searched(general, await best(name, target, dims))
      const text = `${assignments(dims)}: ${assignments(schedule)}`
      console.error(`${name} on ${target}, ${text}`)
      texts.push(text)
    }
  return [...new Set(texts)].join('\n')
}

const asked = process.argv.slice(2)
for (const name of Object.keys(KERNELS) as Name[]) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const parts: string[] = []
  for (const target of KERNELS[name].targets) parts.push(`  ${target}: \`\n${await lines(name, target)}\`,\n`)
  writeFileSync(
    `src/kernels/tuned/${name.replaceAll('_', '-')}.ts`,
    `/** Written by \`npm run tune-defaults\`: the best schedules on the model, in bfloat16. ../defaults.ts says how they are used. */
export const ${name.toUpperCase()} = {
${parts.join('')}}
`,
  )
}
