import { escapeText } from '../text.js'
import { enumText } from './enum-declaration.js'
import { skipTags } from './layout.js'
import { functionText, newBudget, paholeName } from './pahole-name.js'
import { StructPrinter } from './struct-declaration.js'
import { typeName } from './type-name.js'
import type { CType } from './types.js'

/**
 * The C declaration of a type as pahole prints it, over several lines, without a newline at the end. With
 * `offsets`, structs carry the offset and size of each member, holes, cache line boundaries and a summary;
 * without, they are what `pahole -q` prints. Names are escaped.
 */
export function declare(type: CType, options: { offsets?: boolean } = {}): string {
  const offsets = options.offsets ?? false
  const name = escapeText(type.name)
  switch (type.kind) {
    case 'struct':
    case 'union':
      return `${new StructPrinter(offsets).print(type)};`
    case 'enum':
      return `${enumText(type, '')};`
    case 'forward':
      return `${type.of} ${name};`
    case 'typedef':
      return `typedef ${typedefText(type.target, name, offsets)};`
    case 'function':
      return `${declared(type.prototype, name)};`
    case 'variable':
      return `${type.linkage === 'global' ? '' : `${type.linkage} `}${declared(type.type, name)};`
    default:
      return `${typeName(type)};`
  }
}

function typedefText(target: CType, name: string, offsets: boolean): string {
  const bare = skipTags(target)
  if (bare.name === '') {
    if (bare.kind === 'struct' || bare.kind === 'union') return new StructPrinter(offsets).print(bare, name)
    if (bare.kind === 'enum') return `${enumText(bare, '')} ${name}`
  }
  return declared(bare, name, true)
}

function declared(type: CType, name: string, forTypedef = false): string {
  const bare = skipTags(type)
  if (bare.kind === 'prototype') return functionText(bare, forTypedef ? `(${name})` : name, 0, newBudget())
  if (bare.kind === 'pointer') {
    const target = skipTags(bare.target)
    if (target.kind === 'prototype') return functionText(target, `(*${name})`, 0, newBudget())
  }
  let element: CType = bare
  let dimensions = ''
  for (let n = 0; n < 32 && element.kind === 'array'; n++) {
    dimensions += `[${element.length === 0 ? '' : element.length}]`
    element = skipTags(element.element)
  }
  return `${paholeName(element, newBudget())} ${name}${dimensions}`
}
