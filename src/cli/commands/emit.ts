/** `neuronmm emit NAME`: a kernel as NKI Python. */
import { writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { DIALECTS, type Dialect, emitPython, TARGETS } from '../../emit/index.ts'
import {
  type CoresArguments,
  coresOf,
  type ProgramArguments,
  programCommand,
  traced,
  withCores,
} from '../arguments.ts'

interface EmitArguments extends ProgramArguments, CoresArguments {
  readonly dialect: Dialect
  readonly target?: string
  readonly aligned?: string
  readonly output?: string
}

export function register(program: Command): void {
  withCores(programCommand(program, 'emit', 'write a kernel as NKI Python'))
    .addOption(
      new Option('--dialect <dialect>', 'legacy: neuronxcc.nki, SDK 2.20 to 2.29; current: nki')
        .choices(DIALECTS)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--target <target>', 'the NeuronCore that it is for').choices(TARGETS))
    .option('--aligned <dims>', 'dimensions promised to be whole blocks, such as M,K: text without edges')
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .action((name: string, { dialect, target, aligned, output, ...args }: EmitArguments) => {
      const program = traced(name, args)
      const cores = coresOf(program, args, args.shape)
      const text = emitPython(program, {
        dialect,
        aligned: aligned?.split(',').map((dim) => dim.trim()) ?? [],
        ...(target === undefined ? {} : { target }),
        ...(cores === null ? {} : { cores }),
      })
      if (output === undefined) process.stdout.write(text)
      else writeFileSync(output, text)
    })
}
