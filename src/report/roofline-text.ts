/**
 * The roofline for a terminal, in plain characters: capitals at the modelled intensity, the same letters small at the
 * intensity as written; `=` and `/` are the effective roofs, `-` and `.` the documented ones.
 */
import { type RooflinePoint, type Roofs, type Window, windowOf } from './roofline.ts'
import { tera } from './roofline-words.ts'

const WIDTH = 72
const HEIGHT = 22

export function rooflineText(roofs: readonly Roofs[], points: readonly RooflinePoint[]): string {
  const window = windowOf(roofs, points)
  const grid = new Grid(window)
  for (const { compute, memory } of roofs)
    for (const kind of ['documented', 'effective'] as const) {
      const [slope, level] = kind === 'effective' ? ['/', '='] : ['.', '-']
      const top = Math.max(...compute.map((c) => c[kind]))
      for (let column = 0; column < WIDTH; column++) {
        const x = grid.xOf(column)
        const y = x * memory[kind]
        if (y < top) grid.put(x, y, slope!)
        for (const c of compute) if (x * memory[kind] >= c[kind]) grid.put(x, c[kind], level!)
      }
    }
  for (const p of points) grid.put(p.intensity.asWritten, p.achieved, p.letter[0]!.toLowerCase())
  for (const p of points) grid.put(p.intensity.modelled, p.achieved, p.letter[0]!)
  return grid.toString()
}

class Grid {
  private readonly rows = Array.from({ length: HEIGHT }, () => Array<string>(WIDTH).fill(' '))

  constructor(private readonly window: Window) {}

  /** The intensity in the middle of a column. */
  xOf(column: number): number {
    const [low, high] = this.window.x
    return low * (high / low) ** ((column + 0.5) / WIDTH)
  }

  put(x: number, y: number, mark: string): void {
    const column = position(x, this.window.x, WIDTH)
    const row = HEIGHT - 1 - position(y, this.window.y, HEIGHT)
    if (this.rows[row]?.[column] !== undefined) this.rows[row]![column] = mark
  }

  toString(): string {
    const marks = decades(this.window.y)
    const lines = this.rows.map((row, r) => {
      const at = marks.find((y) => HEIGHT - 1 - position(y, this.window.y, HEIGHT) === r)
      return `${(at === undefined ? '' : tera(at)).padStart(8)} |${row.join('').trimEnd()}`
    })
    const axis = Array<string>(WIDTH).fill(' ')
    for (const x of decades(this.window.x)) {
      const text = `${x}`
      const column = position(x, this.window.x, WIDTH)
      if (column + text.length <= WIDTH) axis.splice(column, text.length, ...text)
    }
    return [
      ' TFLOP/s',
      ...lines,
      `${''.padStart(8)} +${'-'.repeat(WIDTH)}`,
      `${''.padStart(10)}${axis.join('').trimEnd()}`,
      `${''.padStart(10)}FLOP/byte. A: modelled, a: as written. / = effective roofs, . - documented ones.`,
    ].join('\n')
  }
}

const position = (value: number, [low, high]: readonly [number, number], cells: number): number =>
  Math.floor((cells * Math.log(value / low)) / Math.log(high / low))

/** Powers of ten inside. */
function decades([low, high]: readonly [number, number]): number[] {
  const first = Math.ceil(Math.log10(low))
  const count = Math.floor(Math.log10(high)) - first + 1
  return Array.from({ length: Math.max(0, count) }, (_, i) => Number(`1e${first + i}`))
}
