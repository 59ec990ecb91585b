import { asPhysical, type Physical } from '../brands.js'
import { CryoscopeError, quietly } from '../errors.js'
import type { PhysicalMemory, PhysicalRange } from '../memory/types.js'
import { registersThatFit } from './cpu-identity.js'
import type { RegisterSet } from './cpu-signs.js'
import type { Help } from './image/discovery.js'
import { Kernel } from './kernel.js'

/**
 * What a kernel is to another one in the same memory: it crashed and left the machine to a capture kernel, it is that capture kernel
 * (Documentation/admin-guide/kdump/kdump.rst), it runs on the CPUs, or it was left by kexec and its remains lie about.
 */
export type KernelRole = 'crashed' | 'capture' | 'running' | 'left'

export interface KernelInMemory {
  readonly kernel: Kernel
  /** Undefined where there is no other kernel. */
  readonly role: KernelRole | undefined
}

/** Which kernel of several: by its role, or by the physical address of its VMCOREINFO note. */
export type KernelChoice = 'crashed' | 'capture' | number

/** elfcorehdr_addr of a kernel that captures nothing (include/linux/crash_dump.h). */
const ELFCORE_ADDR_MAX = 2n ** 64n - 1n
/** PANIC_CPU_INVALID. */
const noCpu = 0xffff_ffff
const headerSize = 64
const entrySize = 56
const PT_NOTE = 4
/** One for each CPU and each run of memory, and more. */
const headerLimit = 65_536

/**
 * The kernels that prove themselves in a memory, at most two, the one that people mean first: that which crashed before its
 * capture kernel, that which runs before what it replaced. `sets` are the registers of the CPUs, where they are known.
 * Throws CryoscopeError('unreadable') where there is none.
 */
export function kernelsIn(
  memory: PhysicalMemory,
  help: Help,
  sets: readonly RegisterSet[],
): readonly KernelInMemory[] {
  return kernelsAround(Kernel.find(memory, help), sets)
}

/** The same where one of them is known. */
export function kernelsAround(first: Kernel, sets: readonly RegisterSet[]): readonly KernelInMemory[] {
  const { memory } = first
  if (isCapture(first)) {
    const crashed = crashedKernel(first)
    const capture = { kernel: first, role: 'capture' } as const
    return crashed === undefined ? [capture] : [{ kernel: crashed, role: 'crashed' }, capture]
  }
  const reserved = crashRegion(first)
  if (reserved !== undefined) {
    const capture = Kernel.within(memory, [reserved], first)
    if (capture !== undefined && isCapture(capture)) {
      return [
        { kernel: first, role: 'crashed' },
        { kernel: capture, role: 'capture' },
      ]
    }
  }
  // Registers that are all of another kernel: this one was left.
  const fit = registersThatFit(first, sets)
  if (fit.own === 0 && fit.foreign > 0) {
    const other = Kernel.within(memory, memory.dataRanges(), first)
    if (other !== undefined && registersThatFit(other, sets).own > 0) {
      return [
        { kernel: other, role: 'running' },
        { kernel: first, role: 'left' },
      ]
    }
  }
  return [{ kernel: first, role: undefined }]
}

/** The kernel of a choice; the first where nothing is chosen. Throws 'not-found' with what there is. */
export function chosenKernel(
  kernels: readonly KernelInMemory[],
  choice: KernelChoice | undefined,
): KernelInMemory {
  const found =
    choice === undefined
      ? kernels[0]
      : kernels.find(({ kernel, role }) => role === choice || kernel.noteAt === choice)
  if (found !== undefined) return found
  const what = typeof choice === 'number' ? `kernel at 0x${choice.toString(16)}` : `${choice} kernel`
  throw new CryoscopeError(
    'not-found',
    `there is no ${what} in this memory; there is ${kernels.map(kernelText).join(', and ')}`,
  )
}

/** "the crashed kernel 6.18.15 at 0x1bd6000". */
export function kernelText({ kernel, role }: KernelInMemory): string {
  const place = kernel.noteAt === undefined ? '' : ` at 0x${kernel.noteAt.toString(16)}`
  return `${role === undefined ? 'kernel' : `the ${roleText(role)}`} ${kernel.release}${place}`
}

function roleText(role: KernelRole): string {
  return role === 'left' ? 'kernel that was left by kexec,' : `${role} kernel`
}

/** is_kdump_kernel(): it was told where the header of /proc/vmcore lies. */
function isCapture(kernel: Kernel): boolean {
  const address = coreHeaderAddress(kernel)
  return address !== undefined && address !== ELFCORE_ADDR_MAX
}

function coreHeaderAddress(kernel: Kernel): bigint | undefined {
  const symbol = kernel.findSymbol('elfcorehdr_addr')
  return symbol === undefined ? undefined : quietly(() => kernel.space.u64(symbol))
}

/** The kernel forgets the address when it has read the header (fs/proc/vmcore.c); its command line has it still, on x86. */
function coreHeaderAt(kernel: Kernel): Physical | undefined {
  const address = coreHeaderAddress(kernel) ?? ELFCORE_ADDR_MAX
  if (address > 0n && address < 2n ** 52n) return asPhysical(Number(address))
  const line = quietly(() => kernel.space.text(kernel.space.u64(kernel.symbol('saved_command_line')), 4096))
  const [, digits, unit = ''] = /\belfcorehdr=(?:[^ @]*@)?(0x[0-9a-f]+|\d+)([KMG]?)/i.exec(line ?? '') ?? []
  const at =
    digits === undefined ? undefined : Number(digits) * 1024 ** ' KMG'.indexOf(unit.toUpperCase() || ' ')
  return at !== undefined && Number.isSafeInteger(at) ? asPhysical(at) : undefined
}

/** The memory that a kernel which panicked had reserved for its capture kernel (crashk_res, kernel/crash_reserve.c). */
function crashRegion(kernel: Kernel): PhysicalRange | undefined {
  return quietly(() => {
    const panicCpu = kernel.findSymbol('panic_cpu')
    const place = kernel.findSymbol('crashk_res')
    if (panicCpu === undefined || place === undefined || kernel.space.u32(panicCpu) === noCpu)
      return undefined
    const resource = kernel.struct('resource', place)
    const start = asPhysical(resource.number('start'))
    const length = resource.number('end') + 1 - start
    return start > 0 && length > 0 && Number.isSafeInteger(start + length) ? { start, length } : undefined
  })
}

/**
 * The kernel that crashed, by the ELF header that its capture kernel makes /proc/vmcore from: each PT_NOTE says where in
 * memory a note lies, VMCOREINFO among them (kernel/crash_core.c, crash_prepare_elf64_headers).
 */
function crashedKernel(capture: Kernel): Kernel | undefined {
  const { memory } = capture
  const at = coreHeaderAt(capture)
  const header = at === undefined ? undefined : memory.read(at, headerSize)
  if (at === undefined || header?.ok !== true || header.bytes[0] !== 0x7f || header.bytes[1] !== 0x45)
    return Kernel.within(memory, memory.dataRanges(), capture)
  const view = viewOf(header.bytes)
  const table = asPhysical(at + Number(view.getBigUint64(32, true)))
  const count = Math.min(view.getUint16(56, true), headerLimit)
  const { bytes } = memory.read(table, count * entrySize)
  const entries = viewOf(bytes)
  for (let entry = 0; entry + entrySize <= bytes.length; entry += entrySize) {
    if (entries.getUint32(entry, true) !== PT_NOTE) continue
    const place = asPhysical(Number(entries.getBigUint64(entry + 24, true)))
    const kernel = place % 4096 === 0 ? Kernel.at(memory, place) : undefined
    if (kernel !== undefined) return kernel
  }
  return undefined
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
