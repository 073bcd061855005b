/**
 * `neuronmm`: one file per command in commands/, no logic of its own. A mistake is one line on stderr and an exit code;
 * results are on stdout, alone.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { register as bench } from './commands/bench.ts'
import { register as check } from './commands/check.ts'
import { register as diff } from './commands/diff.ts'
import { register as doctor } from './commands/doctor.ts'
import { register as emit } from './commands/emit.ts'
import { register as kernels } from './commands/kernels.ts'
import { register as print } from './commands/print.ts'
import { register as profile } from './commands/profile.ts'
import { register as roofline } from './commands/roofline.ts'
import { register as run } from './commands/run.ts'
import { register as tune } from './commands/tune.ts'
import { EXIT, explain, oneLine } from './failure.ts'
import { importOwn } from './own.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const COMMANDS = [kernels, run, print, profile, diff, roofline, bench, tune, emit, check, doctor]

/** Runs a command line, and leaves the exit code in the process. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('neuronmm')
    .description(
      'Low-rank matrix products Y = X·U·V: NeuronCore kernels without a NeuronCore, and fused engines for this machine.',
    )
    .version(version)
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(`${oneLine(text.replace(/^error: /, ''))}\n`) })
    .exitOverride()
  try {
    await importOwn(args)
    for (const register of COMMANDS) register(program)
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    // commander has printed its own message already
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.badInput
    else {
      const { text, code } = explain(error)
      console.error(text)
      process.exitCode = code
    }
  }
}
