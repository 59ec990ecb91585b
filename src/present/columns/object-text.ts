import type { NamedObject } from '../../bpf/maps/objects/named-object.js'
import type { Details } from '../../contract/details.js'
import { objectJson } from '../../contract/objects.js'
import { type FigureJson, figureJsonText } from '../../problems.js'
import { escapeText, quoteText } from '../../text.js'

/** A kernel object on one line: "task pid 42, comm "load"". Its address only where nothing else is known. */
export function objectText(object: NamedObject): string {
  const { kind, address, ...rest } = objectJson(object)
  const said = detailsText(rest)
  return escapeText(`${String(kind)} `) + (said === '' ? String(address) : said)
}

/** What a reader says beyond bytes, on one line: `pid 42, comm "load"`. */
export function detailsText(details: { readonly [name: string]: unknown } | Details): string {
  return Object.entries(details)
    .map(([name, value]) => `${escapeText(name)} ${plainText(value)}`)
    .join(', ')
}

/** A value of detailsJson, on one line. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return isAddress(value) ? value : quoteText(value)
  if (Array.isArray(value)) return `[${value.map(plainText).join('; ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if ('atLeast' in value) return figureJsonText(value as Exclude<FigureJson, null>)
  const { kind, address, ...rest } = value as { readonly [name: string]: unknown }
  if (typeof kind !== 'string') return detailsText(value as { readonly [name: string]: unknown })
  return `${escapeText(kind)} ${Object.keys(rest).length === 0 ? plainText(address) : detailsText(rest)}`
}

/** The same, with a line for each part where it is a list of objects. */
export function plainLines(value: unknown): string[] {
  const isList = Array.isArray(value) && value.some((part) => typeof part === 'object' && part !== null)
  return isList ? value.map(plainText) : [plainText(value)]
}

function isAddress(text: string): boolean {
  return /^0x[0-9a-f]+$/.test(text)
}
