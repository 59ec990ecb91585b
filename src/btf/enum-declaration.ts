import { escapeText } from '../text.js'
import type { EnumType } from './types.js'

/** An enum with its values, without what follows the closing brace. An enum without values is a forward one. */
export function enumText(type: EnumType, indent: string): string {
  const name = escapeText(type.name)
  const head = name === '' ? 'enum' : `enum ${name}`
  if (type.values.length === 0) return head
  const names = type.values.map((value) => escapeText(value.name))
  const width = names.reduce((longest, name) => Math.max(longest, name.length), 0)
  const lines = type.values.map(
    ({ value }, n) => `${indent}\t${(names[n] ?? '').padEnd(width)} = ${value},\n`,
  )
  return `${head} {\n${lines.join('')}${indent}}${type.size === 4 ? '' : ' __attribute__((__packed__))'}`
}
