/** `neuronmm kernels`: what there is, a line each. */
import type { Command } from 'commander'
import { FAMILIES, formsOf } from '../../kernels/index.ts'
import { printJson, table } from '../output.ts'

export function register(program: Command): void {
  program
    .command('kernels')
    .description('list the kernels')
    .option('--json', 'print one JSON object')
    .action(({ json }: { json?: boolean }) => {
      const forms = FAMILIES.flatMap((family) =>
        formsOf(family).map((kernel) => ({
          group: family.group,
          family: family.name,
          kernel,
        })),
      )
      if (json)
        printJson({
          kernels: forms.map(({ group, family, kernel }) => ({
            name: kernel.name,
            group,
            family,
            summary: kernel.summary,
            inputs: kernel.inputs,
            output: kernel.output,
            limits: kernel.limits,
            schedule: kernel.schedule,
            schedules: Object.keys(kernel.schedules),
            options: kernel.options,
          })),
        })
      else
        console.log(
          table(
            ['kernel', 'group', 'what it computes'],
            forms.map(({ group, kernel }) => [kernel.name, group, kernel.summary]),
          ),
        )
    })
}
