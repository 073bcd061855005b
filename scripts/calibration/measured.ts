/** Sections of the calibration report for the files of measurements that `--measured` names. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { assignments } from '../../src/cli/output.ts'
import {
  compareMeasurements,
  type Measurement,
  type Measurements,
  parseMeasurements,
  sourceOf,
} from '../../src/measure/index.ts'
import { percent, table } from '../markdown.ts'
import { MODELLED_MEASURED } from './report.ts'

/** Ends the process with one line for a file that is no measurement, or another argument. */
export function measuredSections(args: readonly string[]): string {
  const options = { measured: { type: 'string', multiple: true } } as const
  try {
    const { measured = [] } = parseArgs({ args: [...args], options }).values
    return measured.flatMap(section).join('\n')
  } catch (error) {
    console.error(`calibrate: ${(error as Error).message}`)
    process.exit(2)
  }
}

function section(file: string): string[] {
  const name = basename(file)
  return measuredSection(parseMeasurements(readFileSync(file, 'utf8'), name), name)
}

/** The section, as lines of Markdown. `source` is the name of the file. */
export function measuredSection(measurements: Measurements, source: string): string[] {
  const { machine, target, dialect, failures } = measurements
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`)
  return [
    `## Measured by a user: ${source}`,
    '',
    `On ${machine.instance ?? 'an unnamed machine'} (${target}), ${dialect} dialect, ${packages.join(', ')}. None of these points was used to calibrate the model.`,
    '',
    ...table(
      ['measurement', 'by', ...MODELLED_MEASURED],
      compareMeasurements(measurements).map((c) => [
        title(c.point),
        sourceOf(c.point),
        c.modelled.toFixed(3),
        c.measured.toFixed(3),
        percent(c.timeError),
        c.modelledGib.toFixed(3),
        c.measuredGib?.toFixed(3) ?? '–',
        c.bytesError === null ? '–' : percent(c.bytesError),
      ]),
    ),
    '',
    ...failures.map((f) => `- ${title(f)} was not measured: ${f.error}`),
    ...(failures.length > 0 ? [''] : []),
  ]
}

type Titled = Pick<Measurement, 'kernel' | 'dims' | 'dtype' | 'schedule' | 'cores'>

function title({ kernel, dims, dtype, schedule, cores }: Titled): string {
  const entries = assignments(schedule)
  return [
    kernel,
    assignments(dims),
    dtype,
    ...(cores ? [`${cores.count} cores share ${cores.dim}`] : []),
    ...(entries ? [`(${entries})`] : []),
  ].join(' ')
}
