/** A cell as history replies hold it: session, number, code. */
export type HistoryEntry = readonly [session: number, line: number, input: string]

/** What was run in this session; Jupyter's front ends and its console ask for it. */
export class History {
  readonly #entries: HistoryEntry[] = []

  add(line: number, code: string): void {
    this.#entries.push([0, line, code])
  }

  /** The entries that a history_request asks for, oldest first. */
  find(request: Readonly<Record<string, unknown>>): readonly HistoryEntry[] {
    const { hist_access_type: access, n, start, stop, pattern, unique } = request
    if (access === 'range') {
      const first = typeof start === 'number' ? start : 0
      const end = typeof stop === 'number' ? stop : Number.POSITIVE_INFINITY
      return this.#entries.filter(([, line]) => line >= first && line < end)
    }
    let found: readonly HistoryEntry[] = this.#entries
    if (access === 'search') {
      const wanted = globPattern(typeof pattern === 'string' ? pattern : '*')
      found = found.filter(([, , input]) => wanted.test(input))
      if (unique === true) found = [...new Map(found.map((entry) => [entry[2], entry])).values()]
    }
    return typeof n === 'number' && n > 0 ? found.slice(-n) : found
  }
}

/** `*` and `?` as shells read them; runs of stars are one, so that matching stays fast. */
function globPattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/\*+/g, '.*').replace(/\?/g, '.')}$`, 's')
}
