import { quietly } from '../errors.js'
import { crashNotes } from './crash-notes.js'
import type { Kernel } from './kernel.js'

/** The registers of one CPU as an engine or a dump has them, and what tells whose they are. */
export interface RegisterSet {
  /** By gdb's names. */
  readonly registers: Readonly<Record<string, bigint | undefined>>
  /** Current privilege level: 0 kernel, 3 user. */
  readonly privilege: number
  /** The pid that came with them, where Linux wrote it. */
  readonly pid?: number | undefined
  /** What TR and GDTR of an x86-64 processor point at. */
  readonly tables?: { readonly tr: bigint; readonly gdt: bigint } | undefined
}

/** Which of Linux's CPUs a set of registers belongs to. */
export interface CpuIdentity {
  /** Undefined where nothing tells, or where what tells does not agree. */
  readonly cpu: number | undefined
  /** What tells it, in clauses: "gs_base is the per-CPU memory of CPU 2". */
  readonly evidence: readonly string[]
  /** Why the CPU is not known, in a sentence. */
  readonly problem: string | undefined
  /** The registers are those of another kernel, or of a processor that runs none. */
  readonly isForeign: boolean
}

/** A second kernel in the same memory, whose CPUs have registers among the sets. */
export interface OtherKernel {
  readonly kernel: Kernel
  /** It runs on processors of the one that is asked about, which crashed. */
  readonly hasReplaced: boolean
}

interface Sign {
  readonly cpu: number
  readonly how: string
}

/** A per-CPU base that the kernel's code runs with. */
export function foreignBase({ registers, privilege }: RegisterSet): bigint | undefined {
  if (privilege !== 0) return undefined
  return [registers.gs_base, registers.tpidr_el1].find((value) => value !== undefined && value >= upperHalf)
}

export function hasNoBase({ registers }: RegisterSet): boolean {
  return baseNames.every((name) => registers[name] === undefined)
}

const pagingBit = 1n << 31n
const upperHalf = 1n << 63n
const defaultStackSize = 16_384n

/** What of the kernel tells CPUs apart, read when it is asked for. */
export class Signs {
  readonly #kernel: Kernel
  readonly #isQemuNumbered: boolean
  readonly #other: OtherKernel | undefined
  #bases: ReadonlyMap<bigint, number> | undefined
  #notes: ReadonlyMap<string, number> | undefined
  #areas: readonly Area[] | undefined
  #stacks: readonly Area[] | undefined
  #pids: ReadonlyMap<number, readonly number[]> | undefined

  constructor(kernel: Kernel, sets: readonly RegisterSet[], other?: OtherKernel) {
    this.#kernel = kernel
    this.#other = other
    // QEMU and our own dumps number their notes 1, 2, 3, …; with tables they are QEMU's too.
    this.#isQemuNumbered = sets.every(({ pid }, i) => pid === i + 1)
  }

  of(set: RegisterSet): CpuIdentity {
    const strong = [this.#byNote(set), this.#byBase(set), this.#byArea(set)].filter(
      (sign) => sign !== undefined,
    )
    if (strong.length > 0) return agreed(strong)
    const foreign = this.#foreign(set)
    if (foreign !== undefined) return { cpu: undefined, evidence: [], problem: foreign, isForeign: true }
    return agreed([this.#byStack(set), this.#byPid(set)].filter((sign) => sign !== undefined))
  }

  hasBase(set: RegisterSet): boolean {
    return this.#byBase(set) !== undefined
  }

  hasStack(set: RegisterSet): boolean {
    return this.#byStack(set) !== undefined
  }

  /** It executes code of a kernel, and not of this one's image. */
  isElsewhere({ registers, privilege }: RegisterSet): boolean {
    const place = registers.rip ?? registers.pc
    if (privilege !== 0 || place === undefined || place < upperHalf) return false
    // Where its text lies must be known.
    return this.#kernel.findSymbol('_etext') !== undefined && !isInText(this.#kernel, place)
  }

  #byNote({ registers, pid, tables }: RegisterSet): Sign | undefined {
    if (pid === undefined || tables !== undefined || this.#isQemuNumbered) return undefined
    this.#notes ??= this.#readNotes()
    const cpu = this.#notes.get(noteKey(registers, pid))
    return cpu === undefined ? undefined : { cpu, how: `it is the note that the kernel kept of CPU ${cpu}` }
  }

  /** The notes that the kernel makes of its CPUs when it crashes: percpu note_buf_t *crash_notes. */
  #readNotes(): Map<string, number> {
    const notes = new Map<string, number>()
    for (const { cpu, note } of crashNotes(this.#kernel)) {
      const key = noteKey(note.registers, note.pid ?? 0)
      // What two CPUs have does not tell them apart.
      if (notes.has(key)) notes.delete(key)
      else notes.set(key, cpu)
    }
    return notes
  }

  /** arch/x86/kernel/cpu/common.c switch_gs_base; arch/arm64/include/asm/percpu.h set_my_cpu_offset. */
  #byBase({ registers }: RegisterSet): Sign | undefined {
    this.#bases ??= new Map(
      this.#kernel.cpus.possible.flatMap((cpu) => {
        const offset = this.#kernel.cpus.offset(cpu)
        return offset === undefined ? [] : [[offset, cpu]]
      }),
    )
    for (const name of baseNames) {
      const value = registers[name]
      const cpu = value === undefined || value === 0n ? undefined : this.#bases.get(value)
      if (cpu !== undefined) return { cpu, how: `${name} is the per-CPU memory of CPU ${cpu}` }
    }
    return undefined
  }

  /** TR points at the CPU's TSS, GDTR at its GDT: both are in its cpu_entry_area (arch/x86/include/asm/cpu_entry_area.h). */
  #byArea({ tables }: RegisterSet): Sign | undefined {
    if (tables === undefined) return undefined
    this.#areas ??= this.#entryAreas()
    for (const [name, address] of [
      ['TR', tables.tr],
      ['GDTR', tables.gdt],
    ] as const) {
      const area = this.#areas.find((each) => covers(each, address))
      if (area !== undefined)
        return { cpu: area.cpu, how: `${name} points into the entry area of CPU ${area.cpu}` }
    }
    return undefined
  }

  #entryAreas(): Area[] {
    const kernel = this.#kernel
    const pointer = kernel.findSymbol('cea_exception_stacks')
    return (
      quietly(() => {
        const layout = kernel.layouts.find('cpu_entry_area')
        if (pointer === undefined || layout?.has('estacks') !== true) return []
        const within = BigInt(layout.offset('estacks'))
        return this.#perCpu((cpu) => {
          const stacks = kernel.space.u64(kernel.cpus.address(pointer, cpu))
          return stacks === 0n
            ? []
            : [{ cpu, name: 'entry area', start: stacks - within, size: BigInt(layout.size) }]
        })
      }) ?? []
    )
  }

  #byStack({ registers, privilege }: RegisterSet): Sign | undefined {
    const sp = registers.rsp ?? registers.sp
    if (privilege !== 0 || sp === undefined) return undefined
    this.#stacks ??= [...this.#taskStacks(), ...this.#interruptStacks()]
    const stack = this.#stacks.find((each) => covers(each, sp))
    return stack && { cpu: stack.cpu, how: `its stack pointer is in the ${stack.name} of CPU ${stack.cpu}` }
  }

  #taskStacks(): Area[] {
    const size = stackSizeOf(this.#kernel)
    return this.#perCpu((cpu) => {
      const start = this.#kernel.struct('task_struct', currentTaskAt(this.#kernel, cpu)).pointer('stack')
      return start === 0n ? [] : [{ cpu, name: 'stack of the task', start, size }]
    })
  }

  /** hardirq_stack_ptr is the top of x86-64's (less 8), irq_stack_ptr the bottom of arm64's. */
  #interruptStacks(): Area[] {
    const kernel = this.#kernel
    const size = stackSizeOf(kernel)
    const top = hotPlace(kernel, 'hardirq_stack_ptr')
    const bottom = kernel.findSymbol('irq_stack_ptr')
    const place = top ?? bottom
    if (place === undefined) return []
    return [
      ...this.#perCpu((cpu) => {
        const at = kernel.space.u64(kernel.cpus.address(place, cpu))
        if (at === 0n) return []
        const start = top === undefined ? at : at + 8n - size
        return [{ cpu, name: 'interrupt stack', start, size }]
      }),
      ...this.#entryAreas(),
    ]
  }

  #byPid({ pid, tables }: RegisterSet): Sign | undefined {
    if (pid === undefined || tables !== undefined || this.#isQemuNumbered) return undefined
    if (this.#pids === undefined) {
      const pids = new Map<number, number[]>()
      this.#perCpu((cpu) => {
        const current = this.#kernel.struct('task_struct', currentTaskAt(this.#kernel, cpu)).number('pid')
        pids.set(current, [...(pids.get(current) ?? []), cpu])
        return []
      })
      this.#pids = pids
    }
    const [cpu, ...others] = this.#pids.get(pid) ?? []
    // Idle tasks all have pid 0.
    if (cpu === undefined || others.length > 0) return undefined
    return { cpu, how: `its pid ${pid} is that of the task which CPU ${cpu} runs` }
  }

  /** Why registers that have no sign of this kernel's CPUs cannot be theirs. */
  #foreign(set: RegisterSet): string | undefined {
    const { registers, tables } = set
    const { cr0 } = registers
    // QEMU's notes have it; the kernel's own do not.
    if (cr0 !== undefined && (cr0 & pagingBit) === 0n) return 'it runs no kernel: paging is off'
    if (tables !== undefined && tables.tr >= upperHalf && this.#areas !== undefined && this.#areas.length > 0)
      return `TR is 0x${tables.tr.toString(16)}, in the entry area of no CPU of this kernel: these are registers of another`
    const base = foreignBase(set)
    if (base === undefined) return this.#isOfOther(set)
    return `its per-CPU base is 0x${base.toString(16)}, that of no CPU of this kernel: these are registers of another`
  }

  #isOfOther({ registers, privilege }: RegisterSet): string | undefined {
    if (this.#other === undefined) return undefined
    const { kernel, hasReplaced } = this.#other
    // A crash stops all CPUs in the kernel.
    if (privilege === 3)
      return hasReplaced ? 'it runs user space, which after a crash only another kernel has' : undefined
    const place = registers.rip ?? registers.pc
    if (place === undefined || !isInText(kernel, place) || isInText(this.#kernel, place)) return undefined
    return `it executes 0x${place.toString(16)}, in the text of another kernel`
  }

  /** For each CPU whose memory can be read. */
  #perCpu(read: (cpu: number) => readonly Area[]): Area[] {
    return this.#kernel.cpus.possible.flatMap((cpu) => quietly(() => read(cpu)) ?? [])
  }
}

const baseNames = ['gs_base', 'k_gs_base', 'kernel_gs_base', 'tpidr_el1'] as const

/** Memory that is one CPU's. */
interface Area {
  readonly cpu: number
  readonly name: string
  readonly start: bigint
  readonly size: bigint
}

/** Of the kernel without its modules (include/asm-generic/sections.h). */
function isInText(kernel: Kernel, address: bigint): boolean {
  const start = kernel.findSymbol('_stext')
  const end = kernel.findSymbol('_etext')
  return start !== undefined && end !== undefined && address >= start && address < end
}

function covers({ start, size }: Area, address: bigint): boolean {
  return address >= start && address < start + size
}

function agreed(signs: readonly Sign[]): CpuIdentity {
  const [first] = signs
  if (first === undefined) return { cpu: undefined, evidence: [], problem: undefined, isForeign: false }
  const evidence = signs.map(({ how }) => how)
  const isOne = signs.every(({ cpu }) => cpu === first.cpu)
  const problem = isOne ? undefined : `what tells its CPU does not agree: ${evidence.join('; ')}`
  return { cpu: isOne ? first.cpu : undefined, evidence, problem, isForeign: false }
}

function noteKey(registers: RegisterSet['registers'], pid: number): string {
  // General registers: what QEMU or we add to them is not in the kernel's note.
  const names =
    registers.pc === undefined
      ? ['rip', 'rsp', 'rbp', 'rax', 'rbx', 'rdi', 'rsi', 'eflags']
      : ['pc', 'sp', 'x29', 'x30', 'x0', 'x19', 'pstate']
  return [pid, ...names.map((name) => registers[name])].join(' ')
}

/** Address of the task_struct that a CPU runs: the per-CPU variable current_task, or what its runqueue runs. */
export function currentTaskAt(kernel: Kernel, cpu: number): bigint {
  const current = kernel.findSymbol('current_task') ?? kernel.findSymbol('pcpu_hot')
  if (current !== undefined) return kernel.space.u64(kernel.cpus.address(current, cpu))
  return kernel.struct('rq', kernel.cpus.address(kernel.symbol('runqueues'), cpu)).pointer('curr')
}

/** A per-CPU variable that was a member of pcpu_hot from Linux 6.2 to 6.14. */
function hotPlace(kernel: Kernel, name: string): bigint | undefined {
  const own = kernel.findSymbol(name)
  if (own !== undefined) return own
  const hot = kernel.findSymbol('pcpu_hot')
  const place = hot === undefined ? undefined : kernel.layouts.find('pcpu_hot')?.find(name)
  return hot === undefined || place === undefined ? undefined : hot + BigInt(place.offset)
}

/** THREAD_SIZE: what the linker keeps for the stack of init_task (include/asm-generic/vmlinux.lds.h, INIT_TASK_DATA). */
export function stackSizeOf(kernel: Kernel): bigint {
  const start = kernel.findSymbol('__start_init_stack') ?? kernel.findSymbol('__start_init_task')
  const end = kernel.findSymbol('__end_init_stack') ?? kernel.findSymbol('__end_init_task')
  const size = start === undefined || end === undefined ? 0n : end - start
  return size >= 4096n && size <= 2n ** 18n ? size : defaultStackSize
}
