import { Btf } from '../../src/btf/btf.js'
import { declare } from '../../src/btf/declaration.js'
import { BtfBuilder, type MemberSpec } from './builder.js'

export interface Ints {
  readonly u8: number
  readonly u16: number
  readonly u32: number
  readonly u64: number
}

export const member = (name: string, type: number, offset?: number): MemberSpec => ({
  name,
  type,
  ...(offset !== undefined && { offset }),
})

/** A member of bits: from which bit on, and how many. */
export const bits = (name: string, type: number, bitOffset: number, bitSize: number): MemberSpec => ({
  name,
  type,
  bitOffset,
  bitSize,
})

/** Adds types and gives the id of the one that is printed. */
export type Make = (b: BtfBuilder, ints: Ints) => number

export function printed(make: Make, offsets = true): string {
  const b = new BtfBuilder()
  // Tells how wide pointers are.
  b.int('long int', 8, { signed: true })
  const id = make(b, { u8: b.int('u8', 1), u16: b.int('u16', 2), u32: b.int('u32', 4), u64: b.int('u64', 8) })
  return declare(Btf.parse(b.build()).type(id), { offsets })
}
