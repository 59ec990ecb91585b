import type { Architecture, CpuNote, NoteRegisters } from './dump.js'

const NT_PRSTATUS = 1
/** More notes than any machine has CPUs: a hostile file does not make us read on. */
const noteLimit = 16_384

export interface Notes {
  /** One per CPU that has registers, in the order of the notes. */
  readonly cpus: readonly CpuNote[]
  readonly vmcoreinfo: string | undefined
}

/**
 * Notes of a dump: registers (NT_PRSTATUS of include/uapi/linux/elfcore.h, and what QEMU adds in target/i386/arch_dump.c)
 * and VMCOREINFO.
 */
export function readNotes(notes: readonly Uint8Array[], architecture: Architecture | undefined): Notes {
  const prstatus: CpuNote[] = []
  const qemu: CpuNote[] = []
  let vmcoreinfo: string | undefined
  let seen = 0
  for (const bytes of notes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    while (at + 12 <= bytes.length && seen++ < noteLimit) {
      const nameSize = view.getUint32(at, true)
      const size = view.getUint32(at + 4, true)
      const type = view.getUint32(at + 8, true)
      const nameAt = at + 12
      const dataAt = nameAt + align4(nameSize)
      if (dataAt + size > bytes.length) break
      const name = Buffer.from(bytes.subarray(nameAt, nameAt + nameSize))
        .toString('latin1')
        .replace(/\0.*$/s, '')
      const data = bytes.subarray(dataAt, dataAt + size)
      if (name === 'CORE' && type === NT_PRSTATUS) {
        const note = prstatusNote(data, architecture)
        if (note !== undefined) prstatus.push(note)
      }
      if (name === 'QEMU' && size >= 432 && architecture !== 'aarch64') qemu.push(qemuNote(data))
      if (name === 'VMCOREINFO') vmcoreinfo ??= Buffer.from(data).toString('latin1').replace(/\0+$/, '')
      at = dataAt + align4(size)
    }
  }
  return { cpus: prstatus.length > 0 ? merged(prstatus, qemu) : qemu, vmcoreinfo }
}

/** QEMU writes a note of its own for each CPU; that of another CPU is told by its place in code and on the stack. */
function merged(prstatus: readonly CpuNote[], qemu: readonly CpuNote[]): CpuNote[] {
  const isSame = (a: CpuNote, b: CpuNote | undefined): b is CpuNote =>
    b !== undefined && a.registers.rip === b.registers.rip && a.registers.rsp === b.registers.rsp
  return prstatus.map((note, i) => {
    const more = [qemu[i]].find((own) => isSame(note, own)) ?? qemu.find((own) => isSame(note, own))
    if (more === undefined) return note
    return { ...note, registers: { ...note.registers, ...more.registers }, tables: more.tables }
  })
}

/** struct user_regs_struct of x86-64. */
const x86Order = [
  'r15',
  'r14',
  'r13',
  'r12',
  'rbp',
  'rbx',
  'r11',
  'r10',
  'r9',
  'r8',
  'rax',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'orig_rax',
  'rip',
  'cs',
  'eflags',
  'rsp',
  'ss',
  'fs_base',
  'gs_base',
  'ds',
  'es',
  'fs',
  'gs',
] as const

/** struct user_pt_regs of arm64. */
const arm64Order = [...Array.from({ length: 31 }, (_, i) => `x${i}`), 'sp', 'pc', 'pstate']

/** Where pr_reg begins in struct elf_prstatus. */
export const prRegOffset = 112

/** Names of the registers in pr_reg, in order. */
export function prRegOrder(architecture: Architecture | undefined): readonly string[] {
  return architecture === 'aarch64' ? arm64Order : x86Order
}

/** Where pr_pid lies in struct elf_prstatus. */
const prPidOffset = 32

/** sizeof(struct elf_prstatus) on each. */
const prstatusSizes = new Map<number, Architecture>([
  [336, 'x86_64'],
  [392, 'aarch64'],
])

/** A note's own size tells better whose it is than what the dump says or leaves out: QEMU's kdump has no machine. */
function prstatusNote(data: Uint8Array, architecture: Architecture | undefined): CpuNote | undefined {
  const own = prstatusSizes.get(data.length) ?? architecture
  // Another machine's words by these names would be wrong ones.
  if (own === undefined) return undefined
  const order = prRegOrder(own)
  if (data.length < prRegOffset + order.length * 8) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const registers: NoteRegisters = Object.fromEntries(
    order.map((name, i) => [name, view.getBigUint64(prRegOffset + i * 8, true)]),
  )
  return { registers, pid: view.getInt32(prPidOffset, true), tables: undefined }
}

/** QEMUCPUState (target/i386/arch_dump.c): general registers, ten segments of 24 bytes, CR0 to CR4, kernel_gs_base. */
export const qemuOrder = [
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rsp',
  'rbp',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
  'rip',
  'eflags',
] as const

function qemuNote(data: Uint8Array): CpuNote {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const registers: Record<string, bigint> = {}
  qemuOrder.forEach((name, i) => {
    registers[name] = view.getBigUint64(8 + i * 8, true)
  })
  const segments = 8 + qemuOrder.length * 8
  for (const [i, name] of ['cs', 'ds', 'es', 'fs', 'gs', 'ss'].entries()) {
    registers[name] = BigInt(view.getUint32(segments + i * 24, true))
  }
  registers.fs_base = view.getBigUint64(segments + 3 * 24 + 16, true)
  registers.gs_base = view.getBigUint64(segments + 4 * 24 + 16, true)
  const control = segments + 10 * 24
  for (let i = 0; i < 5; i++) registers[`cr${i}`] = view.getBigUint64(control + i * 8, true)
  if (data.length >= control + 48) registers.kernel_gs_base = view.getBigUint64(control + 40, true)
  // Segments are cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt.
  const base = (segment: number): bigint => view.getBigUint64(segments + segment * 24 + 16, true)
  return { registers, pid: undefined, tables: { tr: base(7), gdt: base(8) } }
}

function align4(size: number): number {
  return Math.ceil(size / 4) * 4
}
