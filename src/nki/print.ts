/** A program as text, to be read by people: one line per node, with the line of the source that issued it. */
import type { Alloc, Loop, Node, Op, Program, SymbolicDtype } from './program.ts'
import { type Size, type Span, sizeOf } from './span.ts'

export interface PrintOptions {
  /** Append `# file:line` to every line. Default true. */
  sites?: boolean
}

export function print(program: Program, { sites = true }: PrintOptions = {}): string {
  const lines: [text: string, site: string][] = []
  const put = (depth: number, text: string, node?: Node): void => {
    if (node?.comment) lines.push([`${'  '.repeat(depth)}// ${node.comment}`, ''])
    lines.push([`${'  '.repeat(depth)}${text}`, node ? node.site.toString() : ''])
  }
  const block = (nodes: readonly Node[], depth: number): void => {
    for (const node of nodes) {
      if (node.kind === 'alloc') put(depth, allocText(node), node)
      else if (node.kind === 'op') put(depth, opText(node), node)
      else {
        put(depth, loopText(node), node)
        block(node.body, depth + 1)
      }
    }
  }
  put(0, header(program))
  for (const text of settings(program)) put(1, text)
  block(program.body, 1)
  const width = Math.min(96, Math.max(...lines.map(([text]) => text.length)))
  return lines.map(([text, site]) => (sites && site ? `${text.padEnd(width)}  # ${site}` : text)).join('\n')
}

const header = ({ name, inputs, output }: Program): string =>
  `${name}(${inputs.map((t) => `${t.name} [${t.p.dim}, ${t.f.dim}]`).join(', ')}) → ${output.name} [${output.p.dim}, ${output.f.dim}]`

function* settings({ params, choices }: Program): Generator<string> {
  const all = [
    ...params.map((p) => `${p.name} = ${p.value}`),
    ...Object.entries(choices).map(([name, word]) => `${name} = ${word}`),
  ]
  if (all.length > 0) yield `schedule: ${all.join(', ')}`
}

const dtypeText = (dtype: SymbolicDtype): string =>
  typeof dtype === 'string' ? dtype : `dtype of ${dtype.like}`
const sizeText = (size: Size): string => (typeof size === 'number' ? `${size}` : size.name)
const axisText = (span: Span<string>, tile: Size | null): string =>
  tile === null ? span.label : `${span.label} in tiles of ${sizeOf(tile)}`

const loopText = ({ mode, span, over }: Loop): string =>
  `${mode} ${span.label} of ${over.label}, at most ${sizeText(span.size)}:`

function allocText({ name, memory, zero, p, tile, f, freeTile, dtype, buffers }: Alloc): string {
  const copies = buffers > 1 ? ` × ${buffers} buffers` : ''
  return `${name} = ${memory}${zero ? ' zeros' : ''} [${axisText(p, tile)}, ${axisText(f, freeTile)}] ${dtypeText(dtype)}${copies}`
}

function opText({ spec, engine, operands, attributes }: Op): string {
  const args = [
    ...Object.entries(operands).flatMap(([role, view]) => (role === 'dst' ? [] : [`${role} = ${view}`])),
    ...Object.entries(attributes).map(([name, value]) => `${name} = ${value}`),
    ...(engine === spec.engines[0] ? [] : [`engine = ${engine}`]),
  ]
  return `${operands.dst} ${spec.accumulates ? '+=' : '='} ${spec.name}(${args.join(', ')})`
}
