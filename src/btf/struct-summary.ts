import type { StructLayout } from './holes.js'
import { layoutOf } from './holes.js'
import type { StructType } from './types.js'

export const cacheLine = 64

/** The lines of sums that pahole puts before the closing brace of a struct. */
export function structSummary(type: StructType, layout: StructLayout): string[] {
  const { members } = layout
  const lines = [
    `size: ${type.size}, cachelines: ${Math.ceil(type.size / cacheLine)}, members: ${members.length}`,
  ]
  let bytes = 0
  let bits = 0
  let holeBytes = layout.holeBefore
  let holeBits = layout.bitHoleBefore
  let paddings = 0
  let paddingBytes = 0
  let forced = 0
  let forcedHoles = 0
  let forcedHoleBytes = 0
  let holeBefore = layout.holeBefore
  for (const at of members) {
    if (at.member.bitSize > 0) bits += at.member.bitSize
    else bytes += at.size
    holeBytes += at.hole
    holeBits += at.bitHole
    const padding = memberPadding(at.member.type)
    if (padding > 0) paddings++
    paddingBytes += padding
    if (at.alignment !== 0) {
      forced++
      if (holeBefore !== 0) forcedHoles++
      forcedHoleBytes += holeBefore
    }
    holeBefore = at.hole
  }
  if (holeBytes > 0 || holeBits > 0) {
    if (bytes > 0) {
      const holes = holeBytes > 0 ? `, holes: ${layout.holes}, sum holes: ${holeBytes}` : ''
      lines.push(`sum members: ${bytes}${holes}`)
    }
    if (bits > 0) {
      const holes =
        holeBits > 0
          ? `, bit holes: ${layout.bitHoles}, sum bit holes: ${holeBits} bits`
          : ` (${Math.floor(bits / 8)} bytes)`
      lines.push(`sum bitfield members: ${bits} bits${holes}`)
    }
  }
  if (layout.padding > 0) lines.push(`padding: ${layout.padding}`)
  if (paddings > 0) lines.push(`paddings: ${paddings}, sum paddings: ${paddingBytes}`)
  if (layout.bitPadding > 0) lines.push(`bit_padding: ${layout.bitPadding} bits`)
  if (forced > 0) {
    const holes =
      forcedHoles > 0 ? `, forced holes: ${forcedHoles}, sum forced holes: ${forcedHoleBytes}` : ''
    lines.push(`forced alignments: ${forced}${holes}`)
  }
  const rest = type.size % cacheLine
  if (rest !== 0) lines.push(`last cacheline: ${rest} bytes`)
  return lines
}

/** Bytes at the end of a member that is itself a struct, not one behind a typedef. */
export function memberPadding(type: StructType['members'][number]['type']): number {
  return type.kind === 'struct' ? layoutOf(type).padding : 0
}
