import { asPhysical } from '../../src/brands.js'
import { Kernel } from '../../src/kernel/kernel.js'
import { GuestBuilder, type GuestOptions } from './guest-builder.js'
import { kernelBtf, kernelTypes } from './kernel-types.js'
import { ObjectWriter } from './object-writer.js'
import { writeIdr } from './structures.js'
import { buildSymbolTable, type SymbolSpec, type SymbolTableOptions } from './symbol-table.js'

export interface KernelGuestOptions extends GuestOptions, Partial<SymbolTableOptions> {
  /** Possible CPUs; 0 and 2 unless told: numbers need not be dense. */
  readonly cpus?: readonly number[]
  /** Where the image lies: a multiple of 2 MiB; 2 MiB unless told. Nothing of the guest lies below. */
  readonly imagePhysical?: number
  /** BTF of the kernel, when it is not the one of `kernel-types.ts`. */
  readonly btf?: Uint8Array
}

const MiB = 2 ** 20
/** Where the image lies, in memory and for the kernel: KASLR moved it by 0x3200000. */
const defaultPhysical = 2 * MiB
const imageStart = 0xffffffff84200000n
const imageSize = 2 * MiB
/** Per-CPU variables have addresses in the image, at which nothing is. */
const perCpuStart = imageStart + BigInt(imageSize) + 0x10000n
const perCpuPages = 4

/**
 * A Linux kernel in memory, of which only that exists which a test puts there: a VMCOREINFO note, page tables,
 * the symbol table, BTF, and per-CPU areas come by themselves.
 *
 *     const guest = new KernelGuest()
 *     const head = guest.global('super_blocks', 16)
 *     guest.u64(head, head)
 *     const kernel = guest.kernel()
 */
export class KernelGuest extends GuestBuilder {
  readonly cpus: readonly number[]
  readonly objects: ObjectWriter
  /** Objects by id, for map_idr, prog_idr and btf_idr. */
  readonly maps = new Map<number, bigint>()
  readonly programs = new Map<number, bigint>()
  readonly btfs = new Map<number, bigint>()
  readonly symbols: SymbolSpec[] = []
  readonly #options: KernelGuestOptions
  readonly #imagePhysical: number
  readonly #areas = new Map<number, bigint>()
  #imageEnd = imageStart
  #perCpuEnd = perCpuStart
  #noteAt: bigint | undefined

  constructor(options: KernelGuestOptions = {}) {
    // The image is one page of 2 MiB, and its first 4 KiB are swapper_pg_dir.
    const { imagePhysical = defaultPhysical } = options
    super({ ...options, reserved: imagePhysical + imageSize, root: asPhysical(imagePhysical) })
    this.#options = options
    this.#imagePhysical = imagePhysical
    this.cpus = options.cpus ?? [0, 2]
    this.objects = new ObjectWriter(this, kernelTypes)
    this.map(imageStart, asPhysical(this.#imagePhysical), { size: '2M' })
    this.symbol('swapper_pg_dir', this.image(4096, 4096))
    this.symbol('_stext', this.image(256), 'T')
    for (const cpu of this.cpus) this.#areas.set(cpu, this.alloc(perCpuPages * 4096, 4096))
    this.#describeCpus()
  }

  // Pieces of the kernel

  /** Room in the kernel's image, zeroed. */
  image(size: number, align = 8): bigint {
    const at = ((this.#imageEnd + BigInt(align) - 1n) / BigInt(align)) * BigInt(align)
    this.#imageEnd = at + BigInt(size)
    if (this.#imageEnd > imageStart + BigInt(imageSize)) throw new Error('the test kernel is too large')
    return at
  }

  symbol(name: string, address: bigint, type = 'D'): bigint {
    this.symbols.push({ name, address, type })
    return address
  }

  /** A global variable, zeroed. */
  global(name: string, size: number): bigint {
    return this.symbol(name, this.image(size, Math.max(8, this.alignment)))
  }

  /** A per-CPU allocation: the pointer that the kernel keeps of it. */
  allocPerCpu(size: number): bigint {
    const at = this.#perCpuEnd
    this.#perCpuEnd += BigInt(Math.ceil(size / 8) * 8)
    if (this.#perCpuEnd > perCpuStart + BigInt(perCpuPages * 4096))
      throw new Error('per-CPU memory is used up')
    return at
  }

  /** Where a per-CPU allocation is for one CPU. */
  perCpu(pointer: bigint, cpu: number): bigint {
    const area = this.#areas.get(cpu)
    if (area === undefined) throw new Error(`the test kernel has no CPU ${cpu}`)
    return area + (pointer - perCpuStart)
  }

  #describeCpus(): void {
    const count = Math.max(...this.cpus) + 1
    this.u32(this.global('nr_cpu_ids', 4), count)
    const mask = this.cpus.reduce((bits, cpu) => bits | (1n << BigInt(cpu)), 0n)
    this.u64(this.global('__cpu_possible_mask', 16), mask)
    const offsets = this.global('__per_cpu_offset', count * 8)
    for (const [cpu, area] of this.#areas)
      this.u64(offsets + BigInt(cpu * 8), BigInt.asUintN(64, area - perCpuStart))
  }

  // The whole

  /** Writes what the tests' objects hang on, and finds the kernel. Call it once, when all else is in place. */
  kernel(): Kernel {
    this.finish()
    return Kernel.find(this.memory)
  }

  /** The same without looking for it: the memory as a dump would hold it. */
  finish(): void {
    for (const [name, ids] of [
      ['map_idr', this.maps],
      ['prog_idr', this.programs],
      ['btf_idr', this.btfs],
    ] as const) {
      writeIdr(this, this.global(name, this.objects.sizeOf('idr')), ids)
    }
    const types = this.#options.btf ?? kernelBtf
    const typesAt = this.symbol('__start_BTF', this.image(types.length), 'R')
    this.symbol('__stop_BTF', typesAt + BigInt(types.length), 'R')
    this.write(typesAt, types)

    const note = this.alloc(4096, 4096)
    this.#noteAt = note
    this.u64(this.global('vmcoreinfo_note', 8), note)
    this.symbol('_end', imageStart + BigInt(imageSize), 'B')
    this.write(note, noteBytes(this.vmcoreinfo(this.#writeSymbols())))
  }

  /** Physical address of the VMCOREINFO note. */
  get notePhysical(): number {
    if (this.#noteAt === undefined) throw new Error('finish() the guest first')
    return this.physicalOf(this.#noteAt)
  }

  /** Where each table of kallsyms went. */
  #writeSymbols(): Record<string, bigint> {
    const { encoding = 'prel32', ...options } = this.#options
    const at = this.image(0, 4096)
    // The table's own symbols are in it too: their places depend on the length of the names only.
    const own = ['kallsyms_names', 'kallsyms_seqs_of_names']
    const fill = (places: Readonly<Record<string, number>>): SymbolSpec[] => [
      ...this.symbols,
      ...own.map((name) => ({ name, address: at + BigInt(places[name] ?? 0), type: 'R' })),
    ]
    const draft = buildSymbolTable(fill({}), at, { encoding, ...options })
    const specs = fill(draft.places)
    const { bytes, places } = buildSymbolTable(specs, at, { encoding, ...options })
    this.symbols.splice(0, this.symbols.length, ...specs)
    this.write(this.image(bytes.length, 4096), bytes)
    return Object.fromEntries(Object.entries(places).map(([name, offset]) => [name, at + BigInt(offset)]))
  }

  /** The text of the note. */
  vmcoreinfo(tables: Readonly<Record<string, bigint>>): string {
    const find = (name: string): bigint => this.symbols.find((symbol) => symbol.name === name)?.address ?? 0n
    const symbols = { ...tables, swapper_pg_dir: find('swapper_pg_dir'), _stext: find('_stext') }
    return [
      'OSRELEASE=6.99.0-test',
      'PAGESIZE=4096',
      ...Object.entries(symbols)
        .filter(([name]) => name !== 'kallsyms_markers' && name !== 'kallsyms_seqs_of_names')
        .map(([name, address]) => `SYMBOL(${name})=${address.toString(16)}`),
      `NUMBER(phys_base)=${BigInt(this.#imagePhysical) - (imageStart - 0xffffffff80000000n)}`,
      `NUMBER(pgtable_l5_enabled)=${this.levels === 5 ? 1 : 0}`,
      'KERNELOFFSET=3200000',
      '',
    ].join('\n')
  }
}

/** A VMCOREINFO note as the kernel keeps it: an Elf64_Nhdr, its name, and the text. */
export function noteBytes(text: string): Uint8Array {
  const bytes = Buffer.alloc(24 + text.length)
  bytes.writeUInt32LE(11, 0)
  bytes.writeUInt32LE(text.length, 4)
  bytes.write('VMCOREINFO', 12)
  bytes.write(text, 24)
  return bytes
}
