import { nearNames } from '../../btf/near-names.js'
import { escapeText } from '../../text.js'
import { lookAt } from './preview.js'

interface Names {
  valueOf(name: string): unknown
}

/**
 * Why code that only looks gave undefined: a member that its owner does not have, or a key that a map does not hold.
 * Undefined for any other code: a statement, or a member that is there and holds undefined.
 */
export function absentText(code: string, names: Names): string | undefined {
  const last = lastExpression(code)
  const call = /^(.*)\.(?:get|entry)\(([^()]*)\)$/s.exec(last)
  if (call !== null) {
    const owner = lookAt(call[1] as string, names)
    if (!isObject(owner) || lookAt(last, names) !== undefined) return undefined
    return `${escapeText(call[1] as string)} holds nothing at the key ${escapeText(call[2]?.trim() || '(none)')}`
  }
  const member = /^(.*?)\??\.\s*([A-Za-z_$][\w$]*)$/s.exec(last)
  if (member === null) return undefined
  const [, base = '', name = ''] = member
  const owner = lookAt(base, names)
  if (owner === undefined && base !== '') return absentText(base, names)
  if (!isObject(owner) || name in owner) return undefined
  const near = nearNames(name, namesOf(owner))
  const hint = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
  return `${escapeText(base)} has no member ${name}${hint}`
}

/**
 * Of code that did more than look, whose undefined is a member of what a call gave: that cannot be asked again, so that nothing
 * tells a member that is not there from one that holds undefined. Undefined for any other code.
 */
export function memberOfCallText(code: string): string | undefined {
  const [, name] = /\)\s*\??\.\s*([A-Za-z_$][\w$]*)$/.exec(lastExpression(code)) ?? []
  return name === undefined
    ? undefined
    : `undefined: what the call gave has no member ${name}, or that holds nothing`
}

/** What the value of a piece of code comes from: its last statement, taken by its end alone. */
function lastExpression(code: string): string {
  const statements = code
    .trim()
    .replace(/;+$/, '')
    .split(/;|\n(?!\s*[.?])/)
  return (statements.at(-1) ?? '').trim()
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function namesOf(owner: object): Set<string> {
  const names = new Set<string>()
  for (
    let at: object | null = owner;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name)
  }
  names.delete('constructor')
  return names
}
