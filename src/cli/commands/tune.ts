/** `neuronmm tune NAME`: the best schedule for a shape on a NeuronCore, as modelled. */
import { type Command, Option } from 'commander'
import { DEVICES, type DeviceName } from '../../device/index.ts'
import { EXACT_SUMS } from '../../kernels/index.ts'
import { BUFFERS } from '../../nki/index.ts'
import { type Cost, cacheFolder, diskCache, type Trial, tune } from '../../tune/index.ts'
import {
  activationOption,
  checkShape,
  dtypeOption,
  familyOf,
  type KernelArguments,
  neededShapeOption,
  optionsOf,
} from '../arguments.ts'
import { assignments, bytes, printJson, table } from '../output.ts'
import { targetOption } from '../profiling.ts'
import { withProgress } from '../progress.ts'

interface TuneArguments extends Omit<KernelArguments, 'schedule'> {
  readonly target: DeviceName
  readonly accumulate?: string
  readonly all?: boolean
  readonly cache: boolean
}

export function register(program: Command): void {
  program
    .command('tune <kernel>')
    .description('search the schedules of a kernel for the fastest on a NeuronCore, as modelled')
    .addOption(neededShapeOption())
    .addOption(dtypeOption())
    .addOption(targetOption())
    .addOption(
      new Option(
        '--accumulate <dtype>',
        'only schedules that round sums to this dtype: float32 ones once',
      ).choices(['float32', 'input']),
    )
    .addOption(activationOption())
    .option('--all', 'every candidate: profiled ones best first, and why the others were not')
    .option('--no-cache', `model every candidate anew, rather than read ${cacheFolder()}`)
    .option('--json', 'print one JSON object')
    .action(async (name: string, args: TuneArguments) => {
      const family = familyOf(name)
      const dims = checkShape(family, args.shape)
      const { best, tried, trials, degrees } = await withProgress(
        `tune ${family.name}`,
        (onProgress, signal) =>
          tune(family, dims, args.dtype, DEVICES[args.target], {
            options: optionsOf(args),
            cache: args.cache ? diskCache(undefined, (line) => console.error(line)) : null,
            fixed: args.accumulate ? { accumulate: args.accumulate === 'input' ? 'input' : EXACT_SUMS } : {},
            onProgress,
            signal,
          }),
      )
      if (args.json) {
        const shown = args.all ? { candidates: trials.map(plain) } : {}
        printJson({
          kernel: family.name,
          target: args.target,
          shape: dims,
          dtype: args.dtype,
          best,
          tried,
          ...shown,
        })
        return
      }
      const { unvalidated } = DEVICES[args.target]
      if (unvalidated) console.log(`${unvalidated}\n`)
      const profiled = trials.filter(({ outcome }) => outcome === 'profiled').length
      console.log(
        `${tried} candidates of ${family.name} on ${args.target}, ${profiled} of them profiled, modelled; the best:\n`,
      )
      show(args.all ? trials : trials.slice(0, 1))
      if (degrees.length > 0) console.log(`\n${buffering(degrees)}`)
      console.log(`\nUse it: --schedule ${assignments(best.schedule, ',')}`)
    })
}

/** What the copies of a block are worth: from one, with which loads wait for compute, on. */
const buffering = (degrees: readonly Trial[]): string =>
  `Copies of what is loaded (buffers): ${degrees
    .map(({ schedule, seconds }) => `${schedule[BUFFERS]} ${milliseconds(seconds)} ms`)
    .join(', ')}`

/** A trial as JSON: that of a candidate which was not profiled in full has no metrics. */
const plain = ({ cost, ...trial }: Trial) => ({ ...trial, ...cost })

function show(trials: readonly Trial[]): void {
  console.log(
    table(
      ['form', 'ms', 'of bound', 'HBM traffic', 'spilled', 'tensor', 'schedule'],
      trials.map(({ kernel, schedule, outcome, seconds, cost }) =>
        cost
          ? [kernel, ...figures(cost), assignments(schedule)]
          : [
              kernel,
              `${outcome === 'foreseen' ? '≈' : '≥'} ${milliseconds(seconds)}`,
              OUTCOME[outcome],
              '',
              '',
              '',
              assignments(schedule),
            ],
      ),
    ),
  )
}

const milliseconds = (seconds: number): string => (seconds * 1e3).toFixed(3)
const OUTCOME = { capacity: 'does not fit', bound: 'ruled out', foreseen: 'foreseen', profiled: '' } as const

const figures = ({ metrics: m, bounds }: Cost): string[] => [
  milliseconds(m.total_time),
  ((m.total_time - bounds.launch) / Math.max(bounds.compute, bounds.memory)).toFixed(3),
  bytes(m.hbm_read_bytes + m.hbm_write_bytes),
  bytes(m.spill_save_bytes),
  `${m.tensor_engine_active_time_percent.toFixed(1)} %`,
]
