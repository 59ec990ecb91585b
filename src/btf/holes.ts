import { alignOf, sizeOf, strip } from './layout.js'
import type { Member, StructType } from './types.js'

/** What lies between the members of a struct, and which attributes must have put it there. */
export interface StructLayout {
  readonly members: readonly MemberLayout[]
  /** Bytes and bits before the first member. */
  readonly holeBefore: number
  readonly bitHoleBefore: number
  /** How many members are followed by a hole, the one before the first included. */
  readonly holes: number
  readonly bitHoles: number
  /** Bytes and bits after the last member. */
  readonly padding: number
  readonly bitPadding: number
  /** The `aligned` attribute the size of the struct shows, 0 when its natural alignment explains it. */
  readonly alignment: number
  /** Some member lies, or the size is, where the natural alignment would not have it. */
  readonly packed: boolean
}

export interface MemberLayout {
  readonly member: Member
  /** Bytes the member's type takes; for a bitfield, the storage unit it is declared with. */
  readonly size: number
  /** Where that storage unit starts, in bytes. */
  readonly offset: number
  /** Where a bitfield starts in its storage unit. */
  readonly bitPosition: number
  /** The `aligned` attribute the offset shows, 0 for none. */
  readonly alignment: number
  /** Bytes and bits unused between this member and the next. */
  readonly hole: number
  readonly bitHole: number
}

const cacheLine = 64

/**
 * Holes, padding and inferred attributes of a struct, by the rules pahole uses for BTF, which records neither
 * alignment nor packing.
 */
export function layoutOf(struct: StructType): StructLayout {
  const known = layouts.get(struct)
  if (known !== undefined) return known
  const members = struct.members.map(place)
  inferAlignments(struct, members)
  const found = { ...findHoles(struct, members), members, alignment: structAlignment(struct, members) }
  const layout = { ...found, packed: isPacked(struct, found) }
  layouts.set(struct, layout)
  return layout
}

const layouts = new WeakMap<StructType, StructLayout>()

type Draft = { -readonly [K in keyof MemberLayout]: MemberLayout[K] }

function place(member: Member): Draft {
  const bare = strip(member.type)
  const size = sizeOf(bare) ?? 0
  const scalar = bare.kind === 'int' || bare.kind === 'enum' || bare.kind === 'float'
  const unit = size * 8
  const offset =
    member.bitSize > 0 && scalar && unit > 0
      ? (Math.floor(member.bitOffset / unit) * unit) / 8
      : member.offset
  return {
    member,
    size,
    offset,
    bitPosition: member.bitSize > 0 ? member.bitOffset - offset * 8 : 0,
    alignment: 0,
    hole: 0,
    bitHole: 0,
  }
}

function inferAlignments(struct: StructType, members: readonly Draft[]): void {
  if (struct.kind === 'union') return
  let expected = 0
  for (const at of members) {
    if (at.size === 0) continue
    at.alignment = inferAlignment(at.member.offset, alignOf(at.member.type), expected)
    expected = at.member.offset + at.size
  }
}

function structAlignment(struct: StructType, members: readonly MemberLayout[]): number {
  if (struct.kind === 'union') return 0
  const last = members.findLast((at) => at.size > 0)
  return inferAlignment(struct.size, alignOf(struct), last ? last.member.offset + last.size : 0)
}

/** The least alignment that explains why something is at `offset` when `expected` was free. */
function inferAlignment(offset: number, natural: number, expected: number): number {
  const gap = offset - expected
  if (gap <= 0 || offset % 2 !== 0) return 0
  const alignment = 2 ** (Math.floor(Math.log2(gap)) + 1)
  if (alignment <= natural) return 0
  return offset % cacheLine === 0 && alignment < cacheLine ? cacheLine : alignment
}

function findHoles(
  struct: StructType,
  members: readonly Draft[],
): Omit<StructLayout, 'members' | 'alignment' | 'packed'> {
  let holeBefore = 0
  let bitHoleBefore = 0
  let holes = 0
  let bitHoles = 0
  let seen = 0
  let inBitfield = false
  let unitBits = 0
  let unitEnd = struct.size * 8
  let previous: Draft | undefined
  for (const at of members) {
    const width = at.member.bitSize
    const start = width > 0 ? at.offset * 8 + at.bitPosition : at.member.bitOffset
    const end = start + (width > 0 ? width : at.size * 8)
    let hole = 0
    let bitHole = 0
    if (inBitfield) {
      const until = Math.min(start, unitEnd)
      bitHole = until - seen
      seen = until
    }
    if (width > 0) {
      const unitStart = at.offset * 8
      if (seen < unitStart && unitStart <= start) {
        hole = at.offset - Math.floor(seen / 8)
        seen = unitStart
      }
      bitHole += start - seen
      inBitfield = true
      const bits = at.size * 8
      if (end > unitEnd || bits > unitBits) {
        unitBits = bits
        unitEnd = unitStart + bits
        // A bitfield that began in the unit before ends in the next.
        if (end > unitEnd) unitEnd += bits
      }
    } else {
      hole = Math.floor(start / 8) - Math.floor(seen / 8)
      inBitfield = false
      unitBits = 0
      unitEnd = end
    }
    seen = end
    if (previous === undefined) {
      holeBefore = hole
      bitHoleBefore = bitHole
    } else {
      previous.hole = hole
      previous.bitHole = bitHole
    }
    if (hole !== 0) holes++
    if (bitHole !== 0) bitHoles++
    previous = at
  }
  let bitPadding = 0
  if (inBitfield) {
    const until = Math.min(struct.size * 8, unitEnd)
    bitPadding = until - seen
    seen = until
  }
  const padding = struct.size - Math.floor(seen / 8)
  return { holeBefore, bitHoleBefore, holes, bitHoles, padding, bitPadding }
}

function isPacked(struct: StructType, found: Omit<StructLayout, 'packed'>): boolean {
  if (struct.kind === 'union' || found.padding !== 0 || found.holes !== 0) return false
  let largest = 1
  for (const at of found.members) {
    const natural = alignOf(at.member.type)
    largest = Math.max(largest, natural)
    if (at.offset % natural !== 0) return true
  }
  return struct.size % largest !== 0
}
