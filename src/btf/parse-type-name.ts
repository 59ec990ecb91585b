import { CryoscopeError } from '../errors.js'
import { escapeText, quoteText } from '../text.js'
import type { Btf } from './btf.js'
import { syntheticArray, syntheticPointer } from './inflate.js'
import { nearNames } from './near-names.js'
import type { CType } from './types.js'

const longestExpression = 1000
const tokenPattern = /\s*(?:([A-Za-z_$][\w$.]*)|(0[xX][0-9a-fA-F]+|\d+)|([*()[\]]))/y
const qualifiers = new Set(['const', 'volatile', 'restrict'])
const integerWords = new Set(['unsigned', 'signed', 'char', 'short', 'int', 'long', '_Bool', 'bool'])

/**
 * The type a C expression names, as users write it: `struct rq *`, `u64`, `unsigned long`, `char[16]`,
 * `struct list_head **`, `int (*)[4]`. A name without a keyword may also be that of a struct, union or enum.
 * Qualifiers are accepted and dropped. Pointers and arrays are made here and have the id -1. Throws 'usage' for
 * what is no type expression and 'not-found', with the nearest names, for a type the file does not have.
 * `elsewhere` is asked for names that the file lacks: `rq` or `struct rq`.
 */
export function parseTypeName(btf: Btf, expression: string, elsewhere: Elsewhere = () => undefined): CType {
  return new Parser(btf, expression, elsewhere).parse()
}

export type Elsewhere = (name: string) => CType | undefined

class Parser {
  readonly #btf: Btf
  readonly #expression: string
  readonly #elsewhere: Elsewhere
  readonly #tokens: readonly string[]
  #next = 0

  constructor(btf: Btf, expression: string, elsewhere: Elsewhere) {
    this.#btf = btf
    this.#expression = expression
    this.#elsewhere = elsewhere
    this.#tokens = this.#tokenize()
  }

  parse(): CType {
    const base = this.#base()
    const type = this.#declarator()(base)
    if (this.#next < this.#tokens.length) throw this.#refuse(`it goes on with "${this.#peek()}"`)
    return type
  }

  #tokenize(): string[] {
    const text = this.#expression.trimEnd()
    if (text.trim() === '') throw this.#refuse('it is empty')
    if (text.length > longestExpression)
      throw this.#refuse(`it has more than ${longestExpression} characters`)
    const tokens: string[] = []
    let at = 0
    while (at < text.length) {
      tokenPattern.lastIndex = at
      const match = tokenPattern.exec(text)
      if (match === null) throw this.#refuse(`it cannot contain ${quoteText(text.slice(at, at + 10).trim())}`)
      tokens.push(match[0].trim())
      at = tokenPattern.lastIndex
    }
    return tokens
  }

  #base(): CType {
    this.#skipQualifiers()
    const word = this.#peek()
    if (word === undefined || !/^[A-Za-z_$]/.test(word)) throw this.#refuse('it does not start with a name')
    if (integerWords.has(word)) return this.#integer()
    this.#next++
    if (word === 'struct' || word === 'union' || word === 'enum') {
      const name = this.#peek()
      if (name === undefined || !/^[A-Za-z_$]/.test(name)) throw this.#refuse(`no name follows "${word}"`)
      this.#next++
      this.#skipQualifiers()
      return this.#tagged(word, name)
    }
    this.#skipQualifiers()
    if (word === 'void') return this.#btf.type(0)
    const type =
      this.#btf.find(word, 'typedef') ??
      this.#btf.find(word, 'int') ??
      this.#btf.find(word, 'float') ??
      this.#complete(word) ??
      this.#elsewhere(word) ??
      this.#btf.find(word)
    if (type === undefined) throw this.#notFound(word, word, [...integerWords, ...this.#btf.names()])
    return type
  }

  #complete(name: string): CType | undefined {
    const type = this.#btf.find(name)
    return type?.kind === 'forward' ? undefined : type
  }

  #tagged(keyword: 'struct' | 'union' | 'enum', name: string): CType {
    const type = this.#btf.find(name, keyword) ?? this.#elsewhere(`${keyword} ${name}`)
    if (type !== undefined) return type
    const forward = this.#btf.findAll(name, 'forward').find((type) => type.of === keyword)
    if (forward !== undefined) return forward
    const other = this.#btf.find(name)
    if (other !== undefined && other.kind !== 'forward') {
      const found = `${name} is ${article(other.kind)}, so write "${spelled(other)}"`
      throw new CryoscopeError('not-found', `${this.#absent(`${keyword} ${name}`)}: ${found}.`)
    }
    throw this.#notFound(`${keyword} ${name}`, name, this.#btf.names('', keyword))
  }

  /** C allows the words of an integer in any order; compilers write them into BTF in two ways. */
  #integer(): CType {
    const count = new Map<string, number>()
    for (let word = this.#peek(); word !== undefined; word = this.#peek()) {
      if (integerWords.has(word)) count.set(word, (count.get(word) ?? 0) + 1)
      else if (!qualifiers.has(word)) break
      this.#next++
    }
    const spelled = [...count].flatMap(([word, times]) => Array<string>(times).fill(word)).join(' ')
    for (const name of integerNames(count)) {
      const type = this.#btf.find(name, 'int') ?? this.#btf.find(name, 'typedef') ?? this.#elsewhere(name)
      if (type !== undefined) return type
    }
    throw this.#notFound(spelled, spelled, this.#btf.names('', 'int'))
  }

  /** What to make of the base type: C reads declarators from the name outwards. */
  #declarator(): (base: CType) => CType {
    let pointers = 0
    while (this.#take('*')) {
      pointers++
      this.#skipQualifiers()
    }
    let inner = (type: CType): CType => type
    if (this.#take('(')) {
      if (this.#peek() !== '*' && this.#peek() !== '(' && this.#peek() !== '[') {
        throw this.#refuse('functions cannot be written here, only pointers and arrays')
      }
      inner = this.#declarator()
      if (!this.#take(')')) throw this.#refuse('a parenthesis is not closed')
    }
    const lengths: number[] = []
    while (this.#take('[')) lengths.push(this.#length())
    if (this.#peek() === '(') throw this.#refuse('functions cannot be written here, only pointers and arrays')
    return (base) => {
      let type = base
      for (let n = 0; n < pointers; n++) type = syntheticPointer(type)
      for (const length of lengths.toReversed()) type = syntheticArray(type, length)
      return inner(type)
    }
  }

  #length(): number {
    const token = this.#peek()
    let length = 0
    if (token !== ']') {
      length = Number(token)
      if (!Number.isSafeInteger(length)) throw this.#refuse('an array length is not a number')
      this.#next++
    }
    if (!this.#take(']')) throw this.#refuse('a bracket is not closed')
    return length
  }

  #skipQualifiers(): void {
    while (qualifiers.has(this.#peek() ?? '')) this.#next++
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next]
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false
    this.#next++
    return true
  }

  #refuse(why: string): CryoscopeError {
    const example = 'write a type as in C, such as "struct rq *" or "u64[4]"'
    return new CryoscopeError('usage', `${quoteText(this.#expression)} is no type: ${why}; ${example}.`)
  }

  #notFound(what: string, name: string, candidates: Iterable<string>): CryoscopeError {
    const near = nearNames(name, candidates)
    const hint = near.length === 0 ? '' : ` Did you mean ${near.map(escapeText).join(', ')}?`
    const rest = this.#btf.isWhole ? '' : ': some of it is not in this memory, and the type may be there'
    return new CryoscopeError('not-found', `${this.#absent(`type "${what}"`)}${rest}.${hint}`)
  }

  #absent(what: string): string {
    return `There is no ${what}${this.#btf.isWhole ? '' : ' in what could be read of this BTF'}`
  }
}

function integerNames(count: ReadonlyMap<string, number>): string[] {
  if (count.has('_Bool') || count.has('bool')) return ['_Bool', 'bool']
  const unsigned = count.has('unsigned')
  const prefix = unsigned ? 'unsigned ' : ''
  if (count.has('char'))
    return unsigned ? ['unsigned char'] : count.has('signed') ? ['signed char'] : ['char']
  const width = count.has('short')
    ? 'short'
    : (['', 'long', 'long long'][count.get('long') ?? 0] ?? 'long long')
  if (width === '') return [`${prefix}int`]
  return [`${width} ${prefix}int`, `${prefix}${width}`, `${prefix}${width} int`]
}

const article = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`

function spelled(type: CType): string {
  const keyword =
    type.kind === 'struct' || type.kind === 'union' || type.kind === 'enum' ? `${type.kind} ` : ''
  return keyword + type.name
}
