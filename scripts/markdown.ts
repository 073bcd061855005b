/** What the generated reports share: tables in Markdown, and errors in percent. */
type Cell = string | number

const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`

export const table = (head: readonly string[], rows: readonly (readonly Cell[])[]): string[] => [
  line(head),
  line(head.map(() => '---')),
  ...rows.map(line),
]

/** `+1.2 %`, of a fraction. */
export const percent = (x: number): string => `${x >= 0 ? '+' : '−'}${Math.abs(100 * x).toFixed(1)} %`
