/** `neuronmm print NAME`: the program of a kernel, line by line with its source. */
import type { Command } from 'commander'
import { traceChoice } from '../../kernels/index.ts'
import { print } from '../../nki/index.ts'
import { choiceOf, optionsOf, type ProgramArguments, programCommand } from '../arguments.ts'

export function register(program: Command): void {
  programCommand(program, 'print', 'print the program that a kernel traces to')
    .option('--no-lines', 'without the lines of the source')
    .action((name: string, args: ProgramArguments & { lines: boolean }) => {
      const program = traceChoice(choiceOf(name, args), optionsOf(args))
      console.log(print(program, { sites: args.lines }))
    })
}
