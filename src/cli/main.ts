#!/usr/bin/env node
/** `neuronmm`: one file per command in commands/, no logic of its own. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { register as kernels } from './commands/kernels.ts'
import { EXIT, explain } from './failure.ts'

// kernels' errors name lines of TypeScript, also when the compiled files run
process.setSourceMapsEnabled(true)

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('neuronmm')
  .description(
    'Low-rank matrix products Y = X·U·V: NeuronCore kernels without a NeuronCore, and fused engines for this machine.',
  )
  .version(version)
  .showSuggestionAfterError()
  .exitOverride()

for (const register of [kernels]) register(program)

try {
  await program.parseAsync()
} catch (error) {
  // commander has printed its own message already
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.badInput
  else {
    const { text, code } = explain(error)
    console.error(text)
    process.exitCode = code
  }
}
