/** The names most like one that does not exist, nearest first, for "did you mean". */
export function nearNames(wanted: string, candidates: Iterable<string>, count = 3): string[] {
  const lower = wanted.toLowerCase()
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  const found: { name: string; distance: number }[] = []
  for (const name of candidates) {
    const distance = name.toLowerCase() === lower ? 0 : editDistance(lower, name.toLowerCase(), limit)
    if (distance <= limit) found.push({ name, distance })
  }
  // Of equally near names, first those that begin like the wanted one, then the shortest.
  const rank = ({ name }: { name: string }): number => (name[0] === wanted[0] ? 0 : 1000) + name.length
  found.sort((a, b) => a.distance - b.distance || rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
  return found.slice(0, count).map(({ name }) => name)
}

/** Letters to insert, remove, replace or swap with a neighbour; anything above `limit` counts as limit + 1. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let best = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(beforeLast, j - 2) + 1)
      }
      row.push(best)
      least = Math.min(least, best)
    }
    if (least > limit) return limit + 1
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY
