import type { Btf } from '../../btf/btf.js'
import { strip } from '../../btf/layout.js'
import type { CType } from '../../btf/types.js'
import { below } from './code/nested-maps.js'
import { btfIdentity } from './object/identity.js'
import type { AddressSpace, CastFinding, CastReport } from './report.js'

/** What a word of memory holds, by the analysis of the programs that use it. */
export interface Cast {
  /** In the BTF that was asked about; undefined when only the space is proven. */
  readonly target: CType | undefined
  readonly addressSpace: AddressSpace
  readonly allocationSize: number | undefined
  /** Where in the type that was asked about the word begins. */
  readonly offset: number
  /** The object and the evidence. */
  readonly object: string
  readonly finding: CastFinding
}

interface Entry {
  readonly object: string
  readonly finding: CastFinding
}

const deepestNesting = 32

/** Findings by what values know: the BTF, the type and the offset. */
export class CastIndex {
  /** By identity of the BTF, then by type and offset; null where objects with the same BTF disagree. */
  readonly #entries = new Map<string, Map<string, Entry | null>>()

  constructor(reports: readonly CastReport[] = []) {
    for (const report of reports) this.add(report)
  }

  add(report: CastReport): void {
    for (const { name, btf, findings, withheld } of report.objects) {
      const known = below(this.#entries, btf)
      for (const { place } of withheld) {
        for (const key of keysOf(place)) known.set(key, null)
      }
      for (const finding of findings) {
        for (const key of keysOf(finding.place)) {
          const other = known.get(key)
          const agrees = other === undefined || (other !== null && isSame(other.finding, finding))
          known.set(key, agrees ? { object: name, finding } : null)
        }
      }
    }
  }

  /** Whether anything is known of values with that BTF. */
  has(btf: Btf): boolean {
    return this.#entries.has(btfIdentity(btf))
  }

  /**
   * The pointer that the word at an offset of a struct, union or data section holds; undefined when nothing is
   * proven. The offset may lie in a nested struct or in an array.
   */
  castAt(btf: Btf, type: CType | number, offset: number): Cast | undefined {
    const entries = this.#entries.get(btfIdentity(btf))
    if (entries === undefined) return undefined
    let at = strip(typeof type === 'number' ? btf.type(type) : type)
    let rest = offset
    for (let depth = 0; depth < deepestNesting; depth++) {
      const entry = entries.get(`${at.id}:${rest}`)
      if (entry !== undefined) return entry === null ? undefined : makeCast(btf, entry, offset)
      const inner = innerAt(at, rest)
      if (inner === undefined) return undefined
      at = inner.type
      rest = inner.rest
    }
    return undefined
  }
}

/** One key for each element. */
function keysOf({ typeId, offset, elements }: CastFinding['place']): string[] {
  return Array.from({ length: Math.max(elements, 1) }, (_, n) => `${typeId}:${offset + n * 8}`)
}

function isSame(a: CastFinding, b: CastFinding): boolean {
  return a.target?.typeId === b.target?.typeId && a.addressSpace === b.addressSpace
}

function makeCast(btf: Btf, { object, finding }: Entry, offset: number): Cast {
  return {
    target: finding.target === null ? undefined : btf.type(finding.target.typeId),
    addressSpace: finding.addressSpace,
    allocationSize: finding.allocationSize ?? undefined,
    offset,
    object,
    finding,
  }
}

/** The only member or element that covers an offset. */
function innerAt(type: CType, offset: number): { type: CType; rest: number } | undefined {
  if (type.kind === 'array') {
    const element = strip(type.element)
    const size = 'size' in element ? element.size : 0
    if (size === 0) return element.kind === 'array' ? innerAt(element, offset) : undefined
    return { type: element, rest: offset % size }
  }
  if (type.kind === 'section') {
    const found = type.variables.find((one) => offset >= one.offset && offset < one.offset + one.size)
    return found && { type: strip(found.variable.type), rest: offset - found.offset }
  }
  if (type.kind !== 'struct' && type.kind !== 'union') return undefined
  let found: { type: CType; rest: number } | undefined
  for (const member of type.members) {
    const bare = strip(member.type)
    if (offset < member.offset) continue
    if ('size' in bare && offset >= member.offset + bare.size) continue
    // Arms of a union cover each other: which one counts is not known.
    if (found !== undefined) return undefined
    found = { type: bare, rest: offset - member.offset }
  }
  return found
}
