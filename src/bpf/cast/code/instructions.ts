/**
 * The BPF instruction set (Documentation/bpf/standardization/instruction-set.rst), and the few forms that the
 * verifier makes of it (include/linux/filter.h).
 */
export const opcodeClass = {
  load: 0,
  loadRegister: 1,
  store: 2,
  storeRegister: 3,
  arithmetic32: 4,
  jump: 5,
  jump32: 6,
  arithmetic64: 7,
} as const

/** How a load or store reaches memory, where that is not the usual way. */
export const mode = {
  memorySigned: 0x80,
  /** Verifier: the base is the low half of an arena address. */
  probeArena: 0xa0,
  atomic: 0xc0,
  /** Verifier: an atomic on arena memory. */
  probeAtomic: 0xe0,
} as const

export const operation = {
  add: 0x00,
  subtract: 0x10,
  multiply: 0x20,
  divide: 0x30,
  or: 0x40,
  and: 0x50,
  shiftLeft: 0x60,
  shiftRight: 0x70,
  negate: 0x80,
  modulo: 0x90,
  xor: 0xa0,
  move: 0xb0,
  shiftRightSigned: 0xc0,
  swapBytes: 0xd0,
} as const

export const jump = { always: 0x00, call: 0x80, conditional: 0xe0 } as const

export const atomicOperation = {
  fetch: 0x01,
  exchange: 0xe1,
  compareExchange: 0xf1,
  loadAcquire: 0x100,
  storeRelease: 0x110,
} as const

/** Opcodes that name a whole instruction. */
export const callOpcode = 0x85
export const exitOpcode = 0x95
export const loadImmediateOpcode = 0x18
/** Source registers of a call: of a function of the program, of one of the kernel. */
export const pseudoCall = 1
export const pseudoKernelCall = 2
/** Offset of a MOV between registers that casts between address spaces; immediate says which. */
export const castOffset = 1
export const castToKernel = 1
export const castToUser = 0x10000
export const framePointer = 10

const widths = [4, 2, 1, 8] as const

/** Bytes that a load or store of this opcode moves. */
export function accessWidth(opcode: number): number {
  return widths[(opcode >> 3) & 3] as number
}

/** Instructions field by field; all of the same length. */
export interface Instructions {
  readonly count: number
  readonly opcodes: Uint8Array
  readonly destinations: Uint8Array
  readonly sources: Uint8Array
  readonly offsets: Int16Array
  readonly immediates: Int32Array
}

export function decode(bytes: Uint8Array, littleEndian: boolean): Instructions {
  const count = Math.floor(bytes.length / 8)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const opcodes = new Uint8Array(count)
  const destinations = new Uint8Array(count)
  const sources = new Uint8Array(count)
  const offsets = new Int16Array(count)
  const immediates = new Int32Array(count)
  for (let n = 0; n < count; n++) {
    const at = n * 8
    const registers = view.getUint8(at + 1)
    opcodes[n] = view.getUint8(at)
    destinations[n] = littleEndian ? registers & 15 : registers >> 4
    sources[n] = littleEndian ? registers >> 4 : registers & 15
    offsets[n] = view.getInt16(at + 2, littleEndian)
    immediates[n] = view.getInt32(at + 4, littleEndian)
  }
  return { count, opcodes, destinations, sources, offsets, immediates }
}
