import type { CoreNote } from './core-layout.js'
import type { Architecture } from './dump.js'
import { prRegOffset, prRegOrder, qemuOrder } from './notes.js'

/** Register values by gdb's names. */
type RegisterValues = Readonly<Record<string, bigint | undefined>>

/**
 * NT_PRSTATUS of one CPU: struct elf_prstatus (include/linux/elfcore.h), then pr_reg. `thread` is what debuggers
 * number the CPU by; QEMU and we count from 1, for gdb takes 0 for no thread.
 */
export function prstatusNote(
  registers: RegisterValues,
  thread: number,
  architecture: Architecture = 'x86_64',
): CoreNote {
  const order = prRegOrder(architecture)
  // pr_fpvalid and what fills up to 8 bytes end the structure.
  const data = Buffer.alloc(prRegOffset + order.length * 8 + 8)
  data.writeInt32LE(thread, 32)
  for (const [i, name] of order.entries()) {
    // As the kernel does outside of system calls; other registers that are not known have no way to say so.
    const missing = name === 'orig_rax' ? -1n : 0n
    data.writeBigUInt64LE(BigInt.asUintN(64, registers[name] ?? missing), prRegOffset + i * 8)
  }
  return { name: 'CORE', type: 1, data }
}

/** What QEMU adds for each CPU: QEMUCPUState (target/i386/arch_dump.c), with control registers and kernel_gs_base. */
export function qemuNote(
  registers: RegisterValues,
  { tr, gdt }: { readonly tr: bigint; readonly gdt: bigint } = { tr: 0n, gdt: 0n },
): CoreNote {
  const data = Buffer.alloc(440)
  data.writeUInt32LE(1, 0)
  data.writeUInt32LE(data.length, 4)
  const value = (name: string): bigint => BigInt.asUintN(64, registers[name] ?? 0n)
  for (const [i, name] of qemuOrder.entries()) data.writeBigUInt64LE(value(name), 8 + i * 8)
  const segments = 8 + qemuOrder.length * 8
  for (const [i, name] of ['cs', 'ds', 'es', 'fs', 'gs', 'ss'].entries()) {
    data.writeUInt32LE(Number(value(name) & 0xffffn), segments + i * 24)
  }
  data.writeBigUInt64LE(value('fs_base'), segments + 3 * 24 + 16)
  data.writeBigUInt64LE(value('gs_base'), segments + 4 * 24 + 16)
  data.writeBigUInt64LE(tr, segments + 7 * 24 + 16)
  data.writeBigUInt64LE(gdt, segments + 8 * 24 + 16)
  const control = segments + 10 * 24
  for (let i = 0; i < 5; i++) data.writeBigUInt64LE(value(`cr${i}`), control + i * 8)
  data.writeBigUInt64LE(value('k_gs_base'), control + 40)
  return { name: 'QEMU', type: 0, data }
}

/** The kernel's own description of itself, which drgn and crash find types and page tables by. */
export function vmcoreinfoNote(text: string): CoreNote {
  return { name: 'VMCOREINFO', type: 0, data: Buffer.from(text, 'latin1') }
}
