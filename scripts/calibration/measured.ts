/** Sections of the calibration report for the files of measurements that `--measured` names. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { measuredSection, parseMeasurements } from '../src/measure/index.ts'

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
