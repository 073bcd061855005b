/**
 * Every kernel as one Python package: a sub-package per dialect with a file per kernel, and a benchmark script per
 * dialect. Files are text by path; whoever asks for them writes them.
 */
import type { Dims, Kernel, Program } from '../../nki/index.ts'
import { DIALECT, type Dialect, WRITTEN_BY } from '../dialect.ts'
import { paragraph } from '../format.ts'
import { emitPython } from '../python.ts'
import { benchmarkCurrent } from './benchmark-current.ts'
import { benchmarkLegacy } from './benchmark-legacy.ts'
import { type BenchmarkedKernel, benchmarking } from './benchmarking.ts'
import { readme } from './readme.ts'

export interface PackagedKernel {
  readonly kernel: Kernel
  readonly program: Program
  /** What the others are to beat: dense products, and the low-rank one in two kernels. */
  readonly isBaseline: boolean
  readonly tunedFor?: string
  readonly simulatedBy?: string
}

export interface PackageOptions {
  readonly dialects: readonly Dialect[]
  readonly target?: string
  /** What the benchmark scripts run unless they are told otherwise. */
  readonly dims: Dims
}

/** @throws ArgumentError for options that do not fit, KernelError for what a dialect cannot express. */
export function emitPackage(
  kernels: readonly PackagedKernel[],
  { dialects, target, dims }: PackageOptions,
): Map<string, string> {
  const files = new Map<string, string>()
  const names = kernels.map(({ kernel }) => kernel.name)
  files.set('__init__.py', `"""NeuronMM kernels for NKI: ${dialects.join(' and ')}.\n\n${WRITTEN_BY}\n"""\n`)
  for (const dialect of dialects) {
    files.set(`${dialect}/__init__.py`, initOf(dialect, names))
    for (const { kernel, program, tunedFor, simulatedBy } of kernels)
      files.set(
        `${dialect}/${kernel.name}.py`,
        emitPython(program, {
          dialect,
          ...(target && { target }),
          ...(tunedFor && { tunedFor }),
          ...(simulatedBy && { simulatedBy }),
        }),
      )
    files.set(`benchmark_${dialect}.py`, dialect === 'legacy' ? benchmarkLegacy() : benchmarkCurrent())
  }
  files.set('benchmarking.py', benchmarking(kernels.map(benchmarked), dims))
  files.set('README.md', readme(kernels, dialects))
  return files
}

const benchmarked = ({ kernel, isBaseline }: PackagedKernel): BenchmarkedKernel => ({
  name: kernel.name,
  role: isBaseline ? 'baseline' : 'kernel',
  inputs: Object.values(kernel.inputs),
  rows: kernel.limits.M ?? null,
})

function initOf(dialect: Dialect, names: readonly string[]): string {
  const sorted = names.toSorted()
  return [
    ...paragraph(`"""NeuronMM kernels for ${DIALECT[dialect].support}.`, 0),
    '',
    WRITTEN_BY,
    '"""',
    '',
    ...sorted.map((name) => `from .${name} import ${name}`),
    '',
    '__all__ = [',
    ...sorted.map((name) => `    "${name}",`),
    ']',
    '',
  ].join('\n')
}
