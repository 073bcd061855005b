/** Python that fits 100 columns: statements break inside their last bracket, one argument per line, as Black does. */

export const WIDTH = 100
const STEP = '    '

/** A statement, or a part of one that `after` ends, at an indentation of `depth` steps. */
export function statement(text: string, depth: number, after = ''): string[] {
  const indent = STEP.repeat(depth)
  if (indent.length + text.length + after.length <= WIDTH) return [indent + text + after]
  const last = lastBracket(text, text.length)
  // `tile[…] += acc[...]` breaks on its left side
  const split = last?.inside === '...' ? lastBracket(text, last.head.length - 1) : last
  if (!split) return [indent + text + after]
  if (indent.length + split.head.length > WIDTH) {
    const broken = leftBroken(text, depth)
    if (broken) return broken
  }
  const { head, inside, tail } = doubled(split)
  const inner = STEP.repeat(depth + 1)
  if (inner.length + inside.length <= WIDTH && !inside.includes(' & '))
    return [indent + head, inner + inside, indent + tail + after]
  const parts = commas(inside)
  if (parts.length > 1 && !/[[(=]/.test(inside)) return packed(head, [parts], tail + after, depth)
  const lines = parts.flatMap((part) =>
    part.includes(' & ') && inner.length + part.length + 1 > WIDTH
      ? conjunction(part, depth + 1)
      : statement(part, depth + 1, ','),
  )
  return [indent + head, ...lines, indent + tail + after]
}

/** Names between brackets, as many on a line as fit; each group begins a line if not all fit on one. */
export function packed(
  head: string,
  groups: readonly (readonly string[])[],
  tail: string,
  depth: number,
): string[] {
  const indent = STEP.repeat(depth)
  const one = `${indent}${head}${groups.flat().join(', ')}${tail}`
  if (one.length <= WIDTH) return [one]
  const lines = groups.flatMap((group) =>
    group.length > 0
      ? filled(
          group.map((name) => `${name},`),
          indent + STEP,
        )
      : [],
  )
  return [indent + head, ...lines, indent + tail]
}

/** A call of a function of the file: arguments that do not fit on the first line continue below its bracket. */
export function callOf(name: string, args: readonly string[], depth: number): string[] {
  const head = `${STEP.repeat(depth)}${name}(`
  const words = args.map((arg, i) => `${arg}${i < args.length - 1 ? ',' : ')'}`)
  const [first, ...rest] = filled(words, ' '.repeat(head.length))
  return [head + first!.trimStart(), ...rest]
}

/** A command to be pasted: where it does not fit on a line its lists are quoted, and broken behind commas. */
export function command(before: string, text: string, depth: number, hanging: string): string[] {
  const indent = STEP.repeat(depth)
  if (indent.length + before.length + text.length <= WIDTH) return [indent + before + text]
  const pieces = `${before}${text.replace(/\S+,\S+/g, "'$&'")}`.split(/(?<= '|,)/)
  return filled(pieces, indent, hanging, '')
}

/** A docstring by itself. */
export function docstring(text: string, depth: number): string[] {
  const lines = paragraph(`"""${text}"""`, depth)
  if (lines.length === 1) return lines
  return [...paragraph(`"""${text}`, depth), `${STEP.repeat(depth)}"""`]
}

/** Words of a comment or a docstring; lines after the first are indented by `hanging` as well. */
export const paragraph = (text: string, depth: number, prefix = '', hanging = ''): string[] =>
  filled(text.split(' '), STEP.repeat(depth) + prefix, hanging)

/** As many on a line as fit. */
function filled(words: readonly string[], indent: string, hanging = '', between = ' '): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    const used = indent.length + (lines.length > 0 ? hanging.length : 0)
    if (line && used + line.length + between.length + word.length > WIDTH) {
      lines.push(line)
      line = ''
    }
    line = line ? line + between + word : word
  }
  return [...lines, line].map((text, i) => indent + (i > 0 ? hanging : '') + text)
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

/** `tile[…] = f(…)` with a line break within its left side. */
function leftBroken(text: string, depth: number): string[] | null {
  const left = lastBracket(text, text.indexOf(' = '))
  if (!left) return null
  return [
    STEP.repeat(depth) + left.head,
    STEP.repeat(depth + 1) + left.inside,
    ...statement(left.tail, depth),
  ]
}

/** `any((…))` is broken within both of its brackets. */
function doubled({ head, inside, tail }: { head: string; inside: string; tail: string }) {
  const within = inside.startsWith('(') ? lastBracket(inside, inside.length) : null
  if (within?.head !== '(' || within.tail !== ')') return { head, inside, tail }
  return { head: `${head}(`, inside: within.inside, tail: `)${tail}` }
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

/** `mask=a & b` as `mask=(a),` and its terms below each other. */
function conjunction(text: string, depth: number): string[] {
  const at = text.indexOf('=')
  const [first, ...rest] = text.slice(at + 1).split(' & ')
  const inner = STEP.repeat(depth + 1)
  return [
    `${STEP.repeat(depth)}${text.slice(0, at)}=(`,
    `${inner}${first}`,
    ...rest.map((term) => `${inner}& ${term}`),
    `${STEP.repeat(depth)}),`,
  ]
}
