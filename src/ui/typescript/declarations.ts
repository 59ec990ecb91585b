import type { BpfMap } from '../../bpf/map.js'
import type { Btf } from '../../btf/btf.js'
import { strip } from '../../btf/layout.js'
import type { CType } from '../../btf/types.js'
import { CryoscopeError } from '../../errors.js'
import { globalTypes } from '../../kernel/globals.js'
import type { Session } from '../../session/session.js'
import { escapeText } from '../../text.js'
import { findType } from '../../value/find-type.js'
import { importLine, TypeScriptWriter } from '../../value/typescript.js'
import { hashOf, kernelDeclarations } from './kernel-declarations.js'

/** One module of declarations. */
export interface DeclarationModule {
  /** Without `.d.ts`; equal names have equal texts. */
  readonly name: string
  /** What the module exports, without imports. That of the kernel is made when it is asked for. */
  readonly body: string
}

/**
 * All that TypeScript can know of a target: modules with the types of the kernel and of each BPF object, and one that
 * exports `Guest`, the type of `vm` for this target.
 */
export interface Declarations {
  /** The kernel's. */
  readonly kernel: DeclarationModule
  /** Those of BPF objects and of modules that maps refer to, by the name under which `guest` refers to them. */
  readonly objects: readonly (DeclarationModule & { readonly alias: string })[]
  /** Exports Variables, PerCpuVariables, Maps and Guest. */
  readonly guest: DeclarationModule
  /** The name, in terms of `guest`, of the TypeScript type of a value of that C type. */
  reference(type: CType): string
}

export const kernelAlias = 'vmlinux'
/** What declarations import the types of values from, unless told. */
const libraryName = 'cryoscope'

/** Writes declarations for what the target holds now: maps and programs come and go while a guest runs. */
export function declarationsOf(vm: Session): Declarations {
  const { kernel } = vm
  const hash = kernelHash(kernel.types)
  let text: string | undefined
  const aliases = new Map<Btf, string>([[kernel.types, kernelAlias]])
  for (const btf of objectsOf(vm)) if (!aliases.has(btf)) aliases.set(btf, `types_${aliases.size}`)
  const options = {
    prefixOf: (btf: Btf) => {
      const alias = aliases.get(btf)
      return alias === undefined ? undefined : `${alias}.`
    },
    resolveForward: (type: CType) => vm.valueContext.resolveForward?.(type),
  }
  const outside = new TypeScriptWriter(undefined, options)
  const objects = [...aliases].slice(1).map(([btf, alias]) => {
    const body = new TypeScriptWriter(btf, options).file()
    return { name: alias, alias, body }
  })
  return {
    kernel: {
      name: `${kernelAlias}-${hash}`,
      get body() {
        text ??= kernelDeclarations(hash, () => kernel.types)
        return text
      },
    },
    objects,
    guest: { name: 'guest', body: guestBody(vm, outside) },
    reference: (type) => outside.reference(type),
  }
}

const hashes = new WeakMap<Btf, string>()

/** The kernel's types do not change while it runs, and hashing them takes a while. */
export function kernelHash(btf: Btf): string {
  let hash = hashes.get(btf)
  if (hash === undefined) {
    hash = hashOf(btf)
    hashes.set(btf, hash)
  }
  return hash
}

/** Imports and body of one of the modules, for files that lie side by side. */
export function moduleText(
  declarations: Declarations,
  module: DeclarationModule,
  library = libraryName,
): string {
  const { kernel, objects, guest } = declarations
  if (module === kernel) return importLine(library) + module.body
  const own = `import type * as ${kernelAlias} from './${kernel.name}'\n`
  if (module !== guest) return importLine(library) + own + module.body
  const others = objects.map(({ name, alias }) => `import type * as ${alias} from './${name}'\n`)
  return importLine(library) + sessionImport(library) + own + others.join('') + module.body
}

/** Everything in one module, with a namespace for each object: for an editor, or a script's project. */
export function singleModule({ kernel, objects, guest }: Declarations, library = libraryName): string {
  const namespaces = [{ ...kernel, alias: kernelAlias }, ...objects].map(
    ({ alias, body }) => `export declare namespace ${alias} {\n${body}}\n`,
  )
  return importLine(library) + sessionImport(library) + namespaces.join('') + guest.body
}

function sessionImport(library: string): string {
  return `import type { MapTypes, TypedSession } from '${library}'\n`
}

/** BTF of every BPF object, and of what maps refer to besides. */
function* objectsOf(vm: Session): Generator<Btf> {
  const { btfObjects } = vm.kernel
  const wanted = new Set<Btf>()
  for (const { info } of vm.maps) {
    for (const type of [info.keyType, info.valueType]) if (type !== undefined) wanted.add(type.btf)
  }
  for (const { address, isKernel } of btfObjects.all(vm.kernel.problems)) {
    if (isKernel) continue
    try {
      wanted.add(btfObjects.types(address))
    } catch (error) {
      // The types of one object are missing; the others are there.
      if (!(error instanceof CryoscopeError)) throw error
    }
  }
  yield* wanted
}

function guestBody(vm: Session, writer: TypeScriptWriter): string {
  const { single, perCpu } = variables(vm, writer)
  const names = (things: readonly { readonly name: string }[]): string =>
    [...new Set(things.map(({ name }) => name))]
      .filter((name) => name !== '')
      .map(literal)
      .join(' | ') || 'never'
  return [
    `/** Globals of the kernel whose types are known. */\nexport interface Variables {\n${single.join('')}}\n`,
    `/** Per-CPU variables of the kernel. */\nexport interface PerCpuVariables {\n${perCpu.join('')}}\n`,
    `/** BPF maps of this target. */\nexport interface Maps {\n${maps(vm, writer).join('')}}\n`,
    '/** What there is in this target, and of what types. */\nexport interface Types {\n',
    `  readonly types: ${kernelAlias}.CTypes\n  readonly variables: Variables\n  readonly perCpu: PerCpuVariables\n`,
    `  readonly maps: Maps\n  readonly programs: ${names(vm.progs)}\n  readonly arenas: ${names(vm.arenas)}\n`,
    `  readonly allocators: ${names(vm.allocators)}\n  readonly containers: ${names(inArenas(vm.containers))}\n}\n`,
    `/** The type of \`vm\` for ${comment(vm.target.name)}, kernel ${comment(vm.kernel.release)}. */\n`,
    'export interface Guest extends TypedSession<Types> {}\n',
  ].join('')
}

/** With `ARENA/NAME`, which picks one of several. */
function inArenas(
  containers: readonly { readonly name: string; readonly arena: { readonly id: number } }[],
): { readonly name: string }[] {
  return containers.flatMap(({ name, arena }) => [{ name }, { name: `${arena.id}/${name}` }])
}

function variables(vm: Session, writer: TypeScriptWriter): { single: string[]; perCpu: string[] } {
  const { types } = vm.kernel
  const single: string[] = []
  const perCpu: string[] = []
  const seen = new Set<string>()
  const line = (name: string, type: CType): string => `  ${literal(name)}: ${writer.reference(type)}\n`
  for (const [name, cName] of Object.entries(globalTypes)) {
    if (vm.kernel.findSymbol(name) === undefined) continue
    seen.add(name)
    try {
      single.push(line(name, findType(vm.valueContext, types, cName)))
    } catch (error) {
      // This kernel has the symbol and lacks the type: it is not offered.
      if (!(error instanceof CryoscopeError)) throw error
    }
  }
  const section = types.find('.data..percpu', 'section')
  const ofCpus = section && new Set(section.variables.map(({ variable }) => variable.id))
  for (const variable of types.types('variable')) {
    if (seen.has(variable.name)) continue
    seen.add(variable.name)
    const list = ofCpus === undefined || ofCpus.has(variable.id) ? perCpu : single
    list.push(line(variable.name, variable.type))
  }
  return { single, perCpu }
}

function maps(vm: Session, writer: TypeScriptWriter): string[] {
  const byName = new Map<string, BpfMap[]>()
  for (const map of vm.maps) {
    if (map.name !== '') byName.set(map.name, [...(byName.get(map.name) ?? []), map])
  }
  return [...byName].map(([name, found]) => {
    const [map, second] = found
    // Maps that share a name are told apart by id.
    if (map === undefined || second !== undefined) return `  ${literal(name)}: MapTypes<any, any, any>\n`
    const { valueType, keySize, valueSize } = map.info
    const isSection = valueType !== undefined && strip(valueType).kind === 'section'
    const value = valueType === undefined ? 'Uint8Array' : writer.reference(valueType)
    const got = map.perCpu ? `readonly ${grouped(value)}[]` : value
    const held = valueType === undefined ? 'undefined' : value
    const note = `/** ${comment(map.type)}, id ${map.id}, keys of ${keySize} bytes, values of ${valueSize} */`
    return `  ${note}\n  ${literal(name)}: MapTypes<${got}, ${held}, ${isSection ? value : 'undefined'}>\n`
  })
}

const literal = (text: string): string => `'${escapeText(text.replace(/['\\]/g, '\\$&'))}'`
const comment = (text: string): string => escapeText(text).replaceAll('*/', '* /')
const grouped = (text: string): string => (text.includes(' ') ? `(${text})` : text)
