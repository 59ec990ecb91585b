/** Makes small BTF files for tests, laid out as a C compiler for a 64-bit machine would. */

export interface MemberSpec {
  /** Leave out for an anonymous struct or union. */
  readonly name?: string
  readonly type: number
  /** Bytes from the start of the struct; placed by the rules of C when left out. */
  readonly offset?: number
  /** Bits from the start of the struct, for bitfields. */
  readonly bitOffset?: number
  readonly bitSize?: number
}

export interface ParameterSpec {
  readonly name?: string
  readonly type: number
}

export interface SectionEntry {
  readonly type: number
  readonly offset: number
  readonly size: number
}

export type Linkage = 'static' | 'global' | 'extern'

interface TypeRecord {
  readonly words: readonly number[]
  readonly size: number
  readonly align: number
}

const linkageNumbers: Readonly<Record<Linkage, number>> = { static: 0, global: 1, extern: 2 }
const noType: TypeRecord = { words: [], size: 0, align: 1 }
const signedFlag = 1
const charFlag = 2
const boolFlag = 4

/**
 * Every method adds one type and gives its id. Ids may be used before they exist: a struct's members can be a
 * function of the struct's own id.
 *
 *     const b = new BtfBuilder()
 *     const u32 = b.int('unsigned int', 4)
 *     b.struct('node', (node) => [{ name: 'next', type: b.pointer(node) }, { name: 'value', type: u32 }])
 *     const btf = Btf.parse(b.build())
 */
export class BtfBuilder {
  readonly #base: BtfBuilder | undefined
  readonly #records: TypeRecord[] = []
  readonly #offsets = new Map<string, number>([['', 0]])
  readonly #strings: number[]

  /** With a base, the file is split BTF; the base must not grow any more. */
  constructor(base?: BtfBuilder) {
    this.#base = base
    this.#strings = base === undefined ? [0] : []
  }

  /** The id that the next type gets. */
  get nextId(): number {
    return this.#startId + this.#records.length
  }

  get #startId(): number {
    return this.#base?.nextId ?? 1
  }

  get #stringEnd(): number {
    return (this.#base === undefined ? 0 : this.#base.#stringEnd) + this.#strings.length
  }

  /** The offset of a string in the string section, added when it is not there yet. */
  string(text: string): number {
    const known = this.#known(text)
    if (known !== undefined) return known
    const offset = this.#stringEnd
    this.#offsets.set(text, offset)
    this.#strings.push(...Buffer.from(text), 0)
    return offset
  }

  int(name: string, size: number, options: IntOptions = {}): number {
    const { signed = false, char = false, bool = false, bits = size * 8, bitOffset = 0 } = options
    const flags = (signed ? signedFlag : 0) | (char ? charFlag : 0) | (bool ? boolFlag : 0)
    return this.#add({
      words: [this.string(name), info(1), size, (flags << 24) | (bitOffset << 16) | bits],
      size,
      align: size,
    })
  }

  float(name: string, size: number): number {
    return this.#add({ words: [this.string(name), info(16), size], size, align: size })
  }

  pointer(target: number): number {
    return this.#add({ words: [0, info(2), target], size: 8, align: 8 })
  }

  array(element: number, length: number, index = 1): number {
    const { size, align } = this.#layout(element)
    return this.#add({ words: [0, info(3), 0, element, index, length], size: size * length, align })
  }

  struct(name: string, members: Members, size?: number): number {
    return this.#composite(4, name, members, size)
  }

  union(name: string, members: Members, size?: number): number {
    return this.#composite(5, name, members, size)
  }

  /** Values above 32 bits make it an ENUM64 of 8 bytes. */
  enum(name: string, values: Readonly<Record<string, number | bigint>>, size?: number): number {
    const entries = Object.entries(values).map(([key, value]) => [this.string(key), BigInt(value)] as const)
    const signed = entries.some(([, value]) => value < 0n)
    const wide = entries.some(([, value]) => BigInt.asIntN(32, value) !== value && value >> 32n !== 0n)
    const bytes = size ?? (wide ? 8 : 4)
    const words = entries.flatMap(([offset, value]) => {
      const low = Number(BigInt.asUintN(32, value))
      return wide ? [offset, low, Number(BigInt.asUintN(32, value >> 32n))] : [offset, low]
    })
    return this.#add({
      words: [this.string(name), info(wide ? 19 : 6, entries.length, signed), bytes, ...words],
      size: bytes,
      align: bytes,
    })
  }

  forward(name: string, of: 'struct' | 'union' = 'struct'): number {
    return this.#add({ words: [this.string(name), info(7, 0, of === 'union'), 0], size: 0, align: 1 })
  }

  typedef(name: string, target: number): number {
    return this.#modifier(8, name, target)
  }

  volatile(target: number): number {
    return this.#modifier(9, '', target)
  }

  const(target: number): number {
    return this.#modifier(10, '', target)
  }

  restrict(target: number): number {
    return this.#modifier(11, '', target)
  }

  typeTag(name: string, target: number): number {
    return this.#modifier(18, name, target)
  }

  prototype(
    result: number,
    parameters: readonly ParameterSpec[] = [],
    options = { variadic: false },
  ): number {
    const words = parameters.flatMap(({ name = '', type }) => [this.string(name), type])
    if (options.variadic) words.push(0, 0)
    return this.#add({ words: [0, info(13, words.length / 2), result, ...words], size: 0, align: 1 })
  }

  function(name: string, prototype: number, linkage: Linkage = 'static'): number {
    const words = [this.string(name), info(12, linkageNumbers[linkage]), prototype]
    return this.#add({ words, size: 0, align: 1 })
  }

  variable(name: string, type: number, linkage: Linkage = 'global'): number {
    const words = [this.string(name), info(14), type, linkageNumbers[linkage]]
    return this.#add({ ...this.#layout(type), words })
  }

  section(name: string, entries: readonly SectionEntry[], size?: number): number {
    const end = entries.reduce((end, entry) => Math.max(end, entry.offset + entry.size), 0)
    const bytes = size ?? end
    const words = entries.flatMap(({ type, offset, size }) => [type, offset, size])
    return this.#add({
      words: [this.string(name), info(15, entries.length), bytes, ...words],
      size: bytes,
      align: 1,
    })
  }

  /** `component` -1 is the whole declaration, otherwise a member or parameter. */
  declTag(name: string, target: number, component = -1): number {
    return this.#add({ words: [this.string(name), info(17), target, component >>> 0], size: 0, align: 1 })
  }

  /** Any record at all, word by word: for kinds that do not exist yet and for broken files. */
  raw(...words: readonly number[]): number {
    return this.#add({ words, size: 0, align: 1 })
  }

  build(options: BuildOptions = {}): Uint8Array<ArrayBuffer> {
    const { bigEndian = false, layout = [], headerLength = layout.length > 0 ? 32 : 24 } = options
    const words = this.#records.flatMap((record) => record.words)
    const strings = this.#strings
    const layoutStart = words.length * 4 + Math.ceil(strings.length / 4) * 4
    const bytes = new Uint8Array(headerLength + layoutStart + layout.length * 4)
    const view = new DataView(bytes.buffer)
    const little = !bigEndian
    view.setUint16(0, 0xeb9f, little)
    view.setUint8(2, 1)
    const header = [
      headerLength,
      0,
      words.length * 4,
      words.length * 4,
      strings.length,
      layoutStart,
      layout.length * 4,
    ]
    header.slice(0, layout.length > 0 ? 7 : 5).forEach((value, n) => {
      view.setUint32(4 + n * 4, value, little)
    })
    words.forEach((word, n) => {
      view.setUint32(headerLength + n * 4, word, little)
    })
    bytes.set(strings, headerLength + words.length * 4)
    layout.forEach(([fixed, element], n) => {
      bytes.set([fixed, element], headerLength + layoutStart + n * 4)
    })
    return bytes
  }

  #add(record: TypeRecord): number {
    return this.#records.push(record) - 1 + this.#startId
  }

  #known(text: string): number | undefined {
    return this.#offsets.get(text) ?? (this.#base === undefined ? undefined : this.#base.#known(text))
  }

  #modifier(kind: number, name: string, target: number): number {
    return this.#add({ ...this.#layout(target), words: [this.string(name), info(kind), target] })
  }

  #layout(id: number): TypeRecord {
    if (id >= this.#startId) return this.#records[id - this.#startId] ?? noType
    return this.#base === undefined ? noType : this.#base.#layout(id)
  }

  #composite(kind: 4 | 5, name: string, members: Members, size: number | undefined): number {
    const id = this.#add(noType)
    const specs = typeof members === 'function' ? members(id) : members
    let end = 0
    let align = 1
    const words: number[] = []
    const bitfields = specs.some((member) => member.bitSize !== undefined)
    for (const member of specs) {
      const type = this.#layout(member.type)
      const free = kind === 5 ? 0 : Math.ceil(end / type.align) * type.align
      const bits = member.bitOffset ?? (member.offset ?? free) * 8
      align = Math.max(align, type.align)
      end = Math.max(end, Math.ceil((bits + (member.bitSize ?? type.size * 8)) / 8))
      const packed = bitfields ? ((member.bitSize ?? 0) << 24) | bits : bits
      words.push(this.string(member.name ?? ''), member.type, packed >>> 0)
    }
    const bytes = size ?? Math.ceil(end / align) * align
    this.#records[id - this.#startId] = {
      words: [this.string(name), info(kind, specs.length, bitfields), bytes, ...words],
      size: bytes,
      align,
    }
    return id
  }
}

type Members = readonly MemberSpec[] | ((self: number) => readonly MemberSpec[])

export interface IntOptions {
  readonly signed?: boolean
  readonly char?: boolean
  readonly bool?: boolean
  /** Fewer than the size has: an old-style bitfield. */
  readonly bits?: number
  readonly bitOffset?: number
}

export interface BuildOptions {
  readonly bigEndian?: boolean
  /** [bytes after the first twelve, bytes of each element] by kind number: the layout section of new kernels. */
  readonly layout?: readonly (readonly [number, number])[]
  /** At least 24; the bytes beyond those known are zero. */
  readonly headerLength?: number
}

function info(kind: number, vlen = 0, flag = false): number {
  return (((flag ? 0x80 : 0) | kind) * 0x1000000 + vlen) >>> 0
}
