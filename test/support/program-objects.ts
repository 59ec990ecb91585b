import { encodeInstruction, type Instruction } from '../../src/bpf/programs/instruction.js'
import { addProgram, type ProgramSpec } from './bpf-objects.js'
import type { KernelGuest } from './kernel-guest.js'
import type { MemberValues } from './object-writer.js'
import { linkTypes } from './program-structs.js'
import { writeIdr } from './structures.js'

/** An instruction of which only what matters is told. */
export function instruction(code: number, rest: Partial<Omit<Instruction, 'code'>> = {}): Instruction {
  return { code, destination: 0, source: 0, offset: 0, immediate: 0, ...rest }
}

/** A program with these instructions behind its bpf_prog. */
export function addCode(
  guest: KernelGuest,
  instructions: readonly Instruction[],
  spec: Partial<ProgramSpec> = {},
): bigint {
  const bytes = Buffer.concat(instructions.map(encodeInstruction))
  const { aux } = addProgram(guest, { id: 7, ...spec })
  const address = guest.objects.make(
    'bpf_prog',
    { aux, type: 27, len: instructions.length, ...spec.program },
    { extra: bytes.length },
  )
  guest.write(address + BigInt(guest.objects.offsetOf('bpf_prog', 'insnsi')), bytes)
  guest.programs.set(spec.id ?? 7, address)
  return address
}

/** A table of records, one after the other. */
export function addTable(guest: KernelGuest, type: string, records: readonly MemberValues[]): bigint {
  const size = guest.objects.sizeOf(type)
  const at = guest.alloc(size * Math.max(1, records.length))
  for (const [i, record] of records.entries()) guest.objects.set(type, at + BigInt(i * size), record)
  return at
}

/** Text with its NUL. */
export function addText(guest: KernelGuest, text: string): bigint {
  const bytes = Buffer.from(`${text}\0`)
  const at = guest.alloc(bytes.length)
  guest.write(at, bytes)
  return at
}

/** Makes links and, in the end, link_idr. */
export class Links {
  readonly #guest: KernelGuest
  readonly #links = new Map<number, bigint>()

  constructor(guest: KernelGuest) {
    this.#guest = guest
  }

  /** A link of this type in its struct; `path` leads to the bpf_link in it. */
  add(
    type: keyof typeof linkTypes,
    struct: string,
    values: MemberValues,
    { path = 'link', link = {} }: { path?: string; link?: MemberValues } = {},
  ): bigint {
    const { objects } = this.#guest
    const id = this.#links.size + 1
    const at = objects.make(struct, values)
    const address = at + BigInt(objects.offsetOf(struct, path))
    objects.set('bpf_link', address, { id, type: linkTypes[type], ...link })
    this.#links.set(id, address)
    return address
  }

  /** What the idr holds under an id, whatever it is. */
  put(id: number, pointer: bigint): void {
    this.#links.set(id, pointer)
  }

  finish(): void {
    const guest = this.#guest
    writeIdr(guest, guest.global('link_idr', guest.objects.sizeOf('idr')), this.#links)
  }
}
