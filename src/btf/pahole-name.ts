import { escapeText } from '../text.js'
import { skipTags } from './layout.js'
import type { CType, FunctionPrototype } from './types.js'

/** Nodes within one name; a hostile file may refer to itself. */
const mostNodes = 512

export interface Budget {
  left: number
}

export const newBudget = (): Budget => ({ left: mostNodes })

/** printf's `%-*s`, for which a negative width means its absolute value. */
export const pad = (text: string, width: number): string => text.padEnd(Math.abs(width))

/**
 * A type as pahole spells it, which differs from C habit in its spaces: `struct sk_buff * *`, `const char  *`.
 * An array gives its element.
 */
export function paholeName(type: CType, budget: Budget): string {
  if (budget.left-- <= 0) return '…'
  switch (type.kind) {
    case 'pointer':
      return pointerName(type.target, budget)
    case 'const':
    case 'volatile':
      return `${type.kind} ${paholeName(type.target, budget)} `
    case 'restrict':
      return `${paholeName(type.target, budget)} restrict `
    case 'array':
      return paholeName(type.element, budget)
    case 'type_tag':
    case 'decl_tag':
      return paholeName(type.target, budget)
    case 'prototype':
      return functionText(type, '()', 0, budget)
    case 'struct':
    case 'union':
    case 'enum':
      return `${type.kind} ${escapeText(type.name)}`
    case 'forward':
      return `${type.of} ${escapeText(type.name)}`
    case 'unknown':
      return type.name === '' ? `/* ${escapeText(type.reason)} */ void` : escapeText(type.name)
    default:
      return escapeText(type.name)
  }
}

function pointerName(target: CType, budget: Budget): string {
  const pointee = skipTags(target)
  if (pointee.kind === 'const') {
    const inner = skipTags(pointee.target)
    if (inner.kind === 'pointer') return `${paholeName(inner, budget)} const *`
  }
  return `${paholeName(pointee, budget)} *`
}

/** A function's result, what stands in place of its name, and its parameters. */
export function functionText(
  type: FunctionPrototype,
  declarator: string,
  spacing: number,
  budget: Budget,
): string {
  const parts: string[] = []
  for (const parameter of type.parameters) {
    if (budget.left <= 0) {
      parts.push('…')
      break
    }
    parts.push(parameterText(parameter.type, escapeText(parameter.name), budget))
  }
  if (parts.length === 0) parts.push('void')
  else if (type.variadic) parts.push('...')
  return `${pad(paholeName(type.result, budget), spacing)} ${declarator}(${parts.join(', ')})`
}

function parameterText(type: CType, name: string, budget: Budget): string {
  budget.left--
  if (type.kind === 'pointer') {
    const target = skipTags(type.target)
    if (target.kind === 'prototype') return functionText(target, `(*${name})`, 0, budget)
  }
  const spelled = paholeName(type, budget)
  return name === '' ? spelled : `${spelled} ${name}`
}
