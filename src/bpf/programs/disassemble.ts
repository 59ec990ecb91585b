import {
  CallKind,
  type Instruction,
  InstructionClass,
  loadImmediate64,
  wideImmediate,
} from './instruction.js'

/** How calls and 64-bit immediates read: names that the instruction alone does not have. */
export interface Names {
  /** "bpf_get_smp_processor_id" or "+12#bpf_prog_…"; undefined leaves what the instruction says. */
  call(instruction: Instruction): string | undefined
  /** "map[id:4]" or "0x2a". */
  immediate(instruction: Instruction, value: bigint, next: Instruction | undefined): string
}

const aluOperators = [
  '+=',
  '-=',
  '*=',
  '/=',
  '|=',
  '&=',
  '<<=',
  '>>=',
  'neg',
  '%=',
  '^=',
  '=',
  's>>=',
  'endian',
]
const jumpOperators = ['jmp', '==', '>', '>=', '&', '!=', 's>', 's>=', 'call', 'exit', '<', '<=', 's<', 's<=']
const sizes = ['u32', 'u16', 'u8', 'u64'] as const
const signedSizes = ['s32', 's16', 's8', '(null)'] as const
const atomicNames: Readonly<Record<number, string>> = { 0: 'add', 64: 'or', 80: 'and', 160: 'xor' }
const fetch = 0x01
const exchange = 0xe1
const compareExchange = 0xf1
const loadAcquire = 0x100
const storeRelease = 0x110
/** What C prints for a name that its table does not have. */
const missing = '(null)'

/**
 * The text that the kernel's and bpftool's disassembler print (kernel/bpf/disasm.c): "(85) call bpf_ktime_get_ns#5".
 * `next` is the instruction behind, the second half of a 64-bit immediate.
 */
export function disassemble(instruction: Instruction, next: Instruction | undefined, names: Names): string {
  const opcode = `(${hex(instruction.code)})`
  switch (instruction.code & 7) {
    case InstructionClass.alu:
    case InstructionClass.alu64:
      return `${opcode} ${aluText(instruction)}`
    case InstructionClass.storeRegister:
      return atomicOrStore(instruction, opcode)
    case InstructionClass.store:
      return storeText(instruction, opcode)
    case InstructionClass.loadRegister:
      return loadRegisterText(instruction, opcode)
    case InstructionClass.load:
      return loadText(instruction, next, names, opcode)
    default:
      return `${opcode} ${jumpText(instruction, names)}`
  }
}

function aluText(instruction: Instruction): string {
  const { code, destination, source, offset, immediate } = instruction
  const wide = (code & 7) === InstructionClass.alu64
  const operation = code >> 4
  const register = wide ? 'r' : 'w'
  if (operation === 0xd) {
    const order = wide ? 'bswap' : (code & 8) !== 0 ? 'be' : 'le'
    return `r${destination} = ${order}${immediate} r${destination}`
  }
  if (operation === 0x8) return `${register}${destination} = -${register}${destination}`
  const isMove = operation === 0xb
  if (code === 0xbf && offset === 1) {
    const spaces = `${immediate >>> 16}, ${immediate & 0xffff}`
    return `r${destination} = addr_space_cast(r${source}, ${spaces})`
  }
  if (code === 0xbf && offset === -1) return `r${destination} = &(void __percpu *)(r${source})`
  const signed = offset === 1 && (operation === 0x3 || operation === 0x9)
  const operator = `${signed ? 's' : ''}${aluOperators[operation] ?? missing}`
  if ((code & 8) === 0) return `${register}${destination} ${operator} ${immediate}`
  const extension = isMove && (offset === 8 || offset === 16 || offset === 32) ? `(s${offset})` : ''
  return `${register}${destination} ${operator} ${extension}${register}${source}`
}

function atomicOrStore(instruction: Instruction, opcode: string): string {
  const { code, destination, source, offset, immediate } = instruction
  const mode = code & 0xe0
  const size = sizeOf(code)
  const place = `(${size} *)(r${destination} ${plus(offset)})`
  if (mode === 0x60) return `${opcode} *${place} = r${source}`
  // 0xe0 is BPF_PROBE_ATOMIC, an atomic access to an arena.
  if (mode !== 0xc0 && mode !== 0xe0) return `BUG_${hex(code)}`
  const head = mode === 0xe0 ? `${opcode} probe ` : `${opcode} `
  const width = size === 'u64' ? '64' : ''
  const plain = atomicNames[immediate]
  if (plain !== undefined) {
    return `${head}lock *${place} ${aluOperators[immediate >> 4] ?? missing} r${source}`
  }
  const fetched = atomicNames[immediate & ~fetch]
  if (fetched !== undefined)
    return `${head}r${source} = atomic${width}_fetch_${fetched}(${place}, r${source})`
  switch (immediate) {
    case compareExchange:
      return `${head}r0 = atomic${width}_cmpxchg(${place}, r0, r${source})`
    case exchange:
      return `${head}r${source} = atomic${width}_xchg(${place}, r${source})`
    case loadAcquire:
      return `${head}r${destination} = load_acquire((${size} *)(r${source} ${plus(offset)}))`
    case storeRelease:
      return `${head}store_release(${place}, r${source})`
    default:
      return `BUG_${hex(code)}`
  }
}

function storeText({ code, destination, offset, immediate }: Instruction, opcode: string): string {
  switch (code & 0xe0) {
    case 0x60:
      return `${opcode} *(${sizeOf(code)} *)(r${destination} ${plus(offset)}) = ${immediate}`
    case 0xc0:
      return `${opcode} nospec`
    default:
      return `BUG_st_${hex(code)}`
  }
}

function loadRegisterText({ code, destination, source, offset }: Instruction, opcode: string): string {
  const mode = code & 0xe0
  const signed = mode === 0x80
  if ((mode !== 0x60 && !signed) || (signed && sizeOf(code) === 'u64')) return `BUG_ldx_${hex(code)}`
  const size = signed ? signedSizes[(code >> 3) & 3] : sizeOf(code)
  return `${opcode} r${destination} = *(${size} *)(r${source} ${plus(offset)})`
}

function loadText(
  instruction: Instruction,
  next: Instruction | undefined,
  names: Names,
  opcode: string,
): string {
  const { code, destination, source, immediate } = instruction
  switch (code & 0xe0) {
    case 0x20:
      return `${opcode} r0 = *(${sizeOf(code)} *)skb[${immediate}]`
    case 0x40:
      return `${opcode} r0 = *(${sizeOf(code)} *)skb[r${source} + ${immediate}]`
    default: {
      if (code !== loadImmediate64) return `BUG_ld_${hex(code)}`
      const value = wideImmediate(instruction, next)
      return `${opcode} r${destination} = ${names.immediate(instruction, value, next)}`
    }
  }
}

function jumpText(instruction: Instruction, names: Names): string {
  const { code, destination, source, offset, immediate } = instruction
  const operation = code >> 4
  if (operation === 0x8) return callText(instruction, names)
  switch (code) {
    case 0x05:
      return `goto pc${plus(offset)}`
    case 0x0d:
      return `gotox r${destination}`
    case 0x06:
      return `gotol pc${plus(immediate)}`
    case 0x95:
      return 'exit'
    case 0xe5:
      if (source === 0) return `may_goto pc${plus(offset)}`
  }
  const register = (code & 7) === InstructionClass.jump32 ? 'w' : 'r'
  const operand = (code & 8) === 0 ? `0x${(immediate >>> 0).toString(16)}` : `${register}${source}`
  const operator = jumpOperators[operation] ?? missing
  return `if ${register}${destination} ${operator} ${operand} goto pc${plus(offset)}`
}

function callText(instruction: Instruction, names: Names): string {
  const { source, immediate } = instruction
  const name = names.call(instruction)
  if (source === CallKind.subprogram) return `call pc${name ?? plus(immediate)}`
  const fallback = source === CallKind.kernelFunction ? 'kernel-function' : 'unknown'
  return `call ${name ?? fallback}#${immediate}`
}

function sizeOf(code: number): (typeof sizes)[number] {
  return sizes[(code >> 3) & 3] ?? 'u64'
}

function plus(value: number): string {
  return value < 0 ? String(value) : `+${value}`
}

function hex(code: number): string {
  return code.toString(16).padStart(2, '0')
}
