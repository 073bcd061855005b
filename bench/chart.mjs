/** Speed relative to the fastest of each group, as SVG: one small chart of bars a group. */
import * as Plot from '@observablehq/plot'
import { svgOf } from '../dist/report/canvas.js'

const ROW = 18

export function barChart(groups) {
  const titleOf = ({ product, shape, rows }) => `${product} ${shape.join('×')}, M = ${rows}`
  const rows = groups.flatMap((group) => {
    const fastest = Math.min(...group.candidates.map((c) => c.milliseconds))
    return group.candidates.map(({ label, isPeer, milliseconds }) => ({
      group: titleOf(group),
      label,
      who: isPeer ? 'peers' : 'this project',
      speed: fastest / milliseconds,
      time: `${milliseconds.toFixed(2)} ms`,
    }))
  })
  const labels = [...new Set(rows.map(({ label }) => label))]
  const svg = svgOf({
    width: 860,
    height: 60 + groups.length * (labels.length * ROW + 14),
    marginLeft: 190,
    marginRight: 210,
    x: { label: 'speed relative to the fastest of the group', domain: [0, 1], grid: true },
    y: { label: null, domain: labels },
    fy: { label: null, domain: groups.map(titleOf) },
    color: { legend: false, domain: ['this project', 'peers'], range: ['#2a6fbb', '#999'] },
    marks: [
      Plot.barX(rows, { x: 'speed', y: 'label', fy: 'group', fill: 'who', insetTop: 2, insetBottom: 2 }),
      Plot.text(rows, { x: 'speed', y: 'label', fy: 'group', text: 'time', textAnchor: 'start', dx: 4 }),
    ],
  })
  return `${svg}\n`
}
