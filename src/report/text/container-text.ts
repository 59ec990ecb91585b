import type { ContainerEntryJson, ContainerJson } from '../../contract/containers.js'
import { figureJsonText } from '../../problems.js'
import { escapeText } from '../../text.js'
import { Bare, valueLines } from './value-text.js'

/** "rbtree in arena 3: 5 entries (declared: the type of the variable prices)". */
export function containerText({ kind, arena, count, certainty, evidence }: ContainerJson): string {
  const what = kind === 'bitmap' ? 'bits set' : count === 1 ? 'entry' : 'entries'
  return `${kind} in arena ${arena}: ${figureJsonText(count)} ${what} (${certainty}: ${evidence})`
}

/** An entry on as many lines as its value needs; what is below another in a tree of parents stands further in. */
export function containerEntryLines(entry: ContainerEntryJson, columns: number, indent: string): string[] {
  const { index, key, depth, value, object, details } = entry
  const isNested = value === null && key !== null
  const inner = `${indent}${isNested ? '  '.repeat(Math.min(depth, deepest)) : ''}`
  const { first, last } = details
  if (value === null && first !== undefined) {
    const range = first === last ? String(first) : `${String(first)}-${String(last)}`
    return valueLines(`[${index}] `, new Bare(escapeText(range)), columns, indent)
  }
  const label = `[${index}] ${key === null ? '' : `${key}: `}`
  if (value === null) return valueLines(label, details, columns, inner)
  if (object === null || typeof value === 'object') return valueLines(label, value, columns, inner)
  const shown = `0x${BigInt(value as number | string).toString(16)} (in ${object})`
  return valueLines(label, new Bare(escapeText(shown)), columns, inner)
}

/** Levels of a tree that are shown by their place. */
const deepest = 8
