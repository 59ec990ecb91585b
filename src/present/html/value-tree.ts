import type { ObjectValue, PointerValue, StructValue, Unreadable, Value } from '../../value/types.js'
import { isUnreadable } from '../../value/unreadable.js'
import { type Html, html } from './markup.js'

export interface TreeOptions {
  /** Lines in all; what goes beyond is counted and left out. */
  readonly lines?: number
  /** Lines that every pointer gets, however many there are; 16 unless told. */
  readonly linesOfPointer?: number
  /** What a click on an address asks for, in live views: the path of the pointer from the root. */
  readonly action?: (path: readonly string[]) => Html
}

const usualLines = 600
const arrayElements = 16
const longestLine = 90
const leastForPointer = 16
/** As many members that are zero are put together behind one line. */
const manyZeros = 6
/** Larger members are not searched for anything but zeros. */
const searchedBytes = 4096

/** A line of the tree; `kids` are what it opens to. */
interface Line {
  readonly label: string
  readonly value: Value
  readonly path: readonly string[]
  readonly isZero: boolean
  kids: readonly Line[]
  /** Lines that are left out below it. */
  hidden: number
}

/**
 * A value as a tree whose branches open: members of structs, elements of arrays, and what pointers to structs lead to, those
 * that programs keep in integers too. Lines are spent level by level, so that the first level of a large struct is whole, and
 * every pointer has some. Members that are zero stand together behind one line. Everything is read now: the tree works
 * where there is no kernel.
 */
export function valueTree(value: ObjectValue, options: TreeOptions = {}): Html {
  const root = lineOf('', value, [])
  const pointers: Line[] = []
  const lines = options.lines ?? usualLines
  const left = spread(root, lines, (line) => pointers.push(line))
  const least = Math.min(options.linesOfPointer ?? leastForPointer, lines)
  const each = least === 0 ? 0 : Math.max(least, Math.floor(left / Math.max(1, pointers.length)))
  for (const line of pointers) spread(line, each, () => {})
  return drawKids(root, options)
}

/** Opens a line and what is embedded below it, level by level; pointers are told of. Gives the lines that are left. */
function spread(start: Line, lines: number, pointer: (line: Line) => void): number {
  let left = lines
  const waiting = [start]
  for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
    if (line !== start && (line.isZero || !isBranch(line.value))) continue
    if (line !== start && isPointer(line.value)) {
      pointer(line)
      continue
    }
    const { kids, hidden } = kidsOf(line, left)
    line.kids = kids
    line.hidden = hidden
    left -= kids.filter(({ isZero }) => !isZero).length
    waiting.push(...kids)
  }
  return left
}

function lineOf(label: string, value: Value, path: readonly string[]): Line {
  return { label, value, path, isZero: isZero(value), kids: [], hidden: 0 }
}

function drawLine(line: Line, options: TreeOptions): Html {
  const { label, value, kids, hidden } = line
  const text = html`<span class="m">${label} <span class="d">=</span> ${summary(value, line.path, options)}</span>`
  if (kids.length === 0) {
    const more = hidden > 0 ? html` <span class="d">${hidden} inside; browse(…) opens it</span>` : undefined
    return html`<div class="leaf">${text}${more}</div>`
  }
  return html`<details><summary>${text}</summary><div class="kids">${drawKids(line, options)}</div></details>`
}

function drawKids(line: Line, options: TreeOptions): Html {
  const zeros = line.kids.filter((kid) => kid.isZero)
  const folded = zeros.length >= manyZeros ? new Set(zeros) : new Set<Line>()
  const shown = line.kids.filter((kid) => !folded.has(kid)).map((kid) => drawLine(kid, options))
  const below =
    folded.size === 0
      ? undefined
      : html`<details><summary><span class="zero">${folded.size} ${isArray(line.value) ? 'elements' : 'members'} are zero</span></summary><div class="kids">${zeros.map((kid) => drawLine(kid, options))}</div></details>`
  return html`${shown}${below}${rest(line)}`
}

function rest({ hidden }: Line): Html | undefined {
  return hidden > 0 ? html`<div class="leaf d">… ${hidden} more; browse(…) shows all</div>` : undefined
}

function kidsOf({ value, path }: Line, most: number): { kids: Line[]; hidden: number } {
  const kids: Line[] = []
  const names = namesIn(value as ObjectValue)
  let left = most
  for (const name of names) {
    if (left <= 0) break
    const label = /^\d/.test(name) ? `[${name}]` : `.${name}`
    const kid = lineOf(label, memberOf(value as ObjectValue, name), [...path, name])
    if (!kid.isZero) left--
    kids.push(kid)
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
    const plain = isArray(value)
      ? value.$at(Number(name))
      : ((value as { readonly [name: string]: Value })[name] ?? '(absent)')
    if (typeof plain !== 'bigint' || plain === 0n) return plain
    const placed = isArray(value) ? value.$element(Number(name)) : (value as StructValue).$member(name)
    return placed.$kind === 'pointer' ? (placed as PointerValue) : plain
  } catch (error) {
    return `cannot be shown: ${(error as Error).message}`
  }
}

function isArray(value: Value): value is Extract<ObjectValue, { $kind: 'array' }> {
  return typeof value === 'object' && '$kind' in value && value.$kind === 'array'
}

function isPointer(value: Value): value is PointerValue {
  return typeof value === 'object' && '$kind' in value && value.$kind === 'pointer'
}

function isZero(value: Value): boolean {
  if (typeof value !== 'object') return value === 0 || value === 0n || value === false || value === ''
  if (!('$kind' in value) || isUnreadable(value)) return false
  if (isPointer(value)) return value.$isNull
  if (value.$kind === 'opaque' || value.$size > searchedBytes || value.$size === 0) return false
  return value.$problem === undefined && value.$bytes.every((byte) => byte === 0)
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
  const { $recovered: recovered } = pointer
  // As in text: what is supported and not proven says by which line.
  const line = recovered?.degree === 'supported' ? recovered.lines[0] : undefined
  const how =
    recovered === undefined
      ? undefined
      : html` <span class="d" title="${recovered.why}">recovered, ${recovered.degree}${line === undefined ? '' : `, ${line}`}</span>`
  return html`<span class="d">(${pointer.$type})</span> ${address}${how}`
}

/** The start of a struct or an array: what a closed branch says of itself. */
function oneLine(value: Exclude<ObjectValue, PointerValue | Unreadable>): string {
  const text = value.$format({ columns: 10_000, depth: 0, elements: 8, showZero: false })
  const bare = text.replace(/\s+/g, ' ').replace(/^(?:struct|union) [^{]*/, '')
  return bare.length > longestLine ? `${bare.slice(0, longestLine - 1)}…` : bare
}
