import { textWidth } from '../../../present/text/fit.js'

/** A line of a frame taken apart: one character and one style for each terminal cell. */
export interface CellLine {
  readonly characters: readonly string[]
  /** Parameters of an SGR sequence that makes the style from nothing; '' is plain. */
  readonly styles: readonly string[]
}

const attributes: Readonly<Record<number, string>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  9: 'strike',
}
const endings: Readonly<Record<number, readonly string[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  29: ['strike'],
  39: ['foreground'],
  49: ['background'],
}

/** The style that SGR sequences have built up so far. */
class Style {
  readonly #parts = new Map<string, string>()

  apply(parameters: string): void {
    const numbers = parameters === '' ? [0] : parameters.split(';').map(Number)
    for (let i = 0; i < numbers.length; i++) {
      const code = numbers[i] as number
      if (code === 0) this.#parts.clear()
      else if (code === 38 || code === 48) {
        const length = numbers[i + 1] === 5 ? 3 : 5
        this.#parts.set(code === 38 ? 'foreground' : 'background', numbers.slice(i, i + length).join(';'))
        i += length - 1
      } else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97))
        this.#parts.set('foreground', `${code}`)
      else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107))
        this.#parts.set('background', `${code}`)
      else if (attributes[code] !== undefined) this.#parts.set(attributes[code], `${code}`)
      else for (const name of endings[code] ?? []) this.#parts.delete(name)
    }
  }

  get text(): string {
    return this.#parts.size === 0 ? '' : [...this.#parts.values()].sort().join(';')
  }
}

/**
 * The cells of a line with SGR sequences; undefined when a character takes more or less than one cell, so that only the
 * terminal knows what stands where.
 */
export function cellsOf(line: string): CellLine | undefined {
  const characters: string[] = []
  const styles: string[] = []
  const style = new Style()
  let current = ''
  for (let i = 0; i < line.length; ) {
    const code = line.charCodeAt(i)
    if (code === 0x1b) {
      const end = line.indexOf('m', i)
      if (line[i + 1] !== '[' || end < 0) return undefined
      style.apply(line.slice(i + 2, end))
      current = style.text
      i = end + 1
      continue
    }
    if (code >= 0x20 && code < 0x7f) {
      characters.push(line[i] as string)
      i++
    } else {
      const character = String.fromCodePoint(line.codePointAt(i) ?? 0x20)
      if (character.length !== 1 || textWidth(character) !== 1) return undefined
      characters.push(character)
      i++
    }
    styles.push(current)
  }
  return { characters, styles }
}
