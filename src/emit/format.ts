/** Python that fits 100 columns: statements break inside their last bracket, one argument per line, as Black does. */

export const WIDTH = 100
const STEP = '    '

/** A statement at an indentation of `depth` steps. */
export function statement(text: string, depth: number): string[] {
  const indent = STEP.repeat(depth)
  if (indent.length + text.length <= WIDTH) return [indent + text]
  const last = lastBracket(text, text.length)
  // `tile[…] += acc[...]` breaks on its left side
  const split = last?.inside === '...' ? lastBracket(text, last.head.length - 1) : last
  if (!split) return [indent + text]
  const { head, inside, tail } = split
  const inner = STEP.repeat(depth + 1)
  if (inner.length + inside.length <= WIDTH && !inside.includes(' & '))
    return [indent + head, inner + inside, indent + tail]
  const parts = commas(inside)
  const loop = inside.lastIndexOf(' for ')
  if (parts.length === 1 && loop > 0)
    return [
      indent + head,
      ...statement(inside.slice(0, loop), depth + 1),
      inner + inside.slice(loop + 1),
      indent + tail,
    ]
  const lines = parts.flatMap((part) => {
    const broken =
      part.includes(' & ') && inner.length + part.length + 1 > WIDTH ? conjunction(part, depth + 1) : null
    const wrapped = broken ?? statement(part, depth + 1)
    return [...wrapped.slice(0, -1), `${wrapped.at(-1)},`]
  })
  return [indent + head, ...lines, indent + tail]
}

/** Words of a comment or a docstring. */
export function paragraph(text: string, depth: number, prefix = ''): string[] {
  const indent = STEP.repeat(depth) + prefix
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line)
      line = ''
    }
    line = line ? `${line} ${word}` : word
  }
  return [...lines, indent + line]
}

/** The bracket that closes last, and what is around it. */
function lastBracket(text: string, before: number): { head: string; inside: string; tail: string } | null {
  const end = Math.max(text.lastIndexOf(')', before - 1), text.lastIndexOf(']', before - 1))
  let depth = 0
  for (let i = end; i >= 0; i--) {
    if (')]'.includes(text[i]!)) depth++
    if ('(['.includes(text[i]!)) depth--
    if (depth === 0)
      return { head: text.slice(0, i + 1), inside: text.slice(i + 1, end), tail: text.slice(end) }
  }
  return null
}

/** Split at commas outside of any bracket. */
function commas(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i < text.length; i++) {
    if ('(['.includes(text[i]!)) depth++
    else if (')]'.includes(text[i]!)) depth--
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(from, i).trim())
      from = i + 1
    }
  }
  const rest = text.slice(from).trim()
  return rest ? [...parts, rest] : parts
}

/** `mask=a & b` as `mask=(a)` and its terms below each other. */
function conjunction(text: string, depth: number): string[] {
  const at = text.indexOf('=')
  const [first, ...rest] = text.slice(at + 1).split(' & ')
  const inner = STEP.repeat(depth + 1)
  return [
    `${STEP.repeat(depth)}${text.slice(0, at)}=(`,
    `${inner}${first}`,
    ...rest.map((term) => `${inner}& ${term}`),
    `${STEP.repeat(depth)})`,
  ]
}
