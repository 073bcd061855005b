/**
 * What there is to measure with: the instance, a Python with a package of the Neuron SDK, the dialect that both of them
 * allow, and the profiler. What is missing is one line that says how to get it.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEVICE_NAMES, type DeviceName } from '../device/index.ts'
import type { Dialect } from '../emit/index.ts'
import { searchPython } from '../execute/index.ts'

export interface Sdk {
  readonly python: string
  readonly pythonVersion: string
  readonly dialect: Dialect
  readonly target: DeviceName
  /** `trn1.32xlarge`, if the machine says so. */
  readonly instance: string | null
  /** Versions, by module. */
  readonly packages: Readonly<Record<string, string>>
  /** neuron-explorer, or neuron-profile of older SDKs; null where there is none. */
  readonly profiler: string | null
}

export interface SdkOptions {
  readonly target?: DeviceName | undefined
  /** The name of the instance; by default that in the machine's firmware. */
  readonly instance?: string | null
}

/** dist/measure and src/measure are equally deep. */
export const script = (name: string): string =>
  fileURLToPath(new URL(`../../src/measure/python/${name}.py`, import.meta.url))

/** NeuronCores by the instances that have them; Inferentia2 has those of Trainium1. */
const FAMILIES: readonly (readonly [RegExp, DeviceName])[] = [
  [/^(trn1|inf2)/, 'trn1'],
  [/^trn2/, 'trn2'],
  [/^trn3/, 'trn3'],
]

/** Nitro instances carry their type as the product's name. */
function instanceOfMachine(): string | null {
  try {
    return readFileSync('/sys/devices/virtual/dmi/id/product_name', 'utf8').trim()
  } catch {
    return null
  }
}

export function findSdk({
  target,
  instance = instanceOfMachine(),
}: SdkOptions = {}): Sdk | { readonly missing: string } {
  const found = { legacy: searchPython('aws', 'legacy'), current: searchPython('aws', 'current') }
  if ('missing' in found.legacy && 'missing' in found.current)
    return { missing: `this takes a Trainium instance with the Neuron SDK: ${found.current.missing}` }
  const core = target ?? FAMILIES.find(([name]) => instance && name.test(instance))?.[1]
  if (!core)
    return {
      missing: `${instance ?? 'this machine'} is no Trainium instance that is known here; name its NeuronCore with --target ${DEVICE_NAMES.join(', ')}`,
    }
  const dialect = core === 'trn1' || (core === 'trn2' && 'missing' in found.current) ? 'legacy' : 'current'
  const search = found[dialect]
  if ('missing' in search)
    return { missing: `${core} takes kernels of the ${dialect} dialect: ${search.missing}` }
  const { python } = search
  const probed = probe(python)
  if (!probed)
    return { missing: `${python} did not say which packages it has; run ${python} ${script('probe')}` }
  const { packages } = probed
  if (dialect === 'legacy' && laterThan(packages.nki, LAST_LEGACY_NKI))
    return {
      missing: `neuronxcc.nki does not compile under nki ${packages.nki} (SDK 2.30 or later): ${core} needs SDK 2.23 to 2.29, in another Python that NEURONMM_PYTHON names`,
    }
  if (dialect === 'current' && !packages.torch_neuronx)
    return {
      missing: `${python} has nki ${packages.nki}, but no torch_neuronx to call it from; install torch-neuronx of the same SDK (awsdocs-neuron.readthedocs-hosted.com)`,
    }
  return {
    python,
    pythonVersion: probed.python,
    dialect,
    target: core,
    instance,
    packages,
    profiler: findProgram(['neuron-explorer', 'neuron-profile']),
  }
}

/** Whether the driver shows a Neuron device here. */
export const hasDevice = (): boolean => existsSync('/dev/neuron0')

/** From 0.4 on `neuronxcc.nki` inside a kernel is a compile error (NKI release notes). */
const LAST_LEGACY_NKI = [0, 3] as const

function laterThan(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const match = /^(\d+)\.(\d+)/.exec(version ?? '')
  if (!match) return false
  const [a, b] = [Number(match[1]), Number(match[2])]
  return a > major || (a === major && b > minor)
}

function probe(python: string): { python: string; packages: Record<string, string> } | null {
  const { status, stdout } = spawnSync(python, ['-B', script('probe')], {
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  if (status !== 0) return null
  try {
    return JSON.parse(stdout)
  } catch {
    return null
  }
}

/** The first of these programs on the PATH, or where the Neuron tools are installed. */
function findProgram(names: readonly string[]): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/opt/aws/neuron/bin']
  for (const name of names)
    for (const folder of folders) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // not here
      }
    }
  return null
}
