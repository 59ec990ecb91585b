import type { Btf } from '../btf/btf.js'
import { strip } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType, EnumType, PointerType, SectionType, StructType } from '../btf/types.js'
import { escapeText } from '../text.js'
import { type Field, fieldsOf } from './fields.js'
import { perCpuTags, tagsOf } from './pointer-tags.js'
import { type Shape, shapeOf } from './shape.js'

/** Names of typed.ts that declarations use. */
const helpers = [
  'Struct',
  'TaskStruct',
  'CpuMask',
  'PointerTo',
  'Pointer',
  'List',
  'FlexibleList',
  'Enum',
  'Opaque',
] as const

/** Arrays of arrays, pointers to pointers, structs without a name within structs. */
const deepestNesting = 16
/** Members written for one interface, those of structs without a name included; the kernel's largest has some hundreds. */
const mostMembers = 8192
/** An enum without a name is written at each use. */
const mostInlineNames = 32

interface Budget {
  left: number
}

export interface WriterOptions {
  /** What stands before names of another file's types: `vmlinux.`; undefined when it is not declared anywhere. */
  readonly prefixOf?: (btf: Btf) => string | undefined
  /** The full type for a forward declaration, from wherever it is known. */
  readonly resolveForward?: (type: CType) => CType | undefined
}

/** The import that declarations need; `library` is where the types of values come from. */
export function importLine(library: string): string {
  return `import type { ${helpers.join(', ')} } from '${library}'\n`
}

/** What a struct has besides its members. */
function parentOf(type: CType): string {
  if (shapeOf(type).kind === 'mask') return 'CpuMask'
  return type.kind === 'struct' && type.name === 'task_struct' ? 'TaskStruct' : 'Struct'
}

/**
 * TypeScript declarations for C types of one file, as src/value gives their values: an interface for each struct and
 * union, a type for each enum, with the C type, offset and size of every member. Structs that are only referred to are
 * declared without members.
 */
export function declareTypeScript(types: Iterable<CType>, library = 'cryoscope'): string {
  const wanted = [...types]
  const [first] = wanted
  if (first === undefined) return importLine(library)
  const writer = new TypeScriptWriter(first.btf)
  const bodies = wanted.map((type) => writer.declaration(type))
  const declared = new Set(wanted.map((type) => writer.named(type) ?? type))
  return [importLine(library), ...bodies, ...writer.opaque(declared)].filter((text) => text !== '').join('\n')
}

/** Writes types of one BTF file; without one, what is written stands outside all and names them by their prefixes. */
export class TypeScriptWriter {
  readonly #btf: Btf | undefined
  readonly #others = new Map<Btf, TypeScriptWriter>()
  readonly #options: WriterOptions
  readonly #names = new Map<CType, string>()
  readonly #firsts = new Map<string, CType>()
  readonly #texts = new Map<CType, string>()
  readonly #notes = new Map<CType, string>()

  constructor(btf: Btf | undefined, options: WriterOptions = {}) {
    this.#btf = btf
    this.#options = options
  }

  /** Every type of the file that has a name to be declared by, in the order of the file. */
  *declarable(): Generator<CType> {
    const btf = this.#btf
    for (let id = btf?.startId ?? 0; btf !== undefined && id < btf.typeCount; id++) {
      const type = btf.type(id)
      if (type.kind === 'section') yield type
      else if (type.name !== '' && this.named(type) === type) yield type
    }
  }

  /** Interfaces and enums of the whole file, and `CTypes`, which leads from C names to them. */
  file(): string {
    let text = ''
    let index = ''
    for (const type of this.declarable()) {
      text += this.declaration(type)
      if (type.kind !== 'section' && this.#isFirst(type))
        index += `  ${literal(typeName(type))}: ${this.name(type)}\n`
    }
    for (const kind of ['int', 'typedef'] as const) {
      for (const type of this.#btf?.types(kind) ?? []) {
        if (type.btf !== this.#btf || type.name === '' || this.#btf.find(type.name, kind) !== type) continue
        const text = this.named(type) === type ? 'Opaque' : this.reference(type)
        // Thousands of typedefs of functions would only make it longer.
        if (text !== 'Opaque' && text !== 'PointerTo<Opaque>') index += `  ${literal(type.name)}: ${text}\n`
      }
    }
    return `${text}/** Types by their C names. */\nexport interface CTypes {\n${index}}\n`
  }

  /** What is declared for a type: the struct, union or enum behind it, or the typedef that gives it its name. */
  named(type: CType): CType | undefined {
    const bare = strip(type)
    if (bare.kind !== 'struct' && bare.kind !== 'union' && bare.kind !== 'enum') {
      return bare.kind === 'section' ? bare : undefined
    }
    return bare.name === '' ? innermostTypedef(type) : bare
  }

  /** The TypeScript name of a declared type: the C one where TypeScript allows it and no type before has it. */
  name(type: CType): string {
    let name = this.#names.get(type)
    if (name === undefined) {
      const plain = clean(type.name || type.kind)
      const isFree =
        type.kind === 'section'
          ? this.#btf?.find(plain) === undefined
          : plain === type.name && !reserved.has(plain) && this.#isFirst(type)
      name = isFree ? plain : `${plain}__${type.id}`
      this.#names.set(type, name)
    }
    return name
  }

  declaration(type: CType): string {
    const named = this.named(type)
    if (named === undefined) {
      return type.kind === 'typedef' ? `export type ${this.name(type)} = ${this.reference(type)}\n` : ''
    }
    const bare = strip(named)
    if (bare.kind === 'enum') {
      return `/** ${this.#note(named)} */\nexport type ${this.name(named)} = ${enumText(bare)}\n`
    }
    if (bare.kind !== 'struct' && bare.kind !== 'union' && bare.kind !== 'section') return ''
    const members = this.#members(bare, '  ', 0, { left: mostMembers })
    const parent = parentOf(bare)
    const head = `/** ${this.#note(named)}, ${bare.size} bytes */\n`
    return `${head}export interface ${this.name(named)} extends ${parent} {\n${members}}\n`
  }

  /** Whatever was referred to and is not declared. */
  *opaque(declared: ReadonlySet<CType>): Generator<string> {
    for (const [type, name] of this.#names) {
      if (declared.has(type) || type.btf !== this.#btf) continue
      if (type.kind === 'enum') yield this.declaration(type)
      else
        yield `export interface ${name} extends Struct {\n  readonly $type: ${literal(typeName(type))}\n}\n`
    }
  }

  /** The type of a value of that C type. */
  reference(type: CType): string {
    return this.#text(type, '', 0, { left: mostMembers })
  }

  /** Types of the same name are told apart by their ids; the one that `find` prefers keeps the name. */
  #isFirst(type: CType): boolean {
    let first = this.#firsts.get(type.name)
    if (first === undefined) {
      first = this.#btf?.findAll(type.name).find((found) => this.named(found) === found) ?? type
      this.#firsts.set(type.name, first)
    }
    return first === type
  }

  #members(type: StructType | SectionType, indent: string, depth: number, budget: Budget): string {
    let text = ''
    for (const field of fieldsOf(type).list) {
      if (field.name === 'toJSON' || field.name === 'toString' || field.name.startsWith('$')) continue
      if (budget.left-- <= 0) break
      const value = this.#field(field, indent, depth + 1, budget)
      // Variables of programs can be assigned to.
      const fixed = type.kind === 'section' ? '' : 'readonly '
      text += `${indent}/** ${this.#memberNote(field)} */\n${indent}${fixed}${property(field.name)}: ${value}\n`
    }
    return text
  }

  #field(field: Field, indent: string, depth: number, budget: Budget): string {
    const { shape, width } = field
    if (shape.kind === 'int' && width > 0) return shape.bool ? 'boolean' : width <= 32 ? 'number' : 'bigint'
    if (shape.kind === 'opaque') return 'Opaque'
    return this.#text(field.type, indent, depth, budget)
  }

  #memberNote(field: Field): string {
    const { width, offset, shift, size } = field
    const type = this.#note(field.type)
    if (width > 0) return `${type}, bit ${offset * 8 + shift}, ${width} bit${width === 1 ? '' : 's'}`
    return `${type}, offset ${offset}, ${size} byte${size === 1 ? '' : 's'}`
  }

  #note(type: CType): string {
    let note = this.#notes.get(type)
    if (note === undefined) {
      note = typeName(type).replaceAll('*/', '* /')
      this.#notes.set(type, note)
    }
    return note
  }

  #text(type: CType, indent: string, depth: number, budget: Budget): string {
    const known = this.#texts.get(type)
    if (known !== undefined) return known
    if (depth > deepestNesting) return 'Opaque'
    const text = this.#make(type, indent, depth, budget)
    // Structs without a name are written in place, at the indentation of the place.
    if (!text.includes('\n')) this.#texts.set(type, text)
    return text
  }

  #make(type: CType, indent: string, depth: number, budget: Budget): string {
    const shape = shapeOf(type)
    switch (shape.kind) {
      case 'int':
        return shape.bool ? 'boolean' : shape.bits <= 32 && shape.size <= 4 ? 'number' : 'bigint'
      case 'float':
        return 'number'
      case 'text':
        return 'string'
      case 'enum': {
        const named = this.named(type)
        return named === undefined ? enumText(shape.enumeration, mostInlineNames) : this.#qualified(named)
      }
      case 'array':
        return `${shape.length === 0 ? 'FlexibleList' : 'List'}<${this.#text(shape.element.type, indent, depth + 1, budget)}>`
      case 'pointer':
        return this.#pointer(shape.pointer, indent, depth, budget)
      case 'struct':
      case 'mask':
        return this.#struct(type, shape, indent, depth, budget)
      case 'opaque':
        return 'Opaque'
    }
  }

  #pointer(pointer: PointerType, indent: string, depth: number, budget: Budget): string {
    const bare = strip(pointer.target)
    const target = bare.kind === 'forward' ? this.#complete(bare) : pointer.target
    if (target === undefined) return 'PointerTo<Struct>'
    const { kind } = shapeOf(target)
    const text = this.#text(target, indent, depth + 1, budget)
    const hasMembers = (kind === 'struct' || kind === 'mask') && text !== 'Opaque'
    const isPerCpu = tagsOf(pointer).some((tag) => perCpuTags.includes(tag))
    return hasMembers && !isPerCpu ? `Pointer<${text}>` : `PointerTo<${text}>`
  }

  #complete(forward: CType & { readonly kind: 'forward' }): CType | undefined {
    return forward.btf.find(forward.name, forward.of) ?? this.#options.resolveForward?.(forward)
  }

  #struct(type: CType, shape: Shape, indent: string, depth: number, budget: Budget): string {
    const named = this.named(type)
    if (named !== undefined) return this.#qualified(named)
    // What has members and no name of its own: sections always have one.
    const bare = strip(shape.type) as StructType
    return `Struct & {\n${this.#members(bare, `${indent}  `, depth, budget)}${indent}}`
  }

  #qualified(type: CType): string {
    if (type.btf === this.#btf) return this.name(type)
    const prefix = this.#options.prefixOf?.(type.btf)
    if (prefix === undefined) return strip(type).kind === 'enum' ? 'Enum<string>' : 'Struct'
    let other = this.#others.get(type.btf)
    if (other === undefined) {
      other = new TypeScriptWriter(type.btf)
      this.#others.set(type.btf, other)
    }
    return `${prefix}${other.name(type)}`
  }
}

/** The typedef that names the struct or enum behind a type. */
function innermostTypedef(type: CType): CType | undefined {
  let found: CType | undefined
  let at = type
  for (let n = 0; n < 64; n++) {
    if (at.kind === 'typedef') found = at
    else if (
      at.kind !== 'const' &&
      at.kind !== 'volatile' &&
      at.kind !== 'restrict' &&
      at.kind !== 'type_tag'
    )
      break
    at = at.target
  }
  return found
}

function enumText(type: EnumType, most = Number.POSITIVE_INFINITY): string {
  const names = type.values.map(({ name }) => literal(name))
  return `Enum<${names.length === 0 || names.length > most ? 'string' : names.join(' | ')}>`
}

/** Names that TypeScript does not let an interface have, and those that declarations use themselves. */
const reserved = new Set<string>([
  ...helpers,
  'CTypes',
  ...(
    'any unknown never void undefined null string number bigint boolean symbol object true false type this ' +
    'break case catch class const continue debugger default delete do else enum export extends finally for ' +
    'function if import in instanceof new return super switch throw try typeof var while with implements ' +
    'interface let package private protected public static yield await as'
  ).split(' '),
])

const clean = (name: string): string => name.replace(/[^\w$]/g, '_').replace(/^(?=\d)/, '_')
const property = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name))
const literal = (text: string): string => `'${escapeText(text.replace(/['\\]/g, '\\$&'))}'`
