/** Writes ELF cores of a whole machine, as QEMU's dump-guest-memory does (gABI 4; target/i386/arch_dump.c). */

export interface LoadSegment {
  readonly physical: number
  readonly bytes: Uint8Array
}

export interface NoteSpec {
  readonly name: string
  readonly type: number
  readonly data: Uint8Array
}

export interface CoreSpec {
  readonly loads: readonly LoadSegment[]
  readonly notes?: readonly NoteSpec[]
  /** The count of program headers is in section 0, as with 65535 and more. */
  readonly extendedCount?: boolean
  /** Bytes of one program header; 56 unless told. */
  readonly entrySize?: number
}

const headerSize = 64

/** Layout: header, program headers (notes first), section 0 if any, notes, then the memory of each segment. */
export function buildElfCore({ loads, notes = [], extendedCount = false, entrySize = 56 }: CoreSpec): Buffer {
  const noteBytes = Buffer.concat(notes.map(encodeNote))
  const count = loads.length + 1
  const sectionAt = headerSize + count * entrySize
  const notesAt = sectionAt + (extendedCount ? 64 : 0)
  const head = Buffer.alloc(notesAt)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  head.writeUInt16LE(4, 16)
  head.writeUInt16LE(62, 18)
  head.writeUInt32LE(1, 20)
  head.writeBigUInt64LE(BigInt(headerSize), 32)
  head.writeBigUInt64LE(BigInt(extendedCount ? sectionAt : 0), 40)
  head.writeUInt16LE(headerSize, 52)
  head.writeUInt16LE(entrySize, 54)
  head.writeUInt16LE(extendedCount ? 0xffff : count, 56)
  if (extendedCount) head.writeUInt32LE(count, sectionAt + 44)

  let offset = notesAt + noteBytes.length
  const write = (i: number, type: number, at: number, physical: number, size: number): void => {
    const entry = headerSize + i * entrySize
    head.writeUInt32LE(type, entry)
    head.writeBigUInt64LE(BigInt(at), entry + 8)
    head.writeBigUInt64LE(BigInt(physical), entry + 24)
    head.writeBigUInt64LE(BigInt(size), entry + 32)
    head.writeBigUInt64LE(BigInt(size), entry + 40)
  }
  write(0, 4, notesAt, 0, noteBytes.length)
  for (const [i, { physical, bytes }] of loads.entries()) {
    write(i + 1, 1, offset, physical, bytes.length)
    offset += bytes.length
  }
  return Buffer.concat([head, noteBytes, ...loads.map(({ bytes }) => bytes)])
}

function encodeNote({ name, type, data }: NoteSpec): Buffer {
  const pad = (size: number): number => Math.ceil(size / 4) * 4
  const nameSize = name.length + 1
  const note = Buffer.alloc(12 + pad(nameSize) + pad(data.length))
  note.writeUInt32LE(nameSize, 0)
  note.writeUInt32LE(data.length, 4)
  note.writeUInt32LE(type, 8)
  note.write(name, 12, 'latin1')
  note.set(data, 12 + pad(nameSize))
  return note
}

/** NT_PRSTATUS of one CPU (struct elf_prstatus): the 27 registers of struct user_regs_struct, from r15 to gs. */
export function prstatusNote(registers: readonly bigint[]): NoteSpec {
  const data = Buffer.alloc(336)
  for (const [i, value] of registers.entries()) data.writeBigUInt64LE(value, 112 + i * 8)
  return { name: 'CORE', type: 1, data }
}

/** QEMUCPUState: what QEMU knows of a CPU beyond that. `general` is rax, rbx … r15, rip, rflags. */
export function qemuNote(state: {
  readonly general: readonly bigint[]
  /** cs ds es fs gs ss: selector and base. */
  readonly segments: readonly (readonly [selector: number, base: bigint])[]
  /** cr0 to cr4. */
  readonly control: readonly bigint[]
  /** Absent in the 432 bytes that older versions write. */
  readonly kernelGsBase?: bigint
}): NoteSpec {
  const data = Buffer.alloc(state.kernelGsBase === undefined ? 432 : 440)
  data.writeUInt32LE(1, 0)
  data.writeUInt32LE(data.length, 4)
  for (const [i, value] of state.general.entries()) data.writeBigUInt64LE(value, 8 + i * 8)
  for (const [i, [selector, base]] of state.segments.entries()) {
    data.writeUInt32LE(selector, 152 + i * 24)
    data.writeBigUInt64LE(base, 152 + i * 24 + 16)
  }
  for (const [i, value] of state.control.entries()) data.writeBigUInt64LE(value, 392 + i * 8)
  if (state.kernelGsBase !== undefined) data.writeBigUInt64LE(state.kernelGsBase, 432)
  return { name: 'QEMU', type: 0, data }
}
