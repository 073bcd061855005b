/** FEATURES.md, derived from the op table: what of NKI the language covers. */
import { type OpSpec, opTable } from '../src/nki/index.ts'

const operand = (role: string, { memory, p, f, optional, orNumber }: OpSpec['operands'][string]): string =>
  `${role}${optional ? '?' : ''}: ${[...memory, ...(orNumber ? ['number'] : [])].join(' or ')} [${p}, ${f}]`

type Attribute = OpSpec['attributes'][string]

const attribute = (name: string, spec: Attribute): string => {
  const values = 'number' in spec ? 'number' : spec.oneOf.join(' \\| ')
  const usual = spec.default === undefined ? '' : ` = ${spec.default}`
  return `${name}${spec.optional || usual ? '?' : ''}: ${values}${usual}`
}

/** What NKI has and the language does not, and why. */
const NOT_COVERED: readonly [string, string][] = [
  [
    'activation_reduce, tensor_tensor_scan, bn_stats, bn_aggr, max8',
    'not yet: one declaration each (CONTRIBUTING.md)',
  ],
  ['affine_select, tensor_copy_predicated, local_gather', 'not yet: they need masks or indices as operands'],
  [
    'nc_matmul with perf_mode, tile_position or sparsity; nc_matmul_mx; quantize_mx',
    'not yet: modes of Trn2 and Trn3',
  ],
  [
    'dma_compute, indirect DMA, sendrecv, core_barrier',
    'not planned: outside of what low-rank products need',
  ],
  ['fori_loop, while_loop, registers', 'no: a program is known when it is traced, for all shapes'],
]

export function features(): string {
  const rows = opTable.map(({ name, engines, operands, attributes, limits, summary }) => {
    const most = Object.entries(limits).map(([letter, limit]) => `${letter} ≤ ${limit!.max}`)
    const list = Object.entries(operands).map(([role, spec]) => operand(role, spec))
    const words = Object.entries(attributes).map(([role, spec]) => attribute(role, spec))
    return `| \`${name}\` | ${engines.join(', ')} | ${list.join('; ')} | ${words.join('; ') || '–'} | ${most.join(', ') || '–'} | ${summary.replaceAll('|', '\\|')} |`
  })
  return `# Coverage of the NKI API

Generated from the op table (\`src/nki/ops/\`) by \`npx vitest run test/features.test.ts -u\`; a test fails when it is stale.
An operand is given as its memories and [partition, free] letters: the same letter is the same span. \`tensor_copy\` is the method
\`nisa.tensorCopy({ dst, src })\`, and so on; every one takes \`engine\`, too, where it has a choice.

## Instructions

| instruction | engines (first: default) | operands | arguments | limits | what it computes |
|---|---|---|---|---|---|
${rows.join('\n')}

## Language

| NKI | here |
|---|---|
| \`nl.affine_range\`, \`sequential_range\`, \`static_range\` | \`nl.affineRange\`, \`sequentialRange\`, \`staticRange\`, over spans instead of numbers |
| \`nl.ndarray\` in \`sbuf\`, \`psum\`, HBM; \`nl.zeros\` | \`nl.sbuf\`, \`nl.psum\`, \`nl.hbm\`, \`nl.zeros\` |
| \`nl.tile_size\` | \`nl.tileSize\` |
| \`nl.load\`, \`nl.store\`, \`nl.load_transpose2d\` | \`nisa.dmaCopy\`, \`nisa.dmaTranspose\`; \`load\`, \`store\`, \`loadTransposed\` of \`src/kernels/blocks.ts\` |
| masks, \`mgrid\`, \`arange\`, \`nl.ds\` | none: a span knows where it ends |

## Not covered

| NKI | why |
|---|---|
${NOT_COVERED.map((row) => `| ${row.join(' | ')} |`).join('\n')}
`
}
