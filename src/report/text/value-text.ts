import { textWidth } from '../../present/text/fit.js'
import { escapeText, quoteText } from '../../text.js'

type Members = Readonly<Record<string, unknown>>

/** Text that stands for itself: the name of an object, bytes. It is escaped already. */
export class Bare {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A rendered value on one line, as C would write it: { .pid = 42, .comm = "init" }. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return wordText(value)
  if (value instanceof Bare) return value.text
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) {
    const items = runs(value).map(([text, count]) => (count > 1 ? `${text} × ${count}` : text))
    return items.length === 0 ? '{}' : `{ ${items.join(', ')} }`
  }
  const special = oddText(value as Members)
  if (special !== undefined) return special
  const members = Object.entries(value)
  if (members.length === 0) return '{}'
  return `{ ${members.map(([name, item]) => `.${escapeText(name)} = ${valueText(item)}`).join(', ')} }`
}

/** What stands before the value of an object that a root leads to. */
export function objectHead({ address, type, from }: { address: string; type: string; from: string }): string {
  return escapeText(`${address} ${type} (from ${from}) `)
}

/** The same in as many lines as it needs; the first begins behind `head`, the others below it. */
export function valueLines(head: string, value: unknown, columns: number, indent = ''): string[] {
  const line = `${indent}${head}${valueText(value)}`
  if (textWidth(line) <= columns || typeof value !== 'object' || value === null || value instanceof Bare)
    return [line]
  if (!Array.isArray(value) && oddText(value as Members) !== undefined) return [line]
  const inner = `${indent}  `
  const items: [string, unknown][] = Array.isArray(value)
    ? value.map((item, i): [string, unknown] => [`[${i}] = `, item])
    : Object.entries(value).map(([name, item]) => [`.${escapeText(name)} = `, item])
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return [`${indent}${head}{`, ...filled(runs(value), inner, columns), `${indent}}`]
  return [
    `${indent}${head}{`,
    ...items.flatMap(([name, item]) => valueLines(name, item, columns, inner)),
    `${indent}}`,
  ]
}

/** Members of a struct that a table can show: each one short text; undefined for anything else. */
export function flatMembers(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Bare)
    return undefined
  if (oddText(value as Members) !== undefined) return undefined
  const flat: Record<string, string> = {}
  for (const [name, item] of Object.entries(value)) {
    const isFlat =
      typeof item !== 'object' ||
      item === null ||
      (!Array.isArray(item) && oddText(item as Members) !== undefined)
    if (!isFlat) return undefined
    flat[name] = valueText(item)
  }
  return flat
}

/** Pointers, bytes and values that could not be read, which are objects in JSON and one thing for people. */
function oddText({ pointer, to, type, unreadable, hex, reason }: Members): string | undefined {
  if (typeof pointer === 'string' && typeof type === 'string')
    return escapeText(`${pointer === '0x0' ? 'NULL' : pointer}${typeof to === 'string' ? ` <${to}>` : ''}`)
  if (typeof unreadable === 'string') return `<${escapeText(unreadable)}>`
  if (typeof hex === 'string' && typeof reason === 'string') return `${hex} <${escapeText(reason)}>`
  return undefined
}

/** Numbers beyond 2^53 come as text, and so do constants: neither is quoted. */
function wordText(text: string): string {
  return /^-?\d+$|^[A-Z][A-Z0-9_]*$|^0x[0-9a-f]+$/.test(text) ? text : quoteText(text)
}

/** Equal items that follow each other, once. */
function runs(items: readonly unknown[]): [string, number][] {
  const found: [string, number][] = []
  for (const item of items) {
    const text = valueText(item)
    const last = found.at(-1)
    if (last?.[0] === text) last[1]++
    else found.push([text, 1])
  }
  return found
}

function filled(items: readonly [string, number][], indent: string, columns: number): string[] {
  const lines: string[] = []
  let line = indent
  for (const [text, count] of items) {
    const word = `${count > 1 ? `${text} × ${count}` : text}, `
    if (line !== indent && textWidth(line + word) > columns) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += word
  }
  return [...lines, line.replace(/, $/, '')]
}
