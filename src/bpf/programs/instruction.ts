/** One struct bpf_insn (include/uapi/linux/bpf.h); a 64-bit immediate takes two. */
export interface Instruction {
  readonly code: number
  readonly destination: number
  readonly source: number
  /** Signed, 16 bits. */
  readonly offset: number
  /** Signed, 32 bits. */
  readonly immediate: number
}

export const instructionSize = 8

/** Classes: the low three bits of the code. */
export const InstructionClass = {
  load: 0x00,
  loadRegister: 0x01,
  store: 0x02,
  storeRegister: 0x03,
  alu: 0x04,
  jump: 0x05,
  jump32: 0x06,
  alu64: 0x07,
} as const

/** BPF_LD | BPF_IMM | BPF_DW: the one instruction of sixteen bytes. */
export const loadImmediate64 = 0x18
/** BPF_JMP | BPF_CALL. */
export const callCode = 0x85

/** What the source register of a call says (BPF_PSEUDO_*). */
export const CallKind = { helper: 0, subprogram: 1, kernelFunction: 2 } as const

/** What the source register of a 64-bit immediate says (BPF_PSEUDO_*). */
export const ImmediateKind = {
  map: 1,
  mapValue: 2,
  btfId: 3,
  subprogram: 4,
  mapIndex: 5,
  mapIndexValue: 6,
} as const

/** Whole instructions; bytes behind the last one are left out. */
export function decodeInstructions(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoded: Instruction[] = []
  for (let at = 0; at + instructionSize <= bytes.length; at += instructionSize) {
    const registers = view.getUint8(at + 1)
    decoded.push({
      code: view.getUint8(at),
      destination: registers & 0xf,
      source: registers >> 4,
      offset: view.getInt16(at + 2, true),
      immediate: view.getInt32(at + 4, true),
    })
  }
  return decoded
}

export function encodeInstruction(instruction: Instruction): Uint8Array {
  const bytes = new Uint8Array(instructionSize)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, instruction.code)
  view.setUint8(1, (instruction.source << 4) | instruction.destination)
  view.setInt16(2, instruction.offset, true)
  view.setInt32(4, instruction.immediate, true)
  return bytes
}

/** The 64-bit immediate of an instruction and the one behind it. */
export function wideImmediate(low: Instruction, high: Instruction | undefined): bigint {
  return (BigInt((high?.immediate ?? 0) >>> 0) << 32n) | BigInt(low.immediate >>> 0)
}
