/** `neuronmm run NAME`: execute a kernel on random numbers and hold it against float64. */
import { type Command, Option } from 'commander'
import { traceChoice } from '../../kernels/index.ts'
import { check } from '../../simulate/index.ts'
import {
  type CoresArguments,
  chosen,
  coresOf,
  type KernelArguments,
  kernelCommand,
  optionsOf,
  parseWhole,
  withCores,
} from '../arguments.ts'
import { EXIT } from '../failure.ts'
import { assignments, bytes, fields, printJson } from '../output.ts'
import { showProgress } from '../progress.ts'

interface RunArguments extends KernelArguments, CoresArguments {
  readonly seed: number
  readonly precision: 'hardware' | 'float32'
  readonly padded?: boolean
}

export function register(program: Command): void {
  withCores(kernelCommand(program, 'run', 'run a kernel on random numbers, and compare with float64'))
    .addOption(
      new Option('--seed <n>', 'seed of the inputs').argParser((text) => parseWhole('seed', text)).default(0),
    )
    .addOption(
      new Option('--precision <precision>', 'round where the hardware does, or not at all')
        .choices(['hardware', 'float32'])
        .default('hardware'),
    )
    .option('--padded', 'count instructions as a masked dialect issues them: whole pieces')
    .action((name: string, args: RunArguments) => {
      const { shape, dtype, seed, precision } = args
      const { family, choice } = chosen(name, args)
      const cores = coresOf(traceChoice(choice, optionsOf(args)), args, shape)
      const started = performance.now()
      const result = showProgress(choice.kernel.name, (onProgress) =>
        check(choice.kernel, shape, dtype, {
          seed,
          precision,
          schedule: choice.schedule,
          options: optionsOf(args),
          cores,
          reading: args.padded ? 'padded' : 'exact',
          onProgress,
        }),
      )
      const { counts } = result
      const entries = { ...choice.kernel.schedule, ...choice.schedule }
      const report = {
        kernel: family.name,
        form: choice.kernel.name,
        shape,
        dtype,
        schedule: { name: choice.scheduleName, ...entries },
        cores: cores?.count ?? 1,
        share: cores?.dim ?? null,
        relativeError: result.relativeError,
        maxAbsError: result.maxAbsError,
        tolerance: result.tolerance,
        ok: result.ok,
        hbmReadBytes: counts.hbmReadBytes,
        hbmWriteBytes: counts.hbmWriteBytes,
        tensors: counts.tensors,
        dmas: counts.dmas,
        ncMatmuls: counts.ncMatmuls,
        macsIssued: counts.macs,
        macsUseful: result.macsUseful,
        sbufPeakBytesPerPartition: counts.sbufPeakBytesPerPartition,
        psumPeakBytesPerPartition: counts.psumPeakBytesPerPartition,
        seconds: (performance.now() - started) / 1000,
      }
      if (args.json) printJson(report)
      else
        console.log(
          fields({
            kernel: report.form,
            schedule: `${choice.scheduleName}: ${assignments(entries)}`,
            ...(cores ? { cores: `${cores.count}, which share ${cores.dim}` } : {}),
            result: report.ok ? 'right' : 'WRONG',
            'relative error': `${result.relativeError.toExponential(2)} (at most ${result.tolerance.toExponential(2)})`,
            'largest error': result.maxAbsError.toExponential(2),
            'HBM read': bytes(counts.hbmReadBytes),
            'HBM written': bytes(counts.hbmWriteBytes),
            matmuls: counts.ncMatmuls.toLocaleString('en-US'),
            'MACs issued / useful': `${counts.macs.toLocaleString('en-US')} / ${result.macsUseful.toLocaleString('en-US')}`,
            'SBUF, PSUM peak': `${bytes(counts.sbufPeakBytesPerPartition)}, ${bytes(counts.psumPeakBytesPerPartition)} per partition`,
            time: `${report.seconds.toFixed(2)} s`,
          }),
        )
      if (!result.ok) process.exitCode = EXIT.failed
    })
}
