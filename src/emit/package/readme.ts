/** README.md of an emitted package. */
import { DIALECT, type Dialect, WRITTEN_BY } from '../dialect.ts'
import type { PackagedKernel } from './package.ts'

export const readme = (
  kernels: readonly PackagedKernel[],
  dialects: readonly Dialect[],
): string => `# NeuronMM kernels for NKI

${WRITTEN_BY}

| folder | for |
|---|---|
${dialects.map((dialect) => `| \`${dialect}/\` | ${DIALECT[dialect].support} |`).join('\n')}

Each kernel is a function in a file of its name. It takes its inputs in the layout that its docstring states, for any shape;
its block sizes are keyword arguments.

\`\`\`python
from ${dialects[0]} import fused_xuv

y = fused_xuv(x, u, v)
\`\`\`

## Benchmarks

${dialects.map((dialect) => `- \`python benchmark_${dialect}.py --M 4096\`: ${HOW[dialect]}`).join('\n')}

Latencies are percentiles, of every kernel and of the baselines; \`--help\` tells of the shape and other options. None of this has been run on Trainium
hardware yet: kernels were executed on models of NKI, and compared with the simulator that they come from.

## Kernels

| kernel | inputs | result | what it computes |
|---|---|---|---|
${kernels.map(row).join('\n')}
`

const HOW: Readonly<Record<Dialect, string>> = {
  legacy: 'on one NeuronCore, by `nki.benchmark`.',
  current: 'under torch-neuronx, by the clock of the host.',
}

const shape = ([p, f]: readonly [string, string]): string => `[${p}, ${f}]`

const row = ({ kernel, program, isBaseline }: PackagedKernel): string => {
  const inputs = program.inputs.map((t) => `${t.name} ${shape([t.p.dim, t.f.dim])}`).join(', ')
  return `| \`${kernel.name}\`${isBaseline ? ' (baseline)' : ''} | ${inputs} | ${shape(kernel.output)} | ${kernel.summary} |`
}
