import { escapeText } from '../../text.js'

/** Mistakes shown before the rest is only counted. */
const mostShown = 3

interface Problem {
  readonly start: number
  readonly length: number
  readonly message: string
}

/** Mistakes in code for a person: the line, a mark below the place, and the sentence. */
export function problemText(code: string, problems: readonly Problem[]): string {
  const shown = problems.slice(0, mostShown).map((problem) => place(code, problem))
  const more = problems.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : []), 'Nothing has run.'].join('\n')
}

function place(code: string, { start, length, message }: Problem): string {
  const at = Math.min(start, code.length)
  const from = code.lastIndexOf('\n', at - 1) + 1
  const to = code.indexOf('\n', at)
  const line = code.slice(from, to < 0 ? undefined : to)
  const column = at - from
  const width = Math.max(1, Math.min(length, line.length - column))
  // Escapes are longer than what they stand for.
  const indent = ' '.repeat(escapeText(line.slice(0, column)).length)
  return `  ${escapeText(line)}\n  ${indent}${'~'.repeat(width)}\n${escapeText(message)}`
}
