import { CryoscopeError } from '../../errors.js'
import { escapeText, quoteText } from '../../text.js'

/** Methods that look and change nothing: those of sessions, maps and values. */
const looking = new Set([
  ...['map', 'prog', 'arena', 'allocator', 'container', 'task', 'variable', 'at', 'symbol', 'get', 'entry'],
  ...['$cast', '$index', '$at', '$cpu', '$member', '$container'],
])
const longest = 40
/** Steps of an expression; real ones have a handful. */
const mostSteps = 32

interface Names {
  valueOf(name: string): unknown
}

/**
 * A function that shows members of what an expression stands for, undefined when the expression is not one that only looks.
 * Only names, members and calls that change nothing are followed: nothing runs while somebody types.
 */
export function previewOf(expression: string, names: Names): ((member: string) => string) | undefined {
  const value = lookAt(expression, names)
  if (typeof value !== 'object' || value === null) return undefined
  return (member) => shown(value, member)
}

/** The value of an expression that only looks, undefined for any other. */
export function lookAt(expression: string, names: Names): unknown {
  try {
    return follow(expression, names)
  } catch {
    // Whatever goes wrong, there is nothing to show.
    return undefined
  }
}

function shown(value: object, member: string): string {
  try {
    if (!isData(value, member)) return ''
    return oneLine((value as Readonly<Record<string, unknown>>)[member])
  } catch {
    return ''
  }
}

/** Getters of sessions and maps walk lists; members of values read a few bytes. */
function isData(value: object, member: string): boolean {
  if ('$kind' in value) return !member.startsWith('$') || member === '$value' || member === '$symbol'
  return Object.getOwnPropertyDescriptor(value, member)?.get === undefined && Object.hasOwn(value, member)
}

/** A value that fits on a line, empty for what does not. */
export function oneLine(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'boolean':
      return String(value)
    case 'bigint':
      return value > 0xffff_ffffn ? `0x${value.toString(16)}` : String(value)
    case 'string':
      return cut(quoteText(value))
    case 'object':
      break
    default:
      return ''
  }
  if (value === null || !('$kind' in value)) return isEnum(value) ? cut(escapeText(String(value))) : ''
  const located = value as { $kind: string; $value?: unknown; $symbol?: string; cpus?: unknown }
  if (located.$kind === 'unreadable') return 'unreadable'
  if (located.$kind === 'pointer') {
    if (located.$value === 0n) return 'NULL'
    return cut(escapeText(located.$symbol ?? String(value)))
  }
  return Array.isArray(located.cpus) ? cut(escapeText(String(value))) : ''
}

function isEnum(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'value' in value && 'is' in value
}

const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)

const step = /\s*(?:\??\.\s*([A-Za-z_$][\w$]*)|(?:\?\.)?\[\s*(?:(\d+)|'([^'\\]*)'|"([^"\\]*)")\s*\]|(!))/y
const argument =
  /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(-?\d+n|-?0x[0-9a-fA-F]+n)|(-?(?:0x[0-9a-fA-F]+|\d+)))\s*(,|\))/y

function follow(expression: string, names: Names): unknown {
  const head = /^\s*([A-Za-z_$][\w$]*)/.exec(expression)
  if (head === null) throw refused()
  let value = names.valueOf(head[1] as string)
  let at = head[0].length
  let method: { owner: unknown; name: string } | undefined
  for (let n = 0; n < mostSteps; n++) {
    if (expression.slice(at).trim() === '') {
      if (method !== undefined) throw refused()
      return value
    }
    if (expression[at] === '(') {
      const call = argumentsAt(expression, at + 1)
      if (method === undefined || !looking.has(method.name)) throw refused()
      value = (method.owner as Record<string, (...args: unknown[]) => unknown>)[method.name]?.(...call.values)
      at = call.end
      method = undefined
      continue
    }
    if (method !== undefined) throw refused()
    step.lastIndex = at
    const match = step.exec(expression)
    if (match === null) throw refused()
    at = step.lastIndex
    const [, name, index, single, double, bang] = match
    if (bang !== undefined) continue
    const key = name ?? index ?? single ?? double ?? ''
    if (value === null || value === undefined) throw refused()
    if (name !== undefined && expression[at] === '(') method = { owner: value, name }
    else value = (value as Readonly<Record<string, unknown>>)[key]
  }
  throw refused()
}

function argumentsAt(expression: string, start: number): { values: unknown[]; end: number } {
  const values: unknown[] = []
  const empty = /^\s*\)/.exec(expression.slice(start))
  if (empty !== null) return { values, end: start + empty[0].length }
  for (let at = start; values.length < 4; ) {
    argument.lastIndex = at
    const match = argument.exec(expression)
    if (match === null) throw refused()
    const [, single, double, big, number, end] = match
    values.push(
      big !== undefined
        ? BigInt(big.slice(0, -1))
        : number !== undefined
          ? Number(number)
          : (single ?? double),
    )
    at = argument.lastIndex
    if (end === ')') return { values, end: at }
  }
  throw refused()
}

function refused(): CryoscopeError {
  return new CryoscopeError('usage', 'this expression may do more than look')
}
