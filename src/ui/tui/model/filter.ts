import { type FuzzyMatch, fuzzyMatch } from './fuzzy.js'
import type { Column, Row } from './row.js'

/** A filter that was understood. */
export interface Filter {
  match(row: Row): FuzzyMatch | undefined
  /** Whether it is the whole of what tells the row apart: such rows come first. */
  isExact(row: Row): boolean
}

interface Word {
  readonly isNot: boolean
  /** Number of the column that it is about; undefined for the whole row. */
  readonly column: number | undefined
  /** An expression between slashes, or text. */
  readonly wanted: RegExp | string
}

const wordForm = /(!?)(?:([^\s:!/]+):)?(?:\/((?:\\.|[^\\/])+)\/|(\S+))/g

/**
 * Words that must all occur: `demo`; `!demo` must not; `cpu:1` looks in one column; `/^demo_.*\/\d$/` is a regular expression.
 * Gives a sentence where one is not understood.
 */
export function parseFilter(text: string, columns: readonly Column[]): Filter | string {
  const words: Word[] = []
  for (const [whole, not = '', name, expression, plain] of text.matchAll(wordForm)) {
    const column = name === undefined ? -1 : columns.findIndex(({ title }) => isCalled(title, name))
    // What looks like a column and is none is text: 2:1, scx:dsq.
    const word = column < 0 && name !== undefined ? whole.slice(not.length) : plain
    let wanted: RegExp | string = (word ?? '').toLowerCase()
    if (expression !== undefined && (column >= 0 || name === undefined)) {
      try {
        wanted = new RegExp(expression, 'i')
      } catch (error) {
        return `/${expression}/ is no regular expression: ${(error as Error).message.replace(/^.*: /, '')}.`
      }
    }
    if (wanted === '') continue
    words.push({ isNot: not !== '', column: column < 0 ? undefined : column, wanted })
  }
  const telling = [...columns.keys()].filter((i) => columns[i]?.identifies)
  const [only, more] = words
  const whole = more === undefined && only?.isNot === false ? only.wanted : undefined
  return {
    match: (row: Row) => matchOf(words, row),
    isExact: ({ cells }) =>
      typeof whole === 'string' && telling.some((i) => cells[i]?.trim().toLowerCase() === whole),
  }
}

function isCalled(title: string, name: string): boolean {
  return title !== '' && title.toLowerCase() === name.toLowerCase()
}

function matchOf(words: readonly Word[], row: Row): FuzzyMatch | undefined {
  let match: FuzzyMatch = 'words'
  const whole = row.cells.join(' ')
  for (const { isNot, column, wanted } of words) {
    const text = column === undefined ? whole : (row.cells[column] ?? '')
    const occurs = typeof wanted === 'string' ? text.toLowerCase().includes(wanted) : wanted.test(text)
    if (occurs !== isNot) continue
    // Letters in order do for plain words of the whole row.
    if (isNot || column !== undefined || typeof wanted !== 'string' || fuzzyMatch(wanted, text) === undefined)
      return undefined
    match = 'letters'
  }
  return match
}
