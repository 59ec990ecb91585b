import { Problems } from '../problems.js'
import { inflate, unknownType } from './inflate.js'
import { Inflated } from './inflated.js'
import { Kind, kindOf, symbolKinds, typeKinds } from './kind.js'
import { NameIndex } from './names.js'
import { Records } from './records.js'
import type { ByteRange } from './strings.js'
import type { CKind, CType, StructType, TypeOf, VoidType } from './types.js'

/** Kinds of types that have a name to find them by. */
export type NamedKind =
  | 'struct'
  | 'union'
  | 'enum'
  | 'typedef'
  | 'int'
  | 'float'
  | 'forward'
  | 'function'
  | 'variable'
  | 'section'

const kindNumbers: Readonly<Record<NamedKind, readonly number[]>> = {
  struct: [Kind.struct],
  union: [Kind.union],
  enum: [Kind.enum, Kind.enum64],
  typedef: [Kind.typedef],
  int: [Kind.int],
  float: [Kind.float],
  forward: [Kind.forward],
  function: [Kind.function],
  variable: [Kind.variable],
  section: [Kind.section],
}

const bitsOf = (kinds: readonly NamedKind[]): number =>
  kinds.flatMap((kind) => kindNumbers[kind]).reduce((bits, kind) => bits | (1 << kind), 0)

const forwardKind = bitsOf(['forward'])

/**
 * One BTF file: the types of a kernel, a module or a BPF program. Parsing only finds where each record starts;
 * a type is made when it is asked for, and the same object is given every time.
 */
export class Btf {
  readonly name: string
  readonly bytes: Uint8Array
  /** The file whose ids and strings this one continues (split BTF). */
  readonly base: Btf | undefined
  readonly littleEndian: boolean
  /** Whether all of its bytes could be read: what is not found in one that is not may be in the rest. */
  readonly isWhole: boolean
  /** What is wrong with the file. */
  readonly problems = new Problems()
  readonly #records: Records
  readonly #types = new Map<number, CType>()
  readonly #void: VoidType | undefined
  #typeNames: NameIndex | undefined
  #symbolNames: NameIndex | undefined
  #pointerSize: 4 | 8 | undefined

  private constructor(bytes: Uint8Array, base: Btf | undefined, name: string, holes: readonly ByteRange[]) {
    this.bytes = bytes
    this.base = base
    this.name = name
    const baseRecords = base === undefined ? undefined : base.#records
    this.#records = new Records(
      bytes,
      name === '' ? 'BTF' : `BTF of ${name}`,
      baseRecords,
      holes,
      this.problems,
    )
    this.isWhole = holes.length === 0 && base?.isWhole !== false
    this.littleEndian = this.#records.littleEndian
    if (base === undefined) this.#void = new Void(this, 0, 'void')
  }

  /**
   * Indexes BTF in either byte order. Throws 'unreadable' when the header is no use; otherwise whatever stands
   * before the first broken record is there, and `problems` says what is not. `holes` are bytes that could not be read:
   * names and types there are unreadable, and the others are what they are.
   */
  static parse(
    bytes: Uint8Array,
    options: {
      base?: Btf | undefined
      name?: string | undefined
      holes?: readonly ByteRange[] | undefined
    } = {},
  ): Btf {
    return new Btf(bytes, options.base, options.name ?? '', options.holes ?? [])
  }

  /** The first id that is not the base's; 1 without a base. */
  get startId(): number {
    return this.#records.startId
  }

  /** Every id below it is valid, those of the base included. */
  get typeCount(): number {
    return this.#records.endId
  }

  /** Bytes of a pointer on the machine the file describes, told by the size of its `long`. */
  get pointerSize(): 4 | 8 {
    this.#pointerSize ??= this.base?.pointerSize ?? this.#measureLong()
    return this.#pointerSize
  }

  /** The type with that id; an id that does not exist gives an unknown type that says so. */
  type(id: number): CType {
    const known = this.#types.get(id)
    if (known !== undefined) return known
    if (this.base !== undefined && id < this.startId) return this.base.type(id)
    if (this.#void !== undefined && id === 0) return this.#void
    const isKnown = Number.isInteger(id) && id >= this.startId && id < this.typeCount
    const type = !isKnown
      ? unknownType(this, id, '', `there is no type ${id}, the last is ${this.typeCount - 1}`)
      : this.#records.isLost(id)
        ? unknownType(this, id, '', 'it lies in a part of the BTF that this memory does not hold')
        : inflate(this, this.#records, id)
    this.#types.set(id, type)
    return type
  }

  /** The text at an offset of the string section; empty when there is none. */
  string(offset: number): string {
    return this.#records.strings.at(offset)
  }

  /**
   * The type of that name. Without a kind: a struct, union, enum, typedef, int or float, or else a forward
   * declaration. Types of this file come before those of its base.
   */
  find<K extends NamedKind>(name: string, kind: K): TypeOf<K> | undefined
  find(name: string, kind?: NamedKind): CType | undefined
  find(name: string, kind?: NamedKind): CType | undefined {
    for (const type of this.#named(name, kind)) return type
    return undefined
  }

  /** Every type of that name, in the order in which `find` prefers them. */
  findAll<K extends NamedKind>(name: string, kind: K): TypeOf<K>[]
  findAll(name: string, kind?: NamedKind): CType[]
  findAll(name: string, kind?: NamedKind): CType[] {
    return [...this.#named(name, kind)]
  }

  /** The struct or union of that name. */
  findStruct(name: string): StructType | undefined {
    return this.find(name, 'struct') ?? this.find(name, 'union')
  }

  /** Every type, those of the base first, or every type of one kind. */
  types<K extends CKind>(kind: K): Generator<TypeOf<K>>
  types(kind?: CKind): Generator<CType>
  *types(kind?: CKind): Generator<CType> {
    if (this.base !== undefined) yield* this.base.types(kind)
    else if (kind === undefined || kind === 'void') yield this.type(0)
    const wanted = isNamedKind(kind) ? bitsOf([kind]) : undefined
    for (let id = this.startId; id < this.typeCount; id++) {
      if (wanted !== undefined && (wanted & this.#kindBit(id)) === 0) continue
      const type = this.type(id)
      if (kind === undefined || type.kind === kind) yield type
    }
  }

  /** Each name that `find` knows and that starts with the prefix, once, in the order of the file. */
  *names(prefix = '', kind?: NamedKind): Generator<string> {
    const seen = new Set<string>()
    const start = Buffer.from(prefix)
    const wanted = kind === undefined ? typeKinds : bitsOf([kind])
    for (let file: Btf | undefined = this; file !== undefined; file = file.base) {
      const records = file.#records
      for (let id = records.startId; id < records.endId; id++) {
        if ((wanted & file.#kindBit(id)) === 0) continue
        const offset = records.word(records.at(id))
        if (offset === 0 || !records.strings.startsWith(offset, start)) continue
        const name = records.strings.at(offset)
        if (name === '' || seen.has(name)) continue
        seen.add(name)
        yield name
      }
    }
  }

  *#named(name: string, kind: NamedKind | undefined): Generator<CType> {
    if (name === '' || name.includes('\0')) return
    const bytes = Buffer.from(name)
    if (kind !== undefined) {
      yield* this.#ofKinds(bytes, bitsOf([kind]))
    } else {
      yield* this.#ofKinds(bytes, typeKinds & ~forwardKind)
      yield* this.#ofKinds(bytes, forwardKind)
    }
  }

  *#ofKinds(name: Uint8Array, kinds: number): Generator<CType> {
    for (let file: Btf | undefined = this; file !== undefined; file = file.base) {
      for (const id of file.#index(kinds).ids(name)) {
        if ((kinds & file.#kindBit(id)) !== 0) yield file.type(id)
      }
    }
  }

  #index(kinds: number): NameIndex {
    if ((kinds & symbolKinds) !== 0) {
      this.#symbolNames ??= NameIndex.ofSymbols(this.#records)
      return this.#symbolNames
    }
    this.#typeNames ??= NameIndex.ofTypes(this.#records)
    return this.#typeNames
  }

  #kindBit(id: number): number {
    const kind = kindOf(this.#records.word(this.#records.at(id) + 1))
    return kind < 32 ? 1 << kind : 0
  }

  #measureLong(): 4 | 8 {
    for (const name of ['long', 'unsigned long', 'long int', 'long unsigned int']) {
      const size = this.find(name, 'int')?.size
      if (size === 4 || size === 8) return size
    }
    return 8
  }
}

function isNamedKind(kind: CKind | undefined): kind is NamedKind {
  return kind !== undefined && Object.hasOwn(kindNumbers, kind)
}

class Void extends Inflated implements VoidType {
  readonly kind = 'void'
}
