import { CryoscopeError } from '../errors.js'
import type { Problems } from '../problems.js'
import type { Kernel } from './kernel.js'
import type { DynamicSymbol } from './symbolizer.js'
import { entries, listNodes } from './walk/list.js'

export interface Module {
  readonly name: string
  readonly address: bigint
}

/** Elf64_Sym: st_name at 0 (u32), st_value at 8, st_size at 16. */
const elfSymbolSize = 24
/** No module has more; a larger count is a broken read. */
const symbolLimit = 1_000_000
/** enum module_state: the list also holds modules that are not formed yet, which /proc/kallsyms skips. */
const unformed = 3

/** Loaded modules in the order of /proc/modules (kernel/module/main.c). */
export function* modules(kernel: Kernel, problems: Problems): Generator<Module> {
  const head = kernel.findSymbol('modules')
  if (head === undefined) return
  const layout = problems.attempt('modules', () => kernel.layouts.get('module', 'list'))
  if (layout === undefined) return
  for (const address of entries(listNodes(kernel, head, problems, 'modules'), layout.offset('list'))) {
    const where = `module at 0x${address.toString(16)}`
    const module = problems.attempt(where, () => readModule(kernel, address))
    if (module !== undefined) yield module
  }
}

/** Undefined for a module that is not formed yet. */
function readModule(kernel: Kernel, address: bigint): Module | undefined {
  const module = kernel.struct('module', address, 'list')
  return module.number('state') === unformed ? undefined : { name: module.text('name'), address }
}

/** Symbols of modules as /proc/kallsyms lists them (kernel/module/kallsyms.c). */
export function* moduleSymbols(kernel: Kernel, problems: Problems): Generator<DynamicSymbol> {
  for (const module of modules(kernel, problems)) {
    yield* problems.attempt(`symbols of module ${module.name}`, () => [...symbolsOf(kernel, module)]) ?? []
  }
}

function* symbolsOf(kernel: Kernel, module: Module): Generator<DynamicSymbol> {
  const reader = kernel.struct('module', module.address, 'list')
  const table = kernel.struct('mod_kallsyms', reader.pointer('kallsyms'))
  const count = table.number('num_symtab')
  if (count > symbolLimit)
    throw new CryoscopeError('unreadable', `it claims ${count} symbols, which cannot be`)
  const bytes = kernel.space.bytes(table.pointer('symtab'), count * elfSymbolSize)
  const types = kernel.space.bytes(table.pointer('typetab'), count)
  const strings = table.pointer('strtab')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < count; i++) {
    const address = view.getBigUint64(i * elfSymbolSize + 8, true)
    const size = view.getBigUint64(i * elfSymbolSize + 16, true)
    const name = kernel.space.text(strings + BigInt(view.getUint32(i * elfSymbolSize, true)), 512)
    // The first entry of every table, and what debugging left behind.
    if (name === '') continue
    const type = String.fromCharCode(types[i] as number)
    yield { address, end: address + size, type, name, group: module.name }
  }
}
