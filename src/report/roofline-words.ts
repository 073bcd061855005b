/** What figure and terminal say about a point of the roofline. */
import type { RooflinePoint } from './roofline.ts'

/** FLOP/s as TFLOP/s, three digits. */
export const tera = (rate: number): string => `${Number((rate / 1e12).toPrecision(3))}`

export const describe = (p: RooflinePoint): string => {
  const shape = Object.entries(p.shape)
    .map(([dim, n]) => `${dim}=${n}`)
    .join(' ')
  const share = (100 * p.achieved) / p.attainable
  return `${p.letter}  ${p.kernel} (${p.scheduleName}) on ${p.target}, ${shape}, ${p.dtype}: ${tera(p.achieved)} of ${tera(p.attainable)} TFLOP/s (${share.toFixed(0)} %), bound by ${p.boundBy}`
}
