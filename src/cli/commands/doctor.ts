/** `neuronmm doctor`: what this machine offers, and what is missing. */
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Command } from 'commander'
import { createEngine } from '../../engine/index.ts'
import { findPython } from '../../execute/index.ts'
import { bytes, fields, printJson } from '../output.ts'

export function register(program: Command): void {
  program
    .command('doctor')
    .description('say what this machine offers')
    .option('--json', 'print one JSON object')
    .action(async ({ json }: { json?: boolean }) => {
      const report = { ...examine(), engine: await examineEngine() }
      if (json) printJson(report)
      else
        console.log(
          fields({
            node: report.node,
            system: `${report.platform} ${report.architecture}`,
            processor: `${report.processor}, ${report.cores} cores`,
            memory: bytes(report.memoryBytes),
            'host engine': `${report.engine.backend}, ${report.engine.instructionSet}, ${report.engine.threads} threads`,
            ...(report.engine.notes.length > 0 && { 'not used': report.engine.notes.join(' ') }),
            python:
              report.python ?? 'none: emitted kernels cannot be executed here (python3 with numpy does)',
            'neuron sdk':
              report.neuronSdk.length > 0
                ? report.neuronSdk.join(', ')
                : 'none: kernels are simulated, not run on a NeuronCore',
          }),
        )
    })
}

/** What createEngine() takes here, and why nothing faster. */
async function examineEngine() {
  const engine = await createEngine()
  engine.dispose()
  const { backend, instructionSet, threads, notes } = engine.info
  return { backend, instructionSet, threads, notes }
}

function examine() {
  const withNumpy = findPython()
  const python = withNumpy ?? 'python3'
  return {
    node: process.version,
    platform: process.platform,
    architecture: process.arch,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    python:
      withNumpy &&
      ask(withNumpy, [
        '-c',
        'import sys, numpy; print(sys.version.split()[0], "with numpy", numpy.__version__)',
      ]),
    neuronSdk: ['nki', 'neuronxcc'].filter(
      (name) =>
        ask(python, [
          '-c',
          `import importlib.util, sys; sys.exit(importlib.util.find_spec("${name}") is None)`,
        ]) !== null,
    ),
  }
}

/** What a program prints, or null where it is missing or fails. */
function ask(command: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout.trim() : null
}
