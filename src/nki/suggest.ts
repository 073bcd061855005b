/** The name that was probably meant. */

/** `; did you mean fused_xuv?`, where one of the names is nearly so. */
export function meant(name: string, names: readonly string[]): string {
  const closest = nearest(name, names)
  return closest === null ? '' : `; did you mean ${closest}?`
}

/** Insertions, deletions and replacements that make one text of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

/** The closest of the names, if it is close: at most a third of its letters differ. */
function nearest(name: string, names: readonly string[]): string | null {
  const asked = name.toLowerCase().replaceAll('-', '_')
  let best: string | null = null
  let least = Number.POSITIVE_INFINITY
  for (const candidate of names) {
    const n = distance(asked, candidate.toLowerCase())
    if (n < least && n <= Math.max(1, Math.floor(candidate.length / 3))) {
      best = candidate
      least = n
    }
  }
  return best
}
