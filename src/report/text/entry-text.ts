import { escapeText, quoteText } from '../../text.js'
import type { ReportEntry, ReportValue } from '../document.js'
import { Bare, valueText } from './value-text.js'

type Members = Readonly<Record<string, unknown>>

/** What is shown of a value: what it points at, its decoded form, else its bytes. */
export function shownValue({ target, value, hex }: ReportValue): unknown {
  if (target !== undefined) return new Bare(objectText(target))
  return value === undefined ? new Bare(bytesText(hex ?? '-')) : value
}

/** Hex digits that are shown of bytes without a type. */
const mostDigits = 64

function bytesText(hex: string): string {
  if (hex.length <= mostDigits) return hex
  const used = hex.replace(/(00)+$/, '')
  if (used.length <= mostDigits) return `${used} and ${(hex.length - used.length) / 2} zeros`
  return `${hex.slice(0, mostDigits)}… (${hex.length / 2} bytes)`
}

/** The key of an entry: "42", "task 187 (load)". */
export function keyText({ hex, value, owner }: ReportEntry['key']): string {
  if (owner !== undefined) return objectText(owner)
  if (value === undefined) return hex
  return typeof value === 'string' ? quoteText(value) : valueText(value)
}

/** "task 187 (load)", "map 4 (inner_a)", "sk TCP 127.0.0.1:80 -> …": an object by kind and by what it is called. */
export function objectText(object: Members): string {
  const {
    kind,
    pid,
    comm,
    id,
    name,
    ino,
    path,
    protocol,
    local,
    remote,
    cpu,
    ifindex,
    symbol,
    problem,
    address,
  } = object
  const words: unknown[] = [kind, pid ?? id ?? ifindex ?? cpu ?? ino]
  const text = comm ?? name ?? path ?? symbol
  if (typeof text === 'string') words.push(`(${text})`)
  if (typeof protocol === 'string') words.push(protocol)
  if (typeof local === 'string') words.push(local)
  if (typeof remote === 'string') words.push(`-> ${remote}`)
  if (typeof problem === 'string') words.push(address, problem)
  return escapeText(words.filter((word) => word !== undefined && word !== null && word !== '').join(' '))
}
