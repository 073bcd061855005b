/**
 * `npm run calibrate`: every published measurement that can be modelled, beside the model: docs/calibration.md.
 * `-- --measured FILE` adds what neuronmm bench --on device measured.
 */
import { writeFileSync } from 'node:fs'
import { extrapolations } from './calibration/extrapolate.ts'
import { measuredSections } from './calibration/measured.ts'
import { model } from './calibration/model.ts'
import { POINTS } from './calibration/points.ts'
import { compare, report } from './calibration/report.ts'

const measured = measuredSections(process.argv.slice(2))
const results = POINTS.map((point) => compare(point, model(point)))
const text = report(results, extrapolations()) + measured
writeFileSync('docs/calibration.md', text)
process.stdout.write(text)
