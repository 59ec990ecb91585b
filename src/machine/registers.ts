import { CryoscopeError } from '../errors.js'

/**
 * The register file of one x86-64 vCPU, as QEMU's `info registers` tells it. Names are those of gdb's target
 * description. `undefined` means that the engine did not say, never zero: r8 to r15 while the vCPU runs 32-bit
 * code, k_gs_base and cr8 until gdb's protocol was asked.
 */
export interface Registers {
  readonly rax: bigint
  readonly rbx: bigint
  readonly rcx: bigint
  readonly rdx: bigint
  readonly rsi: bigint
  readonly rdi: bigint
  readonly rbp: bigint
  readonly rsp: bigint
  readonly r8: bigint | undefined
  readonly r9: bigint | undefined
  readonly r10: bigint | undefined
  readonly r11: bigint | undefined
  readonly r12: bigint | undefined
  readonly r13: bigint | undefined
  readonly r14: bigint | undefined
  readonly r15: bigint | undefined
  readonly rip: bigint
  readonly eflags: bigint
  /** Selectors. */
  readonly cs: bigint
  readonly ss: bigint
  readonly ds: bigint
  readonly es: bigint
  readonly fs: bigint
  readonly gs: bigint
  readonly fs_base: bigint
  /** The active one: the user's while the vCPU runs user code; the kernel's is k_gs_base then. */
  readonly gs_base: bigint
  readonly k_gs_base: bigint | undefined
  readonly cr0: bigint
  readonly cr2: bigint
  readonly cr3: bigint
  readonly cr4: bigint
  readonly cr8: bigint | undefined
  readonly efer: bigint
}

/** The register file of one arm64 vCPU by gdb's names: x0 to x30, sp, pc, and pstate as QEMU prints it. */
export type Arm64Registers = Readonly<Record<`x${number}` | 'sp' | 'pc' | 'pstate', bigint>>

interface VcpuPlace {
  readonly cpu: number
  /** The instruction it executes next. */
  readonly pc: bigint
  /** Current privilege level as x86 counts: 0 is the kernel, 3 is user code. */
  readonly cpl: number
  /** It executed HLT and waits for an interrupt. Undefined on arm64, where QEMU does not say. */
  readonly halted: boolean | undefined
}

/** One x86-64 vCPU of a frozen guest. */
export interface X86VcpuState extends VcpuPlace {
  readonly architecture: 'amd64'
  readonly halted: boolean
  readonly registers: Registers
  /** Where the task register and GDTR point; Linux gives each CPU its own. */
  readonly tables: { readonly tr: bigint; readonly gdt: bigint }
}

/** One arm64 vCPU of a frozen guest. */
export interface Arm64VcpuState extends VcpuPlace {
  readonly architecture: 'arm64'
  readonly registers: Arm64Registers
}

/** One vCPU of a frozen guest. */
export type VcpuState = X86VcpuState | Arm64VcpuState

/** Reads the output of `info registers -a` (QEMU target/i386/cpu-dump.c, target/arm/cpu.c). */
export function parseInfoRegisters(text: string): VcpuState[] {
  const blocks = text.split(/^CPU#(\d+)[ \t]*$/m)
  const states: VcpuState[] = []
  for (let at = 1; at + 1 < blocks.length; at += 2) {
    const block = blocks[at + 1] ?? ''
    const parse = /^ *PC=[0-9a-f]{16} /m.test(block) ? parseArm64Block : parseX86Block
    states.push(parse(Number(blocks[at]), block))
  }
  if (states.length === 0) throw unreadable('it names no vCPU')
  return states
}

function parseArm64Block(cpu: number, text: string): Arm64VcpuState {
  const found = new Map<string, bigint>()
  for (const [, name = '', value] of text.matchAll(/\b(X\d\d|SP|PC|PSTATE)=([0-9a-f]{8,16})\b/g)) {
    const known = name.startsWith('X') ? `x${Number(name.slice(1))}` : name.toLowerCase()
    if (!found.has(known)) found.set(known, BigInt(`0x${value}`))
  }
  const names = [...Array.from({ length: 31 }, (_, i) => `x${i}`), 'sp', 'pc', 'pstate']
  const missing = names.find((name) => !found.has(name))
  if (missing !== undefined) throw unreadable(`vCPU ${cpu} has no ${missing}`)
  const registers = Object.fromEntries(names.map((name) => [name, found.get(name)])) as Arm64Registers
  // Bits 3 and 2 are the exception level.
  const cpl = (registers.pstate & 0xcn) === 0n ? 3 : 0
  return { architecture: 'arm64', cpu, pc: registers.pc, cpl, halted: undefined, registers }
}

/** 64-bit and 32-bit forms. */
function parseX86Block(cpu: number, text: string): X86VcpuState {
  const find = (...names: readonly string[]): bigint | undefined => {
    for (const name of names) {
      const match = new RegExp(`(?:^|[ \\n])${name} *=([0-9a-f]+)`, 'i').exec(text)
      if (match?.[1] !== undefined) return BigInt(`0x${match[1]}`)
    }
    return undefined
  }
  const need = (...names: readonly string[]): bigint => {
    const value = find(...names)
    if (value === undefined) throw unreadable(`vCPU ${cpu} has no ${names[0]}`)
    return value
  }
  const general = (letters: string): bigint => need(`R${letters}`, `E${letters}`)
  const base = (segment: string): bigint => {
    const match = new RegExp(`^${segment} *=[0-9a-f]+ ([0-9a-f]+)`, 'im').exec(text)
    if (match?.[1] === undefined) throw unreadable(`vCPU ${cpu} has no ${segment} base`)
    return BigInt(`0x${match[1]}`)
  }
  const gdt = /^GDT *= +([0-9a-f]+)/im.exec(text)?.[1]
  return {
    architecture: 'amd64',
    cpu,
    tables: { tr: base('TR'), gdt: gdt === undefined ? 0n : BigInt(`0x${gdt}`) },
    pc: need('RIP', 'EIP'),
    cpl: Number(need('CPL')),
    halted: need('HLT') === 1n,
    registers: {
      rax: general('AX'),
      rbx: general('BX'),
      rcx: general('CX'),
      rdx: general('DX'),
      rsi: general('SI'),
      rdi: general('DI'),
      rbp: general('BP'),
      rsp: general('SP'),
      r8: find('R8'),
      r9: find('R9'),
      r10: find('R10'),
      r11: find('R11'),
      r12: find('R12'),
      r13: find('R13'),
      r14: find('R14'),
      r15: find('R15'),
      rip: need('RIP', 'EIP'),
      eflags: need('RFL', 'EFL'),
      cs: need('CS'),
      ss: need('SS'),
      ds: need('DS'),
      es: need('ES'),
      fs: need('FS'),
      gs: need('GS'),
      fs_base: base('FS'),
      gs_base: base('GS'),
      k_gs_base: undefined,
      cr0: need('CR0'),
      cr2: need('CR2'),
      cr3: need('CR3'),
      cr4: need('CR4'),
      cr8: undefined,
      efer: need('EFER'),
    },
  }
}

function unreadable(why: string): CryoscopeError {
  return new CryoscopeError('unreadable', `cannot read the registers that QEMU reports: ${why}`)
}
