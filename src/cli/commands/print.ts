/** `neuronmm print NAME`: the program of a kernel, line by line with its source. */
import type { Command } from 'commander'
import { print } from '../../nki/index.ts'
import { type ProgramArguments, programCommand, traced } from '../arguments.ts'

export function register(program: Command): void {
  programCommand(program, 'print', 'print the program that a kernel traces to')
    .option('--no-lines', 'without the lines of the source')
    .action((name: string, args: ProgramArguments & { lines: boolean }) => {
      console.log(print(traced(name, args), { sites: args.lines }))
    })
}
