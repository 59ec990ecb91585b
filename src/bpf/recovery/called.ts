import type { Btf } from '../../btf/btf.js'
import type { FunctionType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Reference } from '../cast/code/code.js'
import { flavorless } from './kernel-structs.js'

/** The operations of maps that the verifier calls in place of helpers (struct bpf_map_ops), with the helpers' numbers. */
const mapOperations: Readonly<Record<string, number>> = {
  map_lookup_elem: 1,
  map_update_elem: 2,
  map_delete_elem: 3,
  map_push_elem: 87,
  map_pop_elem: 88,
  map_peek_elem: 89,
  map_for_each_callback: 164,
  map_lookup_percpu_elem: 195,
}
/** Variants of a kernel function that the verifier calls in its place (specialize_kfunc in kernel/bpf/verifier.c). */
const specialization = /_(non_sleepable|sleepable|rdonly|locked)$/
const hashLookupName = '__htab_map_lookup_elem'

/** What the addresses that loaded programs call are: helpers by number, kernel functions by the programs' declarations. */
export class Called {
  readonly #kernel: Kernel
  readonly #types: Btf
  readonly #base: bigint
  readonly #operations = new Map<bigint, number>()
  readonly #known = new Map<bigint, Reference>()
  readonly #helpers: ReadonlyMap<string, number>
  #functions: ReadonlyMap<string, FunctionType> | undefined

  constructor(kernel: Kernel, types: Btf, maps: Iterable<bigint>) {
    this.#kernel = kernel
    this.#types = types
    this.#base = kernel.symbol('__bpf_call_base')
    this.#helpers = helperNumbers(kernel)
    for (const map of maps) this.#addOperations(map)
  }

  /** The helper at that distance from __bpf_call_base, which is what the immediates of calls hold. */
  helper(immediate: number): Reference {
    const address = this.#addressOf(immediate)
    let known = this.#known.get(address)
    if (known === undefined) {
      const number = this.#operations.get(address) ?? this.#helpers.get(this.#nameAt(address) ?? '')
      known = number === undefined ? { kind: 'other' } : { kind: 'helper', helper: number }
      this.#known.set(address, known)
    }
    return known
  }

  /** The kernel function at that distance. */
  kernelFunction(immediate: number): Reference {
    const found = this.#nameAt(this.#addressOf(immediate))
    if (found === undefined) return { kind: 'other' }
    this.#functions ??= functionsByName(this.#types)
    const general = found.replace(specialization, '')
    const name = !this.#functions.has(found) && this.#functions.has(general) ? general : found
    return { kind: 'kernel function', name, typeId: this.#functions.get(name)?.id ?? 0 }
  }

  /** Whether it is the lookup in a hash table whose rest the verifier has inlined. */
  isHashLookup(immediate: number): boolean {
    return this.#nameAt(this.#addressOf(immediate)) === hashLookupName
  }

  #addressOf(immediate: number): bigint {
    return this.#base + BigInt(immediate)
  }

  /** Only an address that a symbol starts at has a name. */
  #nameAt(address: bigint): string | undefined {
    const symbol = this.#kernel.symbolAt(address)
    return symbol?.address === address ? symbol.name : undefined
  }

  #addOperations(map: bigint): void {
    const operations = this.#kernel.struct('bpf_map', map).pointer('ops')
    if (operations === 0n) return
    const table = this.#kernel.struct('bpf_map_ops', operations)
    for (const [name, helper] of Object.entries(mapOperations)) {
      const address = table.has(name) ? table.pointer(name) : 0n
      if (address !== 0n) this.#operations.set(address, helper)
    }
  }
}

/** enum bpf_func_id: `bpf_map_lookup_elem` is 1. The functions behind helpers are called so. */
function helperNumbers(kernel: Kernel): Map<string, number> {
  const found = new Map<string, number>()
  const type = kernel.types.find('bpf_func_id', 'enum')
  if (type?.kind !== 'enum') return found
  for (const { name, value } of type.values) {
    if (name.startsWith('BPF_FUNC_') && value > 0n) found.set(`bpf_${name.slice(9)}`, Number(value))
  }
  return found
}

/** Functions of a program's BTF by their names in the kernel; those that are declared differently twice are left out. */
function functionsByName(types: Btf): Map<string, FunctionType> {
  const found = new Map<string, FunctionType>()
  const twice = new Set<string>()
  for (const type of types.types('function')) {
    if (type.kind !== 'function') continue
    const name = flavorless(type.name)
    if (found.has(name)) twice.add(name)
    if (name === type.name || !found.has(name)) found.set(name, type)
  }
  for (const name of twice) if (types.find(name, 'function') === undefined) found.delete(name)
  return found
}
