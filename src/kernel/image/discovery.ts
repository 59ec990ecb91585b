import { asPhysical, type Page, type Physical } from '../../brands.js'
import { CryoscopeError, quietly } from '../../errors.js'
import { AddressSpace, type DirectMap } from '../../memory/address-space.js'
import { MemoryFault } from '../../memory/fault.js'
import {
  arm64PageTables,
  type Granule,
  type PageTableFormat,
  x86PageTables,
} from '../../memory/page-tables.js'
import type { PhysicalMemory } from '../../memory/types.js'
import { Kallsyms } from './kallsyms.js'
import { findVmcoreInfo, ScanBudget, VmcoreInfo, vmcoreInfoIn } from './vmcoreinfo.js'

/** Where the x86-64 kernel image is linked (arch/x86/include/asm/page_64_types.h). */
const startKernelMap = 0xffffffff80000000n

/** Notes that are looked at before it is given up. */
export const candidateLimit = 64

export interface Discovered {
  readonly info: VmcoreInfo
  readonly space: AddressSpace
  readonly symbols: Kallsyms
  /** How it was found, in sentences for `info`. */
  readonly evidence: readonly string[]
}

export interface Help {
  /** Text of a VMCOREINFO note that came with the dump. */
  readonly vmcoreinfo?: string | undefined
  /** Where the note was the last time; tried first, believed only when it proves itself again. */
  readonly noteAt?: Physical | undefined
  /** That the file of a dump ends before it should, in a clause. */
  readonly cut?: string | undefined
}

/**
 * Finds the kernel in bare memory: a VMCOREINFO note that leads to page tables and a symbol table whose
 * `vmcoreinfo_note` points back at that same note. Nothing else counts as found.
 */
export function discover(memory: PhysicalMemory, help: Help = {}): Discovered {
  const refused: string[] = []
  let candidates = 0
  const budget = new ScanBudget()
  for (const info of notes(memory, help, budget)) {
    candidates++
    const result = prove(memory, info)
    if (typeof result !== 'string') return result
    refused.push(result)
    if (candidates >= candidateLimit) break
  }
  const reasons =
    refused.length === 0 ? '' : ` (${candidates} notes refused: ${refused.slice(0, 3).join('; ')})`
  throw new CryoscopeError(
    'unreadable',
    `no Linux kernel found in ${memory.description}: no VMCOREINFO note that proves itself${reasons}${budget.left < 0 ? ', in the first 256 GiB that hold data; the rest was not looked at' : ''}; ${help.cut === undefined ? 'the guest may not have booted its kernel yet, or the dump leaves kernel memory out' : `${help.cut}, and the kernel is not whole in what is left: get the rest of the file`}`,
  )
}

function* notes(memory: PhysicalMemory, help: Help, budget: ScanBudget): Generator<VmcoreInfo> {
  if (help.vmcoreinfo !== undefined) yield new VmcoreInfo(help.vmcoreinfo)
  yield* findVmcoreInfo(memory, help.noteAt, budget)
}

/** The kernel, or why this note is not the running kernel's. */
export function prove(memory: PhysicalMemory, info: VmcoreInfo): Discovered | string {
  const where =
    info.physical === undefined ? "the dump's own note" : `note at 0x${info.physical.toString(16)}`
  const tables = pageTablesOf(info)
  if (tables === undefined) return `${where}: names no page tables of x86-64 or arm64`
  const { format, root } = tables
  const space = new AddressSpace(memory, root, format)
  try {
    const symbols = Kallsyms.read(space, info)
    const note = symbols.lookup('vmcoreinfo_note')
    if (note === undefined) return `${where}: no symbol vmcoreinfo_note`
    const pointer = space.u64(note.address)
    const direct = directMapOf(memory, info, space, symbols, pointer)
    if (direct !== undefined) space.direct = direct
    const target = space.translate(pointer)
    if ('problem' in target)
      return `${where}: vmcoreinfo_note leads nowhere: ${new MemoryFault(target.problem).message}`
    if (info.physical !== undefined && target.physical !== info.physical) return `${where}: a stale copy`
    const evidence = [
      `VMCOREINFO ${where}, confirmed by vmcoreinfo_note`,
      `page tables: ${format.levels} levels from swapper_pg_dir at physical 0x${root.toString(16)}`,
      `symbols: ${symbols.count} from kallsyms, confirmed by _stext`,
    ]
    return { info, space, symbols, evidence }
  } catch (error) {
    if (error instanceof CryoscopeError) return `${where}: ${error.message}`
    throw error
  }
}

/**
 * Where x86-64 maps all memory (page_offset_base, arch/x86/include/asm/page_64.h), proven by vmcoreinfo_note: the note is
 * where its address would be in there. Undefined where it is not.
 */
function directMapOf(
  memory: PhysicalMemory,
  info: VmcoreInfo,
  space: AddressSpace,
  symbols: Kallsyms,
  pointer: bigint,
): DirectMap | undefined {
  const symbol = symbols.lookup('page_offset_base')
  const base = symbol === undefined ? undefined : quietly(() => space.u64(symbol.address))
  if (base === undefined || base % 4096n !== 0n || pointer % 4096n !== 0n) return undefined
  const start = asPhysical(Number(BigInt.asUintN(52, pointer - base)))
  // The dump's own note has no place: that in memory must say the same.
  const [note] = info.physical === undefined ? vmcoreInfoIn(memory, [{ start, length: 4096 }]) : [info]
  if (note?.physical !== start || note.text !== info.text) return undefined
  const end = memory.ranges.reduce((most, { start, length }) => Math.max(most, start + length), 0)
  return { first: Number(base >> 12n) as Page, count: Math.floor(end / 4096) }
}

/** The kernel's page tables as its note describes them; undefined when it does not. */
function pageTablesOf(info: VmcoreInfo): { format: PageTableFormat; root: Physical } | undefined {
  const root = info.symbol('swapper_pg_dir')
  if (root === undefined) return undefined
  const physBase = info.number('phys_base')
  if (physBase !== undefined) {
    const levels = info.number('pgtable_l5_enabled') === 1n ? 5 : 4
    return { format: x86PageTables(levels), root: physical(root - startKernelMap + physBase) }
  }
  // arch/arm64/kernel/vmcore_info.c. An image address is this far from its physical one.
  const imageOffset = info.number('kimage_voffset')
  const configured = Number(info.number('VA_BITS') ?? 0n)
  const granule = Number(info.get('PAGESIZE') ?? 4096)
  if (imageOffset === undefined || !isGranule(granule)) return undefined
  // What the processor was told; on older ones than the kernel was built for it is less than VA_BITS.
  const unused = info.number('TCR_EL1_T1SZ')
  const actual = unused === undefined ? configured : 64 - Number(unused)
  // With 64 KiB there are three levels either way, and the root is indexed as if all bits were in use.
  const bits = granule === 65_536 ? configured : actual
  if (!(bits >= 36 && bits <= 52)) return undefined
  return { format: arm64PageTables(granule, bits), root: physical(root - imageOffset) }
}

function isGranule(size: number): size is Granule {
  return size === 4096 || size === 16_384 || size === 65_536
}

function physical(address: bigint): Physical {
  return asPhysical(Number(BigInt.asUintN(52, address)))
}
