import { Btf } from '../btf/btf.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import type { Physical, PhysicalMemory, PhysicalRange } from '../memory/types.js'
import { Problems } from '../problems.js'
import { BtfObjects } from './btf-objects.js'
import { Cpus } from './cpus.js'
import { candidateLimit, type Discovered, discover, type Help, prove } from './discovery.js'
import type { Kallsyms, KernelSymbol } from './kallsyms.js'
import { Layouts, StructReader } from './struct-reader.js'
import { Symbolizer } from './symbolizer.js'
import { type VmcoreInfo, vmcoreInfoIn } from './vmcoreinfo.js'

/** No vmlinux has more; the largest distribution kernels are near 8 MiB. */
const btfLimit = 64 * 2 ** 20

/**
 * A Linux kernel in memory: what its bytes mean. Everything is read from the memory itself and on demand.
 * When the guest has run, call `invalidate`: translations and what was read from live structures are dropped, symbols
 * and types stay.
 */
export class Kernel {
  readonly memory: PhysicalMemory
  readonly space: AddressSpace
  readonly info: VmcoreInfo
  readonly symbols: Kallsyms
  /** How the kernel was found, in sentences. */
  readonly evidence: readonly string[]
  #problems = new Problems()
  #types: Btf | undefined
  #layouts: Layouts | undefined
  #cpus: Cpus | undefined
  #btfObjects: BtfObjects | undefined
  #symbolizer: Symbolizer | undefined

  /** Throws CryoscopeError('unreadable') when the memory holds no kernel that proves itself. */
  static find(memory: PhysicalMemory, help: Help = {}): Kernel {
    return new Kernel(memory, discover(memory, help))
  }

  /** The kernel whose VMCOREINFO note lies there; undefined where none proves itself. */
  static at(memory: PhysicalMemory, note: Physical): Kernel | undefined {
    return Kernel.#proven(memory, vmcoreInfoIn(memory, [{ start: note, length: 4096 }]))
  }

  /** Another kernel than the given one, whose note lies in these ranges; undefined where none proves itself. */
  static within(memory: PhysicalMemory, ranges: readonly PhysicalRange[], other: Kernel): Kernel | undefined {
    return Kernel.#proven(memory, vmcoreInfoIn(memory, ranges), other.noteAt)
  }

  static #proven(memory: PhysicalMemory, notes: Iterable<VmcoreInfo>, except?: Physical): Kernel | undefined {
    let tried = 0
    for (const info of notes) {
      if (info.physical === except) continue
      if (tried++ === candidateLimit) return undefined
      const found = prove(memory, info)
      if (typeof found !== 'string') return new Kernel(memory, found)
    }
    return undefined
  }

  private constructor(memory: PhysicalMemory, found: Discovered) {
    this.memory = memory
    this.space = found.space
    this.info = found.info
    this.symbols = found.symbols
    this.evidence = found.evidence
  }

  /** What it could not read of what it reads for itself: the symbols of modules and programs. */
  get problems(): Problems {
    return this.#problems
  }

  /** Physical address of its VMCOREINFO note. */
  get noteAt(): Physical | undefined {
    if (this.info.physical !== undefined) return this.info.physical
    const pointer = this.findSymbol('vmcoreinfo_note')
    const place = pointer === undefined ? undefined : this.space.translate(this.space.u64(pointer))
    return place === undefined || 'problem' in place ? undefined : place.physical
  }

  /** uname -r. */
  get release(): string {
    return this.info.release
  }

  /** BTF of vmlinux, byte for byte what /sys/kernel/btf/vmlinux shows. */
  get types(): Btf {
    if (this.#types === undefined) {
      const start = this.symbol('__start_BTF')
      const size = Number(this.symbol('__stop_BTF') - start)
      if (!(size > 0 && size <= btfLimit)) {
        throw new CryoscopeError('unreadable', `the kernel's BTF claims ${size} bytes, which cannot be`)
      }
      this.#types = Btf.parse(this.space.bytes(start, size), { name: 'vmlinux' })
    }
    return this.#types
  }

  get layouts(): Layouts {
    this.#layouts ??= new Layouts(this.types)
    return this.#layouts
  }

  get cpus(): Cpus {
    this.#cpus ??= new Cpus(this)
    return this.#cpus
  }

  /** BTF of modules and programs. */
  get btfObjects(): BtfObjects {
    this.#btfObjects ??= new BtfObjects(this)
    return this.#btfObjects
  }

  get symbolizer(): Symbolizer {
    this.#symbolizer ??= new Symbolizer(this, this.#problems)
    return this.#symbolizer
  }

  /** Run-time address of a symbol of the kernel image. */
  symbol(name: string): bigint {
    const symbol = this.symbols.lookup(name)
    if (symbol === undefined) throw new CryoscopeError('not-found', this.#noSymbol(name))
    return symbol.address
  }

  findSymbol(name: string): bigint | undefined {
    return this.symbols.lookup(name)?.address
  }

  #noSymbol(name: string): string {
    let near: string[] = []
    for (let length = Math.min(name.length, 24); length >= 4 && near.length === 0; length -= 2) {
      near = firstNames(this.symbols.startingWith(name.slice(0, length)), 5)
    }
    const hint = near.length === 0 ? '' : `; near it: ${near.join(', ')}`
    return `kernel ${this.release} has no symbol ${name}${hint}`
  }

  /** One object of the kernel, for walkers. `having` picks among structs that share a name. */
  struct(name: string, address: bigint, having?: string): StructReader {
    return new StructReader(this.space, this.layouts.get(name, having), address)
  }

  /** Names of an enum of the kernel, by value, with a common prefix cut. */
  enumName(enumeration: string, value: number, prefix = ''): string | undefined {
    const type: CType | undefined = this.types.find(enumeration, 'enum')
    if (type?.kind !== 'enum') return undefined
    const name = type.nameOf(BigInt(value))
    return name?.startsWith(prefix) ? name.slice(prefix.length) : name
  }

  /** "schedule+0x1c" for an address in the image, a module or a BPF program; `covered` is the address that names the symbol. */
  symbolize(address: bigint, covered = address): string | undefined {
    return this.symbolizer.describe(address, covered)
  }

  /** The symbol that covers an address, from the image, a module or a BPF program. */
  symbolAt(address: bigint): KernelSymbol | undefined {
    return this.symbolizer.find(address)
  }

  invalidate(): void {
    this.memory.invalidate?.()
    this.space.invalidate()
    this.#btfObjects?.invalidate()
    this.#symbolizer = undefined
    this.#problems = new Problems()
  }
}

function firstNames(symbols: Iterable<KernelSymbol>, count: number): string[] {
  const names: string[] = []
  for (const symbol of symbols) {
    names.push(symbol.name)
    if (names.length === count) break
  }
  return names
}
