/**
 * The work that every candidate of the benchmark does: Y = X·A·B… for one or more chains of matrices, or a SwiGLU MLP whose
 * six factors lie in one such chain. It goes to other processes, in other languages too, as files of raw float32.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Decode reads its weights from memory: as many distinct chains as no cache holds, in float32. */
const UNCACHED_BYTES = 160e6
const MOST_CHAINS = 64
/** Up to here a call reads every weight for too few products to hide it. */
export const DECODE_ROWS = 8

/** The matrices of one chain as [rows, columns], by product, for a layer with K in-features, rank r and N out-features. */
export const PRODUCTS = {
  chain: ([K, r, N]) => [
    [K, r],
    [r, N],
  ],
  dense: ([K, , N]) => [[K, N]],
  /** gate, up [K → N] and down [N → K], each of rank r: (silu(X·Ug·Vg) ⊙ (X·Uu·Vu))·Ud·Vd. */
  mlp: ([K, r, N]) => [
    [K, r],
    [r, N],
    [K, r],
    [r, N],
    [N, r],
    [r, K],
  ],
}

const elements = (shapes) => shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0)

/** Writes the inputs of one group; `random(shape, seed, scale)` gives a Float32Array. */
export function writeWork(product, shape, rows, random) {
  const shapes = PRODUCTS[product](shape)
  const weights = elements(shapes)
  const count = rows <= DECODE_ROWS ? Math.min(MOST_CHAINS, Math.ceil(UNCACHED_BYTES / (4 * weights))) : 1
  const folder = mkdtempSync(join(tmpdir(), 'neuronmm-bench-'))
  const file = (name, values) => {
    writeFileSync(join(folder, name), values)
    return join(folder, name)
  }
  const chains = Array.from({ length: count }, (_, i) =>
    shapes.map(([height, width], j) => ({
      shape: [height, width],
      file: file(`${i}-${j}.bin`, random([height, width], shapes.length * i + j + 1, 1 / Math.sqrt(height))),
    })),
  )
  const x = { shape: [rows, shape[0]], file: file('x.bin', random([rows, shape[0]], 0, 1)) }
  return {
    work: { product, x, chains },
    /** Weights of one chain, and multiply-adds of one call of it. */
    weights,
    macs: rows * weights,
    resultFile: (name) => join(folder, `${name.replaceAll(/\W/g, '-')}.bin`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export function readMatrix({ file, shape }) {
  const bytes = readFileSync(file)
  return { shape, values: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4) }
}
