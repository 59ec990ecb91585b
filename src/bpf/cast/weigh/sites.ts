import type { Code, CodeFunction, CodeSection } from '../code/code.js'
import type { CastSite } from '../report.js'

/** Tells which function, section and source line an instruction belongs to. */
export class Sites {
  readonly #functions: readonly { readonly called: CodeFunction; readonly index: number }[]
  readonly #code: Code

  constructor(code: Code) {
    this.#code = code
    this.#functions = code.functions
      .map((called, index) => ({ called, index }))
      .toSorted((a, b) => a.called.start - b.called.start)
  }

  /** Index of the function that an instruction is in; -1 when it is in none. */
  functionAt(at: number): number {
    const found = lastAtOrBefore(this.#functions, at, ({ called }) => called.start)
    return found !== undefined && at < found.called.end ? found.index : -1
  }

  of(at: number | undefined): CastSite | null {
    if (at === undefined) return null
    const section: CodeSection | undefined = lastAtOrBefore(this.#code.sections, at, ({ start }) => start)
    const instruction = at - (section?.start ?? 0)
    const line = section?.lines?.lineOf(instruction * 8)
    return {
      function: this.#code.functions[this.functionAt(at)]?.name ?? '',
      section: section?.name ?? '',
      instruction,
      file: line?.file ?? '',
      line: line?.line ?? 0,
      source: line?.text.trim() ?? '',
    }
  }
}

/** The last item whose key is not above; items are in ascending order. */
function lastAtOrBefore<T>(items: readonly T[], key: number, keyOf: (item: T) => number): T | undefined {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keyOf(items[middle] as T) <= key) low = middle + 1
    else high = middle
  }
  return items[low - 1]
}
