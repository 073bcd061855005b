/** Horizontal bars of speed relative to the fastest peer of each group, as SVG. */

const bar = { height: 16, gap: 4, left: 330, width: 420 }

export function barChart(results) {
  const groups = new Map()
  for (const result of results) {
    const title = `${result.shape} M=${result.rows}`
    groups.set(title, [...(groups.get(title) ?? []), result])
  }
  const rows = [...groups].flatMap(([title, group]) => {
    const fastest = Math.min(...group.map((r) => r.milliseconds))
    return group.map((r) => ({
      label: `${title}  ${r.name}`,
      share: fastest / r.milliseconds,
      ms: r.milliseconds,
    }))
  })
  const height = rows.length * (bar.height + bar.gap) + 30
  const bars = rows.map(({ label, share, ms }, i) => {
    const y = 24 + i * (bar.height + bar.gap)
    const fill = label.includes('neuronmm') ? '#2a6fbb' : '#999'
    return (
      `<text x="${bar.left - 8}" y="${y + 12}" text-anchor="end">${label}</text>` +
      `<rect x="${bar.left}" y="${y}" width="${(share * bar.width).toFixed(1)}" height="${bar.height}" fill="${fill}"/>` +
      `<text x="${(bar.left + share * bar.width + 6).toFixed(1)}" y="${y + 12}">${ms.toFixed(2)} ms</text>`
    )
  })
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${bar.left + bar.width + 90}" height="${height}" ` +
    `font-family="sans-serif" font-size="11"><text x="8" y="14">Speed relative to the fastest of each group</text>` +
    `${bars.join('\n')}</svg>\n`
  )
}
