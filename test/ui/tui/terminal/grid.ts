/** The least of a terminal that understands what FrameWriter sends: characters with their styles. */
export class Grid {
  readonly rows: number
  readonly columns: number
  cells: { character: string; style: string }[][]
  #row = 0
  #column = 0
  #style = ''
  #top = 0
  #bottom: number

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#bottom = rows - 1
    this.cells = Array.from({ length: rows }, () => this.#blank())
  }

  feed(text: string): void {
    for (let i = 0; i < text.length; ) {
      if (text[i] === '\x1b') {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
        const match = /^\x1b\[([0-9;]*)([A-Za-z])/.exec(text.slice(i))
        if (match === null) throw new Error(`not understood: ${JSON.stringify(text.slice(i, i + 12))}`)
        this.#control(match[1] ?? '', match[2] ?? '')
        i += match[0].length
      } else if (text[i] === '\r' || text[i] === '\n') {
        if (text[i] === '\r') this.#column = 0
        else if (this.#row === this.rows - 1) throw new Error('this would scroll the whole screen')
        else this.#row++
        i++
      } else {
        const character = String.fromCodePoint(text.codePointAt(i) ?? 0)
        const cell = this.cells[this.#row]?.[this.#column]
        if (cell !== undefined) Object.assign(cell, { character, style: this.#style })
        this.#column++
        i += character.length
      }
    }
  }

  /** Text of each line, without blanks at its end. */
  get text(): string[] {
    return this.cells.map((line) =>
      line
        .map(({ character }) => character)
        .join('')
        .trimEnd(),
    )
  }

  styleAt(row: number, column: number): string {
    return this.cells[row]?.[column]?.style ?? ''
  }

  #blank(): { character: string; style: string }[] {
    return Array.from({ length: this.columns }, () => ({ character: ' ', style: '' }))
  }

  #control(parameters: string, final: string): void {
    const numbers = parameters === '' ? [] : parameters.split(';').map(Number)
    switch (final) {
      case 'H':
        this.#row = (numbers[0] ?? 1) - 1
        this.#column = (numbers[1] ?? 1) - 1
        return
      case 'C':
        this.#column += numbers[0] ?? 1
        return
      case 'J':
        this.cells = this.cells.map(() => this.#blank())
        return
      case 'K':
        for (let at = this.#column; at < this.columns; at++) {
          Object.assign(this.cells[this.#row]?.[at] ?? {}, { character: ' ', style: '' })
        }
        return
      case 'm': {
        const set = numbers.filter((number) => number !== 0)
        const isReset = numbers.length === 0 || numbers[0] === 0
        if (isReset && set.length === 0) this.#style = ''
        else this.#style = isReset || this.#style === '' ? set.join(';') : `${this.#style};${set.join(';')}`
        return
      }
      case 'r':
        this.#top = (numbers[0] ?? 1) - 1
        this.#bottom = (numbers[1] ?? this.rows) - 1
        return
      case 'S':
      case 'T': {
        for (let n = 0; n < (numbers[0] ?? 1); n++) {
          if (final === 'S') {
            this.cells.splice(this.#top, 1)
            this.cells.splice(this.#bottom, 0, this.#blank())
          } else {
            this.cells.splice(this.#bottom, 1)
            this.cells.splice(this.#top, 0, this.#blank())
          }
        }
        return
      }
      default:
        throw new Error(`not understood: ${parameters}${final}`)
    }
  }
}
