import type { ObjectValue, PointerValue, Unreadable, Value } from '../../value/types.js'
import { isUnreadable } from '../../value/unreadable.js'
import { type Html, html } from './markup.js'

export interface TreeOptions {
  /** Lines in all; what goes beyond is counted and left out. */
  readonly lines?: number
  /** What a click on an address asks for, in live views: the path of the pointer from the root. */
  readonly action?: (path: readonly string[]) => Html
}

const usualLines = 600
const arrayElements = 16
const longestLine = 90

/** A line of the tree; `kids` are what it opens to. */
interface Line {
  readonly label: string
  readonly value: Value
  readonly path: readonly string[]
  kids: readonly Line[]
  /** Lines that are left out below it. */
  hidden: number
}

/**
 * A value as a tree whose branches open: members of structs, elements of arrays, and what pointers to structs lead to.
 * Lines are spent level by level, so that the first level of a large struct is whole. Everything is read now: the tree
 * works where there is no kernel.
 */
export function valueTree(value: ObjectValue, options: TreeOptions = {}): Html {
  const root: Line = { label: '', value, path: [], kids: [], hidden: 0 }
  let left = options.lines ?? usualLines
  const waiting = [root]
  for (let line = waiting.shift(); line !== undefined && left > 0; line = waiting.shift()) {
    if (line !== root && !isBranch(line.value)) continue
    const { kids, hidden } = kidsOf(line, left)
    line.kids = kids
    line.hidden = hidden
    left -= kids.length
    waiting.push(...kids)
  }
  return html`${root.kids.map((line) => drawLine(line, options))}${rest(root)}`
}

function drawLine(line: Line, options: TreeOptions): Html {
  const { label, value, kids } = line
  const text = html`<span class="m">${label} <span class="d">=</span> ${summary(value, line.path, options)}</span>`
  if (kids.length === 0) return html`<div class="leaf">${text}</div>`
  const below = kids.map((kid) => drawLine(kid, options))
  return html`<details><summary>${text}</summary><div class="kids">${below}${rest(line)}</div></details>`
}

function rest({ hidden }: Line): Html | undefined {
  return hidden > 0 ? html`<div class="leaf d">… ${hidden} more</div>` : undefined
}

function kidsOf({ value, path }: Line, most: number): { kids: Line[]; hidden: number } {
  const kids: Line[] = []
  const names = namesIn(value as ObjectValue)
  for (const name of names.slice(0, most)) {
    const label = /^\d/.test(name) ? `[${name}]` : `.${name}`
    kids.push({
      label,
      value: memberOf(value as ObjectValue, name),
      path: [...path, name],
      kids: [],
      hidden: 0,
    })
  }
  const length = isArray(value) ? value.length : names.length
  return { kids, hidden: length - kids.length }
}

function namesIn(value: ObjectValue): readonly string[] {
  if (isArray(value))
    return Array.from({ length: Math.min(value.length, arrayElements) }, (_, n) => String(n))
  return value.$kind === 'struct' || value.$kind === 'pointer' ? value.$members : []
}

/** Guest memory can hold anything: a member that cannot be shown says so, and the others stay. */
function memberOf(value: ObjectValue, name: string): Value {
  try {
    if (isArray(value)) return value.$at(Number(name))
    return (value as { readonly [name: string]: Value })[name] ?? '(absent)'
  } catch (error) {
    return `cannot be shown: ${(error as Error).message}`
  }
}

function isArray(value: Value): value is Extract<ObjectValue, { $kind: 'array' }> {
  return typeof value === 'object' && '$kind' in value && value.$kind === 'array'
}

function isBranch(value: Value): boolean {
  if (typeof value !== 'object' || !('$kind' in value) || isUnreadable(value)) return false
  if (value.$kind === 'pointer') return !value.$isNull && value.$members.length > 0
  if (value.$kind === 'struct') return !/\bcpumask\b/.test(value.$type)
  return isArray(value) && value.length > 0
}

function summary(value: Value, path: readonly string[], options: TreeOptions): Html {
  if (isUnreadable(value)) return html`<span class="bad">${value.toString()}</span>`
  if (typeof value === 'string') return html`"${value}"`
  if (typeof value !== 'object') {
    const isZero = value === 0 || value === 0n || value === false
    return html`<span class="${isZero ? 'zero' : ''}">${String(value)}</span>`
  }
  if (!('$kind' in value)) return html`${String(value)}`
  if (value.$kind === 'pointer') return pointerText(value as PointerValue, options.action?.(path))
  return html`<span class="d">${value.$type}</span> ${oneLine(value)}`
}

function pointerText(pointer: PointerValue, action: Html | undefined): Html {
  if (pointer.$isNull) return html`<span class="zero">NULL</span>`
  const symbol = pointer.$symbol === undefined ? '' : ` <${pointer.$symbol}>`
  const look = action === undefined ? 'a' : 'go'
  const address = html`<span class="${look}"${action}>0x${pointer.$value.toString(16)}${symbol}</span>`
  return html`<span class="d">(${pointer.$type})</span> ${address}`
}

/** The start of a struct or an array: what a closed branch says of itself. */
function oneLine(value: Exclude<ObjectValue, PointerValue | Unreadable>): string {
  const text = value.$format({ columns: 10_000, depth: 0, elements: 8, showZero: false })
  const bare = text.replace(/\s+/g, ' ').replace(/^(?:struct|union) [^{]*/, '')
  return bare.length > longestLine ? `${bare.slice(0, longestLine - 1)}…` : bare
}
