/** Values that are remembered; the oldest are forgotten. */
const mostValues = 256
const mostLines = 5000

interface Shown {
  readonly epoch: number
  readonly lines: ReadonlyMap<string, string>
}

/**
 * Marks members of values that are different from when they were shown before an earlier stop. Only what somebody has
 * looked at is known: a value shown for the first time has no marks.
 */
export class Changes {
  /** By address and type: as it was shown at the latest stop before this one, and at this one. */
  readonly #before = new Map<string, Shown>()
  readonly #now = new Map<string, Shown>()

  /** The text with `*` before lines that changed, and how many did. */
  mark(value: unknown, text: string, epoch: number): { readonly text: string; readonly count: number } {
    const key = keyOf(value)
    const rows = text.split('\n')
    if (key === undefined || rows.length > mostLines) return { text, count: 0 }
    const paths = pathsOf(rows)
    const lines = new Map(paths.map((path, index) => [path, (rows[index] ?? '').trim()]))
    const last = this.#now.get(key)
    if (last !== undefined && last.epoch !== epoch) remember(this.#before, key, last)
    remember(this.#now, key, { epoch, lines })
    const before = this.#before.get(key)
    if (before === undefined) return { text, count: 0 }
    let count = 0
    const marked = rows.map((row, index) => {
      const path = paths[index] ?? ''
      const line = row.trim()
      // A small struct stands on one line.
      const isMember = rows.length === 1 || (line.startsWith('.') && !line.endsWith('{'))
      if (!isMember || before.lines.get(path) === line) return row
      count++
      return row.startsWith(' ') ? `*${row.slice(1)}` : `* ${row}`
    })
    return { text: marked.join('\n'), count }
  }
}

function remember(values: Map<string, Shown>, key: string, shown: Shown): void {
  values.delete(key)
  values.set(key, shown)
  for (const oldest of values.keys()) {
    if (values.size <= mostValues) break
    values.delete(oldest)
  }
}

function keyOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('$kind' in value)) return undefined
  const { $kind, $address, $type, $value } = value as Readonly<Record<string, unknown>>
  if ($kind !== 'struct' && $kind !== 'pointer') return undefined
  return `${String($type)} ${String($kind === 'pointer' ? $value : $address)}`
}

/** Where each line of C-like text stands: the names that it is inside of, and its own. */
function pathsOf(rows: readonly string[]): string[] {
  const stack: { readonly indent: number; readonly name: string }[] = []
  return rows.map((row, index) => {
    const indent = row.length - row.trimStart().length
    while ((stack.at(-1)?.indent ?? -1) >= indent) stack.pop()
    const name = /^\s*(\.[\w$]+|\[\d+\])/.exec(row)?.[1] ?? `#${index}`
    const path = [...stack.map((open) => open.name), name].join('')
    if (row.trimEnd().endsWith('{')) stack.push({ indent, name })
    return path
  })
}
