import type { Btf } from '../../btf/btf.js'
import type { SectionType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { ArenaUser } from './users.js'
import type { ArenaWindow } from './window.js'

/** Variables that a program declared in its arena. */
export interface ArenaGlobals {
  readonly section: SectionType
  /** Place of the section's first byte. */
  readonly place: number
  /** How the place is known, in a sentence. */
  readonly evidence: string
}

const sectionName = '.addr_space.1'
const pageSize = 4096
/** BPF_LD | BPF_IMM | BPF_DW: a 64-bit constant in two instructions. */
const loadConstant = 0x18
/** The verifier allows a million instructions; programs are shorter still. */
const instructionLimit = 1 << 20

/**
 * Where the section `.addr_space.1` of each program lies. libbpf puts its image at the end of the arena where the
 * kernel takes offsets that far, otherwise at its start: the constants that the loaded programs hold tell which, and where they
 * hold none, which of the two has pages.
 */
export function arenaGlobals(
  kernel: Kernel,
  window: ArenaWindow,
  users: readonly ArenaUser[],
  problems: Problems,
): ArenaGlobals[] {
  const found: ArenaGlobals[] = []
  for (const types of new Set(users.map((user) => user.types))) {
    const section = types?.find(sectionName, 'section')
    if (types === undefined || section === undefined || section.size === 0) continue
    const place = placeGlobals(
      kernel,
      window,
      section,
      users.filter((user) => user.types === types),
      problems,
    )
    if (typeof place === 'string') problems.add(`arena globals of ${describe(types)}`, place)
    else found.push({ section, ...place })
  }
  return found
}

function placeGlobals(
  kernel: Kernel,
  window: ArenaWindow,
  section: SectionType,
  users: readonly ArenaUser[],
  problems: Problems,
): { place: number; evidence: string } | string {
  const rounded = Math.ceil(section.size / pageSize) * pageSize
  if (rounded > window.length) return `${section.size} bytes do not fit the arena`
  const start = window.first
  const end = window.first + window.length - rounded
  const own = problems.part()
  for (const user of users) {
    for (const address of constants(kernel, user, own)) {
      const place = address >= window.userStart && address < window.userEnd ? window.placeOf(address) : -1
      for (const base of [start, end]) {
        if (place < base || place >= base + section.size) continue
        const where = base === start ? 'start' : 'end'
        const variable = section.variables.findLast(({ offset }) => offset <= place - base)?.variable.name
        return {
          place: base,
          evidence: `at the ${where} of the arena: program ${user.name} (id ${user.id}) loads 0x${address.toString(16)}, ${variable}`,
        }
      }
    }
  }
  const none = own.none ? 'no program' : 'no program that can be read'
  const present = [start, end].filter((place) => window.pageAt(place) !== 'none')
  if (present.length === 0) return 'neither the first nor the last pages of the arena are there'
  if (present.length === 2 && start !== end) {
    return `${none} loads their address, and both the first and the last pages of the arena are there${present.some((place) => !window.isPresent(place)) ? ' or could not be read' : ''}`
  }
  const place = present[0] as number
  const where = place === start ? 'first' : 'last'
  return {
    place,
    evidence: `${none} loads their address; of the two places only the ${where} pages are there`,
  }
}

/** 64-bit constants in a program's translated instructions (bpf_prog.insnsi). */
function constants(kernel: Kernel, user: ArenaUser, problems: Problems): bigint[] {
  const found: bigint[] = []
  problems.attempt(`instructions of program ${user.name} (id ${user.id})`, () => {
    const program = kernel.struct('bpf_prog', user.address)
    const count = Math.min(program.number('len'), instructionLimit)
    const code = kernel.space.bytes(program.at('insnsi'), count * 8)
    const view = new DataView(code.buffer, code.byteOffset, code.length)
    for (let at = 0; at + 16 <= code.length; at += 8) {
      if (view.getUint8(at) !== loadConstant) continue
      found.push((BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 4, true)))
      at += 8
    }
  })
  return found
}

function describe(types: Btf): string {
  return types.name === '' ? 'a program' : types.name
}
