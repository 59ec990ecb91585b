import type { Btf } from './btf.js'
import { inflateEnum } from './enum.js'
import { Inflated } from './inflated.js'
import { flagOf, Kind, kindOf, vlenOf } from './kind.js'
import type { Records } from './records.js'
import { inflateStruct } from './struct.js'
import type {
  ArrayType,
  CType,
  FunctionPrototype,
  FunctionType,
  IntType,
  Parameter,
  PointerType,
  QualifierType,
  SectionType,
  SectionVariable,
  TagType,
  TypedefType,
  UnknownType,
  VariableType,
} from './types.js'

class Linked extends Inflated {
  readonly #target: number

  constructor(btf: Btf, id: number, name: string, target: number) {
    super(btf, id, name)
    this.#target = target
  }

  get target(): CType {
    return this.btf.type(this.#target)
  }
}

class Pointer extends Linked implements PointerType {
  readonly kind = 'pointer'
}

class Typedef extends Linked implements TypedefType {
  readonly kind = 'typedef'
}

class Qualifier extends Linked implements QualifierType {
  readonly kind: QualifierType['kind']

  constructor(btf: Btf, id: number, kind: QualifierType['kind'], target: number) {
    super(btf, id, '', target)
    this.kind = kind
  }
}

class Tag extends Linked implements TagType {
  readonly kind: TagType['kind']
  readonly component: number
  readonly attribute: boolean

  constructor(btf: Btf, id: number, name: string, target: number, details: Omit<TagType, keyof Linked>) {
    super(btf, id, name, target)
    this.kind = details.kind
    this.component = details.component
    this.attribute = details.attribute
  }
}

class ArrayOf extends Inflated implements ArrayType {
  readonly kind = 'array'
  readonly length: number
  readonly #element: number

  constructor(btf: Btf, id: number, element: number, length: number) {
    super(btf, id, '')
    this.#element = element
    this.length = length
  }

  get element(): CType {
    return this.btf.type(this.#element)
  }
}

const linkages = ['static', 'global', 'extern'] as const

class FunctionRecord extends Inflated implements FunctionType {
  readonly kind = 'function'
  readonly linkage: FunctionType['linkage']
  readonly #prototype: number

  constructor(btf: Btf, id: number, name: string, linkage: number, prototype: number) {
    super(btf, id, name)
    this.linkage = linkages[linkage] ?? 'static'
    this.#prototype = prototype
  }

  get prototype(): CType {
    return this.btf.type(this.#prototype)
  }
}

class Variable extends Inflated implements VariableType {
  readonly kind = 'variable'
  readonly linkage: VariableType['linkage']
  readonly #type: number

  constructor(btf: Btf, id: number, name: string, linkage: number, type: number) {
    super(btf, id, name)
    this.linkage = linkages[linkage] ?? 'static'
    this.#type = type
  }

  get type(): CType {
    return this.btf.type(this.#type)
  }
}

class Prototype extends Inflated implements FunctionPrototype {
  readonly kind = 'prototype'
  readonly variadic: boolean
  readonly #result: number
  readonly #records: Records
  #parameters: readonly Parameter[] | undefined

  constructor(btf: Btf, id: number, records: Records) {
    super(btf, id, '')
    const at = records.at(id)
    const vlen = vlenOf(records.word(at + 1))
    const last = at + 3 + (vlen - 1) * 2
    this.variadic = vlen > 0 && records.word(last) === 0 && records.word(last + 1) === 0
    this.#result = records.word(at + 2)
    this.#records = records
  }

  get result(): CType {
    return this.btf.type(this.#result)
  }

  get parameters(): readonly Parameter[] {
    if (this.#parameters !== undefined) return this.#parameters
    const records = this.#records
    const at = records.at(this.id)
    const count = vlenOf(records.word(at + 1)) - (this.variadic ? 1 : 0)
    const parameters: Parameter[] = []
    for (let n = 0; n < count; n++) {
      const element = at + 3 + n * 2
      parameters.push(
        new LazyParameter(this.btf, records.strings.at(records.word(element)), records.word(element + 1)),
      )
    }
    this.#parameters = parameters
    return parameters
  }
}

class LazyParameter implements Parameter {
  readonly name: string
  readonly #btf: Btf
  readonly #type: number

  constructor(btf: Btf, name: string, type: number) {
    this.name = name
    this.#btf = btf
    this.#type = type
  }

  get type(): CType {
    return this.#btf.type(this.#type)
  }
}

class Section extends Inflated implements SectionType {
  readonly kind = 'section'
  readonly size: number
  readonly #records: Records
  #variables: readonly SectionVariable[] | undefined

  constructor(btf: Btf, id: number, name: string, records: Records) {
    super(btf, id, name)
    this.size = records.word(records.at(id) + 2)
    this.#records = records
  }

  get variables(): readonly SectionVariable[] {
    if (this.#variables !== undefined) return this.#variables
    const records = this.#records
    const at = records.at(this.id)
    const variables: SectionVariable[] = []
    for (let n = 0; n < vlenOf(records.word(at + 1)); n++) {
      const element = at + 3 + n * 3
      const id = records.word(element)
      const type = this.btf.type(id)
      variables.push({
        variable: type.kind === 'variable' ? type : new Variable(this.btf, -1, type.name, 2, id),
        offset: records.word(element + 1),
        size: records.word(element + 2),
      })
    }
    this.#variables = variables
    return variables
  }
}

class Unknown extends Inflated implements UnknownType {
  readonly kind = 'unknown'
  readonly reason: string

  constructor(btf: Btf, id: number, name: string, reason: string) {
    super(btf, id, name)
    this.reason = reason
  }
}

/** A type that cannot be shown as one, and why. */
export function unknownType(btf: Btf, id: number, name: string, reason: string): UnknownType {
  return new Unknown(btf, id, name, reason)
}

/** A pointer or array that the file itself does not have; its id is -1. */
export function syntheticPointer(target: CType): PointerType {
  return synthetic(target.btf, { kind: 'pointer', target })
}

export function syntheticArray(element: CType, length: number): ArrayType {
  return synthetic(element.btf, { kind: 'array', element, length })
}

function synthetic<T extends object>(btf: Btf, own: T): T & Inflated {
  return Object.assign(new Inflated(btf, -1, ''), own)
}

/** Makes the type of one record that `records` holds. */
export function inflate(btf: Btf, records: Records, id: number): CType {
  const at = records.at(id)
  const info = records.word(at + 1)
  const value = records.word(at + 2)
  const name = records.strings.at(records.word(at))
  switch (kindOf(info)) {
    case Kind.int:
      return inflateInt(btf, id, name, value, records.word(at + 3))
    case Kind.float:
      return Object.assign(new Inflated(btf, id, name), { kind: 'float' as const, size: value })
    case Kind.pointer:
      return new Pointer(btf, id, name, value)
    case Kind.array:
      return new ArrayOf(btf, id, records.word(at + 3), records.word(at + 5))
    case Kind.struct:
    case Kind.union:
      return inflateStruct(btf, records, id, name)
    case Kind.enum:
    case Kind.enum64:
      return inflateEnum(btf, records, id, name)
    case Kind.forward:
      return Object.assign(new Inflated(btf, id, name), {
        kind: 'forward' as const,
        of: flagOf(info) ? ('union' as const) : ('struct' as const),
      })
    case Kind.typedef:
      return new Typedef(btf, id, name, value)
    case Kind.const:
      return new Qualifier(btf, id, 'const', value)
    case Kind.volatile:
      return new Qualifier(btf, id, 'volatile', value)
    case Kind.restrict:
      return new Qualifier(btf, id, 'restrict', value)
    case Kind.typeTag:
      return new Tag(btf, id, name, value, { kind: 'type_tag', component: -1, attribute: flagOf(info) })
    case Kind.declTag:
      return new Tag(btf, id, name, value, {
        kind: 'decl_tag',
        component: records.word(at + 3) | 0,
        attribute: flagOf(info),
      })
    case Kind.function:
      return new FunctionRecord(btf, id, name, vlenOf(info), value)
    case Kind.prototype:
      return new Prototype(btf, id, records)
    case Kind.variable:
      return new Variable(btf, id, name, records.word(at + 3), value)
    case Kind.section:
      return new Section(btf, id, name, records)
    default:
      return new Unknown(btf, id, name, `BTF kind ${kindOf(info)} is newer than this reader`)
  }
}

const signedFlag = 1
const charFlag = 2
const boolFlag = 4

function inflateInt(btf: Btf, id: number, name: string, size: number, data: number): CType {
  if (size < 1 || size > 16) return new Unknown(btf, id, name, `an integer of ${size} bytes`)
  const flags = (data >>> 24) & 0xf
  const signed = (flags & signedFlag) !== 0
  const isChar = (flags & charFlag) !== 0 || (size === 1 && name === 'char')
  const encoding: IntType['encoding'] =
    (flags & boolFlag) !== 0 ? 'bool' : isChar ? 'char' : signed ? 'signed' : 'unsigned'
  return Object.assign(new Inflated(btf, id, name), {
    kind: 'int' as const,
    size,
    bits: data & 0xff,
    bitOffset: (data >>> 16) & 0xff,
    encoding,
    signed,
  })
}
