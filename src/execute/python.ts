/**
 * The Python that executes emitted kernels: with numpy for the stand-ins, and with a package of the Neuron SDK for AWS's
 * own simulators. `NEURONMM_PYTHON` names one; else it is .venv of the working directory, python3 or python.
 */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import type { Dialect } from '../emit/index.ts'

/** `stand-in`: numpy models that come with this package. `aws`: `nki.simulate`, or `nki.simulate_kernel` for legacy. */
export const INTERPRETERS = ['stand-in', 'aws'] as const
export type Interpreter = (typeof INTERPRETERS)[number]

/** What must be installed, and where it comes from. */
const PACKAGE: Readonly<Record<Dialect, { name: string; from: string }>> = {
  legacy: {
    name: 'neuronxcc',
    from: 'neuronx-cc of the AWS Neuron SDK 2.23 to 2.29 (awsdocs-neuron.readthedocs-hosted.com)',
  },
  current: {
    name: 'nki',
    from: 'nki of the AWS Neuron SDK 2.29 or later (awsdocs-neuron.readthedocs-hosted.com)',
  },
}

export type PythonSearch = { readonly python: string } | { readonly missing: string }

/** The first Python that has what a dialect needs to be executed, or one line that says what is missing. */
export function searchPython(
  interpreter: Interpreter = 'stand-in',
  dialect: Dialect = 'current',
): PythonSearch {
  const named = process.env.NEURONMM_PYTHON
  const candidates = named ? [named] : [resolve('.venv', 'bin', 'python'), 'python3', 'python']
  const needed = interpreter === 'aws' ? ['numpy', PACKAGE[dialect].name] : ['numpy']
  let best: { python: string; lacks: string[] } | null = null
  for (const python of candidates) {
    const lacks = lacking(python, needed)
    if (lacks?.length === 0) return { python }
    if (lacks && (!best || lacks.length < best.lacks.length)) best = { python, lacks }
  }
  if (!best)
    return {
      missing: `emitted kernels are executed by Python, and ${named ? `NEURONMM_PYTHON=${named} does not run` : 'there is none here'}; install Python 3.9 or newer with numpy, or name one in NEURONMM_PYTHON`,
    }
  const { python, lacks } = best
  const remedy = lacks.includes('numpy')
    ? `install it (${python} -m pip install numpy)`
    : `install ${PACKAGE[dialect].from}`
  return { missing: `${python} has no ${lacks[0]}; ${remedy}, or name another Python in NEURONMM_PYTHON` }
}

/** A Python with numpy, or null. */
export function findPython(): string | null {
  const found = searchPython()
  return 'python' in found ? found.python : null
}

/** Modules that are not to be found; null where it does not run at all. Nothing but numpy is imported. */
function lacking(python: string, modules: readonly string[]): string[] | null {
  const program =
    'import importlib.util, sys; print(*[m for m in sys.argv[1:] if importlib.util.find_spec(m) is None])'
  const { status, stdout } = spawnSync(python, ['-c', program, ...modules], {
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout.split(/\s+/).filter(Boolean) : null
}
