/** `neuronmm print NAME`: the program of a kernel, line by line with its source. */
import type { Command } from 'commander'
import { choose, findFamily, traceChoice } from '../../kernels/index.ts'
import { print } from '../../nki/index.ts'
import { checkShape, type KernelArguments, optionsOf, scheduleOption, shapeOption } from '../arguments.ts'

export function register(program: Command): void {
  program
    .command('print <kernel>')
    .description('print the program that a kernel traces to; with a shape, that of the form for this shape')
    .addOption(shapeOption())
    .addOption(scheduleOption())
    .option('--activation <name>', 'fuse an activation, where the kernel has one')
    .option('--no-lines', 'without the lines of the source')
    .action(
      (
        name: string,
        args: Partial<KernelArguments> & { lines: boolean; schedule: KernelArguments['schedule'] },
      ) => {
        const family = findFamily(name)
        const choice = args.shape
          ? choose(family, checkShape(family, args.shape), args.schedule)
          : choose({ ...family, special: [] }, {}, args.schedule)
        console.log(
          print(
            traceChoice(
              choice,
              args.activation === undefined ? {} : optionsOf({ activation: args.activation }),
            ),
            { sites: args.lines },
          ),
        )
      },
    )
}
