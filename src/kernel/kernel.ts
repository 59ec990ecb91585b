import type { Physical } from '../brands.js'
import type { Btf } from '../btf/btf.js'
import type { CType } from '../btf/types.js'
import type { AddressSpace } from '../memory/address-space.js'
import type { PhysicalMemory, PhysicalRange } from '../memory/types.js'
import { Problems } from '../problems.js'
import { BtfObjects } from './btf-objects.js'
import { Cpus } from './cpus.js'
import type { Help } from './image/discovery.js'
import type { Kallsyms, KernelSymbol } from './image/kallsyms.js'
import { KernelImage } from './image/kernel-image.js'
import type { VmcoreInfo } from './image/vmcoreinfo.js'
import { type Layouts, missingTypes, StructReader } from './struct-reader.js'
import { Symbolizer } from './symbolizer.js'

/** How what stands for a name starts where the name may be in a part of BTF that could not be read. */
export const unreadName = 'unknown: '
export const lostName = `could not be read: ${missingTypes}`

export function isUnreadName(name: string): boolean {
  return name.startsWith(unreadName)
}

/**
 * A Linux kernel in memory: what its bytes mean. Everything is read from the memory itself and on demand. Its image is
 * found once; when the guest has run, call `invalidate`: translations and what was read from live structures are dropped.
 */
export class Kernel {
  readonly image: KernelImage
  readonly memory: PhysicalMemory
  readonly space: AddressSpace
  readonly info: VmcoreInfo
  readonly symbols: Kallsyms
  #problems = new Problems()
  #cpus: Cpus | undefined
  #btfObjects: BtfObjects | undefined
  #symbolizer: Symbolizer | undefined

  /** Throws CryoscopeError('unreadable') when the memory holds no kernel that proves itself. */
  static find(memory: PhysicalMemory, help: Help = {}): Kernel {
    return new Kernel(KernelImage.find(memory, help))
  }

  /** The kernel whose VMCOREINFO note lies there; undefined where none proves itself. */
  static at(memory: PhysicalMemory, note: Physical): Kernel | undefined {
    const image = KernelImage.at(memory, note)
    return image === undefined ? undefined : new Kernel(image)
  }

  /** Another kernel than the given one, whose note lies in these ranges; undefined where none proves itself. */
  static within(memory: PhysicalMemory, ranges: readonly PhysicalRange[], other: Kernel): Kernel | undefined {
    const image = KernelImage.within(memory, ranges, other.noteAt)
    return image === undefined ? undefined : new Kernel(image)
  }

  constructor(image: KernelImage) {
    this.image = image
    this.memory = image.memory
    this.space = image.space
    this.info = image.info
    this.symbols = image.symbols
  }

  /** What could not be read of what the kernel reads for itself: of its image, the symbols of modules and programs. */
  get problems(): Problems {
    this.#problems.addAll(this.image.problems.list)
    return this.#problems
  }

  /** How the kernel was found, in sentences. */
  get evidence(): readonly string[] {
    return this.image.evidence
  }

  /** Physical address of its VMCOREINFO note. */
  get noteAt(): Physical | undefined {
    return this.image.noteAt
  }

  /** uname -r. */
  get release(): string {
    return this.info.release
  }

  /** BTF of vmlinux, byte for byte what /sys/kernel/btf/vmlinux shows where it `isWhole`. */
  get types(): Btf {
    return this.image.types
  }

  get layouts(): Layouts {
    return this.image.layouts
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
    return this.image.symbol(name)
  }

  findSymbol(name: string): bigint | undefined {
    return this.image.findSymbol(name)
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

  /** The same for people, in lower case; "type 27" where the kernel has no name for it, "unknown: type 27" where that could not be read. */
  enumText(enumeration: string, value: number, prefix = '', kind = 'type'): string {
    const name = this.enumName(enumeration, value, prefix)
    return name?.toLowerCase() ?? `${this.types.isWhole ? '' : unreadName}${kind} ${value}`
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
