import type { Physical } from '../../brands.js'
import type { Btf } from '../../btf/btf.js'
import { CryoscopeError } from '../../errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import type { PhysicalMemory, PhysicalRange } from '../../memory/types.js'
import { Problems } from '../../problems.js'
import { Layouts } from '../struct-reader.js'
import { candidateLimit, type Discovered, discover, type Help, prove } from './discovery.js'
import type { Kallsyms, KernelSymbol } from './kallsyms.js'
import { readBtf } from './read-btf.js'
import { type VmcoreInfo, vmcoreInfoIn } from './vmcoreinfo.js'

/** No vmlinux has more; the largest distribution kernels are near 8 MiB. */
const btfLimit = 64 * 2 ** 20

/**
 * What is found of a kernel once and stays while it lives: its VMCOREINFO, its page tables, its own symbols and types.
 * Nothing here follows a pointer of live structures; that is `Kernel`'s.
 */
export class KernelImage {
  readonly memory: PhysicalMemory
  readonly space: AddressSpace
  readonly info: VmcoreInfo
  readonly symbols: Kallsyms
  /** How the kernel was found, in sentences. */
  readonly evidence: readonly string[]
  readonly #problems = new Problems()
  #types: Btf | CryoscopeError | undefined
  #layouts: Layouts | undefined

  /** Throws CryoscopeError('unreadable') when the memory holds no kernel that proves itself. */
  static find(memory: PhysicalMemory, help: Help = {}): KernelImage {
    return new KernelImage(memory, discover(memory, help))
  }

  /** The kernel whose VMCOREINFO note lies there; undefined where none proves itself. */
  static at(memory: PhysicalMemory, note: Physical): KernelImage | undefined {
    return KernelImage.#proven(memory, vmcoreInfoIn(memory, [{ start: note, length: 4096 }]))
  }

  /** Another kernel than the one with a note, whose own lies in these ranges; undefined where none proves itself. */
  static within(
    memory: PhysicalMemory,
    ranges: readonly PhysicalRange[],
    other: Physical | undefined,
  ): KernelImage | undefined {
    return KernelImage.#proven(memory, vmcoreInfoIn(memory, ranges), other)
  }

  static #proven(
    memory: PhysicalMemory,
    notes: Iterable<VmcoreInfo>,
    except?: Physical,
  ): KernelImage | undefined {
    let tried = 0
    for (const info of notes) {
      if (info.physical === except) continue
      if (tried++ === candidateLimit) return undefined
      const found = prove(memory, info)
      if (typeof found !== 'string') return new KernelImage(memory, found)
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

  /** What of it could not be read. */
  get problems(): Problems {
    if (this.space.isBridged)
      this.#problems.add(
        'page tables',
        'some of the direct map are not in this memory: its addresses are reckoned from page_offset_base, which the place of the VMCOREINFO note proves',
      )
    return this.#problems
  }

  /** Physical address of its VMCOREINFO note. */
  get noteAt(): Physical | undefined {
    if (this.info.physical !== undefined) return this.info.physical
    const pointer = this.findSymbol('vmcoreinfo_note')
    const place = pointer === undefined ? undefined : this.space.translate(this.space.u64(pointer))
    return place === undefined || 'problem' in place ? undefined : place.physical
  }

  /** BTF of vmlinux. Throws 'unreadable' where there is none, or not even its header can be read. */
  get types(): Btf {
    this.#types ??= this.#readTypes()
    if (this.#types instanceof CryoscopeError) throw this.#types
    return this.#types
  }

  /** A failure is kept as well: everything asks for types. */
  #readTypes(): Btf | CryoscopeError {
    try {
      const start = this.symbol('__start_BTF')
      const size = Number(this.symbol('__stop_BTF') - start)
      if (!(size > 0 && size <= btfLimit))
        return new CryoscopeError('unreadable', `the kernel's BTF claims ${size} bytes, which cannot be`)
      return readBtf(this.space, start, size, { name: 'vmlinux' }, this.problems)
    } catch (error) {
      if (error instanceof CryoscopeError) return error
      throw error
    }
  }

  get layouts(): Layouts {
    this.#layouts ??= new Layouts(this.types)
    return this.#layouts
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
    return `kernel ${this.info.release} has no symbol ${name}${hint}`
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
