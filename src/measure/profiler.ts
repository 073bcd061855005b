/**
 * The profiler of the Neuron tools (neuron-explorer, neuron-profile before it): the time that a compiled kernel (NEFF)
 * took on the device and the bytes that it moved, from the summary that `view --output-format summary-json` prints.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type ProcessOptions, runProcess } from './process.ts'

/** On the device, without the launch. Names are those of the profile schema. */
export interface DeviceSummary {
  /** Seconds. */
  readonly total_time: number
  readonly hbm_read_bytes: number
  readonly hbm_write_bytes: number
}

export type Summarised = DeviceSummary | { readonly error: string }

/**
 * A summary is one object of metrics, or holds one by the name of the NeuronCore; several cores of a launch add up their
 * bytes and take the time of the slowest. Lines of a log may stand before it.
 */
export function parseSummary(text: string): Summarised {
  let parsed: unknown
  try {
    parsed = JSON.parse(text.slice(text.indexOf('{')))
  } catch {
    return { error: 'its summary is not JSON' }
  }
  const cores = isSummary(parsed) ? [parsed] : Object.values(parsed as object).filter(isSummary)
  if (cores.length === 0)
    return { error: 'its summary has no total_time, hbm_read_bytes and hbm_write_bytes' }
  const sum = (of: (core: DeviceSummary) => number): number => cores.reduce((n, core) => n + of(core), 0)
  return {
    total_time: Math.max(...cores.map((core) => core.total_time)),
    hbm_read_bytes: sum((core) => core.hbm_read_bytes),
    hbm_write_bytes: sum((core) => core.hbm_write_bytes),
  }
}

export function isSummary(value: unknown): value is DeviceSummary {
  if (typeof value !== 'object' || value === null) return false
  const { total_time, hbm_read_bytes, hbm_write_bytes } = value as Record<string, unknown>
  return isPositive(total_time) && isCount(hbm_read_bytes) && isCount(hbm_write_bytes)
}

export const isPositive = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x) && x > 0
const isCount = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x) && x >= 0

/** Summarises a compiled kernel with its trace; without one, its second execution is traced first. */
export async function summarise(
  profiler: string,
  neff: string,
  trace: string | null,
  options: ProcessOptions,
): Promise<Summarised> {
  const file = trace ?? `${neff}.ntff`
  if (trace === null) {
    const captured = await runProcess(
      profiler,
      ['capture', '-n', neff, '-s', file, '--profile-nth-exec=2'],
      options,
    )
    if (captured.failure) return { error: `${profiler} capture: ${captured.failure}` }
  }
  const viewed = await runProcess(
    profiler,
    ['view', '--output-format', 'summary-json', '-n', neff, '-s', file],
    options,
  )
  if (viewed.failure) return { error: `${profiler} view: ${viewed.failure}` }
  const summary = parseSummary(viewed.stdout)
  return 'error' in summary ? { error: `${profiler} view: ${summary.error}` } : summary
}

/** Files of a kind in a folder and below, largest first: beside the kernel there may be programs that move its inputs. */
export function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).size - statSync(a).size)
}
