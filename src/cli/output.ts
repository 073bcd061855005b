/** What commands print: results on stdout, tables or one JSON object; progress and remarks on stderr. */
import Table from 'cli-table3'

/** A table without boxes: two spaces between columns; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const blank = Object.fromEntries(
    ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
      ['', '-left', '-right', '-mid'].map((end) => [`${side}${end}`, '']),
    ),
  )
  const numeric = head.map(
    (_, column) =>
      rows.length > 0 &&
      rows.every((row) => /^[-+]?[\d.,]+( ?[%×]|e[-+]?\d+| [KMGT]?i?B)?$|^[-–]?$/.test(String(row[column]))),
  )
  const view = new Table({
    head: [...head],
    colAligns: numeric.map((n) => (n ? 'right' : 'left')),
    chars: { ...blank, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  view.push(...rows.map((row) => row.map(String)))
  return view.toString().replace(/ +$/gm, '')
}

/** Exactly one JSON object on stdout. */
export const printJson = (value: object): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** `M=1024 K=2048`: a shape, or the entries of a schedule. */
export const assignments = (values: Readonly<Record<string, number | string>>, separator = ' '): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(separator)

/** Names and values, one a line. */
export function fields(values: Readonly<Record<string, string | number>>): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length))
  return Object.entries(values)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join('\n')
}

/** `+1.2 %`, of a fraction. */
export const signedPercent = (fraction: number): string =>
  `${fraction < 0 ? '' : '+'}${(100 * fraction).toFixed(1)} %`

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `512 B`, `2.5 KiB`, `7.500 GiB`: four significant digits, binary units. */
export function bytes(n: number): string {
  const unit = n < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(n) / 10))
  return unit === 0 ? `${Math.round(n)} B` : `${(n / 1024 ** unit).toPrecision(4)} ${UNITS[unit]}`
}
