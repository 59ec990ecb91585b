import { escapeText } from '../text.js'
import { skipTags } from './layout.js'
import type { CType, FunctionPrototype } from './types.js'

/** Types within one name; real ones have a handful, a hostile file may refer to itself. */
const longestName = 256

/**
 * The type as C spells it without a declared name: `struct task_struct *`, `u8[16]`, `void (*)(struct rq *)`.
 * Names are escaped, since a file may put anything in them.
 */
export function typeName(type: CType): string {
  return spell(type, '', { left: longestName })
}

/** C declares from the inside out: `declarator` is what stands where the name of a variable would. */
function spell(type: CType, declarator: string, budget: { left: number }): string {
  if (budget.left-- <= 0) return withDeclarator('…', declarator)
  switch (type.kind) {
    case 'pointer': {
      const inner = `*${declarator}`
      const bare = skipTags(type.target)
      const grouped = bare.kind === 'array' || bare.kind === 'prototype'
      return spell(type.target, grouped ? `(${inner})` : inner, budget)
    }
    case 'array':
      return spell(type.element, `${declarator}[${type.length === 0 ? '' : type.length}]`, budget)
    case 'prototype':
      return spell(type.result, `${declarator}(${parameterList(type, budget)})`, budget)
    case 'const':
    case 'volatile':
    case 'restrict': {
      const inside = skipTags(type.target)
      if (inside.kind === 'pointer') {
        const spaced = declarator === '' ? type.kind : `${type.kind} ${declarator}`
        return spell(type.target, spaced, budget)
      }
      return `${type.kind} ${spell(type.target, declarator, budget)}`
    }
    case 'type_tag':
    case 'decl_tag':
      return spell(type.target, declarator, budget)
    case 'variable':
      return spell(type.type, declarator, budget)
    case 'function':
      return spell(type.prototype, declarator, budget)
    default:
      return withDeclarator(baseName(type), declarator)
  }
}

function withDeclarator(base: string, declarator: string): string {
  return declarator === '' || declarator.startsWith('[') ? base + declarator : `${base} ${declarator}`
}

function parameterList(type: FunctionPrototype, budget: { left: number }): string {
  const parts: string[] = []
  for (const parameter of type.parameters) {
    if (budget.left <= 0) {
      parts.push('…')
      break
    }
    parts.push(spell(parameter.type, '', budget))
  }
  if (type.variadic) parts.push('...')
  return parts.length === 0 ? 'void' : parts.join(', ')
}

function baseName(type: CType): string {
  const name = escapeText(type.name)
  switch (type.kind) {
    case 'struct':
    case 'union':
    case 'enum':
      return `${type.kind} ${name === '' ? '{…}' : name}`
    case 'forward':
      return `${type.of} ${name}`
    case 'section':
      return `section ${name}`
    case 'unknown':
      return name === '' ? `unknown type ${type.id}` : name
    default:
      return name === '' ? `unnamed ${type.kind}` : name
  }
}
