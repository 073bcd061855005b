/** `neuronmm diff A B`: two profiles side by side. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ArgumentError } from '../../nki/index.ts'
import { assignments, printJson, table } from '../output.ts'
import { type ProfileDocument, parseDocument } from '../profiling.ts'

export function register(program: Command): void {
  program
    .command('diff <a> <b>')
    .description('compare two profiles (files written by profile --json)')
    .option('--json', 'print one JSON object')
    .action((a: string, b: string, { json }: { json?: boolean }) => {
      const [first, second] = [read(a), read(b)]
      const metrics = rows({ ...first.metrics }, { ...second.metrics })
      const mix = rows(first.mix, second.mix)
      if (json) printJson({ a: title(first), b: title(second), metrics, mix })
      else
        console.log(
          [
            `a: ${title(first)}`,
            `b: ${title(second)}`,
            '',
            render('metric', metrics),
            '',
            render('instructions', mix),
          ].join('\n'),
        )
    })
}

function read(path: string): ProfileDocument {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new ArgumentError(`${path} cannot be read; make it with neuronmm profile NAME … --json > ${path}`)
  }
  return parseDocument(text, path)
}

interface Row {
  readonly name: string
  readonly a: number
  readonly b: number
  readonly delta: number
  /** b / a; null where a is 0. */
  readonly ratio: number | null
}

const rows = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Row[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => {
    const [x, y] = [a[name] ?? 0, b[name] ?? 0]
    return { name, a: x, b: y, delta: y - x, ratio: x === 0 ? null : y / x }
  })

const title = ({ kernel, target, shape, dtype, schedule }: ProfileDocument): string =>
  `${kernel} on ${target}, ${assignments(shape)}, ${dtype}, schedule ${typeof schedule === 'string' ? schedule : JSON.stringify(schedule)}`

const number = (n: number): string => (Number.isInteger(n) ? `${n}` : n.toPrecision(6))
const render = (what: string, list: readonly Row[]): string =>
  table(
    [what, 'a', 'b', 'b - a', 'b / a'],
    list
      .filter(({ a, b }) => a !== 0 || b !== 0)
      .map(({ name, a, b, delta, ratio }) => [
        name,
        number(a),
        number(b),
        number(delta),
        ratio === null ? '-' : ratio.toFixed(3),
      ]),
  )
