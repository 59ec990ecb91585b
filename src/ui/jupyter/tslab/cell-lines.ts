import { guardName } from '../../typescript/loop-guard.js'

/**
 * Where a frame of a stack is in the cell that a person wrote. tslab keeps no source map, and its output has lines that
 * the cell has not. A line is named only where exactly one line of the cell reads the same.
 */
export class CellLines {
  readonly #cells = new Map<
    string,
    { readonly source: readonly string[]; readonly output: readonly string[] }
  >()

  /** Code that V8 names after its cell in stacks. */
  name(cell: string, source: string, output: string): string {
    this.#cells.set(cell, { source: bare(source), output: bare(output) })
    return `${output}\n//# sourceURL=${cell}`
  }

  /** A frame of a stack with the place in the cell. Other frames stay; undefined for the call of the cell itself. */
  translate(frame: string): string | undefined {
    const [place, cell = '', line] = /\b(cell-\d+):(\d+):\d+/.exec(frame) ?? []
    if (place === undefined) return frame
    const length = this.#cells.get(cell)?.output.length ?? 0
    if (Number(line) > length) return undefined
    const found = this.#lineOf(cell, Number(line))
    const name = cell.replace('-', ' ')
    return frame.replace(place, found === undefined ? name : `${name}, line ${found}`)
  }

  #lineOf(cell: string, line: number): number | undefined {
    const lines = this.#cells.get(cell)
    const text = lines?.output[line - 1]
    if (lines === undefined || text === undefined || text === '') return undefined
    const first = lines.source.indexOf(text)
    return first >= 0 && first === lines.source.lastIndexOf(text) ? first + 1 : undefined
  }
}

/** Lines without what the compiler changes. */
function bare(code: string): string[] {
  return code.split('\n').map((line) =>
    line
      .replaceAll(`${guardName}();`, '')
      .replace(/\(0, ([\w.]+)\)/g, '$1')
      .replace(/\bexports\.(?:tsLastExpr\d*\s*=)?/g, '')
      .replace(/\b(?:const|let|var)\b/g, '')
      .replace(/['"`]/g, '"')
      .replace(/[\s;{}()]/g, ''),
  )
}
