import { escapeText } from '../../text.js'

/** HTML that is safe to show: made by `html` from text of ours, everything else in it is escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

export type Part = string | number | bigint | Html | undefined | false | readonly Part[]

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text from anywhere as text of a page or of an attribute in quotes. Control and direction characters become visible. */
export function escapeHtml(text: string): string {
  return escapeMarkup(escapeText(text))
}

/** The same of text that was made safe for a terminal already. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => named[character] ?? character)
}

/** A template whose values are escaped, unless they are Html. Undefined and false are nothing. */
export function html(pieces: TemplateStringsArray, ...values: readonly Part[]): Html {
  let text = pieces[0] ?? ''
  for (const [index, value] of values.entries()) text += textOf(value) + (pieces[index + 1] ?? '')
  return new Html(text)
}

/** Text of several lines, each escaped. */
export function lines(text: string): Html {
  return new Html(text.split('\n').map(escapeHtml).join('\n'))
}

/** Parts one after the other; what stands between them is ours, and may be a line feed. */
export function join(parts: readonly Part[], separator = ''): Html {
  return new Html(parts.map(textOf).join(escapeMarkup(separator)))
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(textOf).join('')
  return escapeHtml(String(part))
}
