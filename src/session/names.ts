import type { Btf } from '../btf/btf.js'
import { declare } from '../btf/declaration.js'
import { sizeOf } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError, quietly } from '../errors.js'
import type { KernelSymbol } from '../kernel/image/kallsyms.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Problems } from '../problems.js'
import { escapeText } from '../text.js'

/** Symbols that a sentence names. */
const mostNamed = 6
const hexDigits = 16

/** Every symbol of a name: of the image, of modules, of BPF programs; those that share an address once. */
export function symbolsNamed(kernel: Kernel, name: string): KernelSymbol[] {
  const found = new Map<bigint, KernelSymbol>()
  for (const symbol of kernel.symbols.all(name)) found.set(symbol.address, symbol)
  // Modules and programs are found through lists, which may be damaged: the image's symbols do not depend on them.
  const dynamic = quietly(() => kernel.symbolizer.dynamic()) ?? []
  for (const symbol of dynamic) {
    if (symbol.name === name && !found.has(symbol.address)) found.set(symbol.address, symbol)
  }
  return [...found.values()]
}

/** What is asked where one symbol is wanted and several have the name. */
export function severalSymbols(name: string, found: readonly KernelSymbol[]): CryoscopeError {
  const places = found.slice(0, mostNamed).map((symbol) => {
    const group =
      'group' in symbol && typeof symbol.group === 'string' ? ` of ${escapeText(symbol.group)}` : ''
    return `0x${symbol.address.toString(16).padStart(hexDigits, '0')}${group}`
  })
  const more = found.length > mostNamed ? ', …' : ''
  return new CryoscopeError(
    'usage',
    `${found.length} symbols are called ${escapeText(name)}; give the address of one: ${places.join(', ')}${more}`,
  )
}

/** A type of the target, and the BTF object that it stands in. */
export interface NamedType {
  readonly type: CType
  /** What `type --id` and `vm.type(name, id)` choose it by: its number, behind that of its BTF object unless that is vmlinux's. */
  readonly id: string
  /** "vmlinux", "module btrfs", "BPF object 12". */
  readonly of: string
}

/** Names as they are declared; pointers to them and arrays of them are no names. */
const plainName = /^\s*(?:(struct|union|enum)\s+)?([A-Za-z_$][\w$.]*)\s*$/

/**
 * Every type that C text names, with differences between them: those of vmlinux, and where it has none those of modules
 * and programs. Declarations without members and types that are declared alike count once.
 */
export function typesNamed(kernel: Kernel, text: string, problems: Problems): NamedType[] {
  const own = typesIn(kernel.types, text, 'vmlinux')
  if (own.length > 0) return own
  const found: NamedType[] = []
  for (const object of kernel.btfObjects.all(problems)) {
    if (object.isKernel && object.name === 'vmlinux') continue
    // What stands in its base is vmlinux's, which has none of that name.
    const types = problems.attempt(`BTF ${object.id}`, () => kernel.btfObjects.types(object.address))
    const of = object.isKernel ? `module ${object.name}` : `BPF object ${object.id}`
    if (types === undefined) continue
    for (const type of typesIn(types, text, of, `${object.id}:`)) found.push(type)
  }
  return unlike(found)
}

/** The same of one BTF object and its base. */
export function typesIn(types: Btf, text: string, of: string, prefix = ''): NamedType[] {
  const [, keyword, name] = plainName.exec(text) ?? []
  if (name === undefined) return []
  const kind = keyword as 'struct' | 'union' | 'enum' | undefined
  const found = types.findAll(name, kind).filter((type) => type.kind !== 'forward')
  // A name without a keyword is a typedef or an integer before it is a struct, as in C.
  const first = kind === undefined ? found[0]?.kind : kind
  const alike = found.filter((type) => type.kind === first)
  return unlike(alike.map((type) => ({ type, id: `${prefix}${type.id}`, of })))
}

function unlike(found: readonly NamedType[]): NamedType[] {
  const declared = new Map<string, NamedType>()
  for (const each of found) {
    const text = declare(each.type, { offsets: true })
    if (!declared.has(text)) declared.set(text, each)
  }
  return [...declared.values()]
}

/** The one that `id` chooses, or the only one. Throws 'not-found' and, where several have the name, 'usage'. */
export function chooseType(
  text: string,
  found: readonly NamedType[],
  id: string | undefined,
): NamedType | undefined {
  if (id !== undefined) {
    const chosen = found.find((each) => each.id === id)
    if (chosen !== undefined) return chosen
    const ids = found.map((each) => each.id).join(', ')
    throw new CryoscopeError(
      'not-found',
      `no type called ${escapeText(text)} has the id ${escapeText(id)}; ${ids === '' ? 'there is none of that name' : `there are ${ids}`}`,
    )
  }
  if (found.length > 1) throw severalTypes(text, found)
  return found[0]
}

function severalTypes(text: string, found: readonly NamedType[]): CryoscopeError {
  const shown = found.slice(0, mostNamed).map((each) => `${each.id} (${describeType(each)})`)
  const more = found.length > mostNamed ? ', …' : ''
  return new CryoscopeError(
    'usage',
    `${found.length} types are called ${escapeText(text.trim())}; choose one by its id, as in vm.type(name, id): ${shown.join(', ')}${more}`,
  )
}

/** "struct irq_info, 24 bytes, in vmlinux" without the name. */
export function describeType({ type, of }: NamedType): string {
  const size = sizeOf(type)
  return `${size === undefined ? typeName(type) : `${size} bytes`}, ${escapeText(of)}`
}
