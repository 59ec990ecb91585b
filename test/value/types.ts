import { Btf } from '../../src/btf/btf.js'
import type { CType } from '../../src/btf/types.js'
import { BtfBuilder } from '../btf/builder.js'

/** The integer types that C has, by the names that compilers give them. */
export function integers(b: BtfBuilder) {
  return {
    u8: b.int('unsigned char', 1),
    u16: b.int('unsigned short', 2),
    u32: b.int('unsigned int', 4),
    u64: b.int('long unsigned int', 8),
    u128: b.int('unsigned __int128', 16),
    s8: b.int('signed char', 1, { signed: true }),
    s16: b.int('short', 2, { signed: true }),
    s32: b.int('int', 4, { signed: true }),
    s64: b.int('long', 8, { signed: true }),
    s128: b.int('__int128', 16, { signed: true }),
    bool: b.int('_Bool', 1, { bool: true }),
    // clang and pahole leave the char encoding out: the name tells.
    char: b.int('char', 1, { signed: true }),
  }
}

export type Integers = ReturnType<typeof integers>

/** The type that `make` builds. */
export function build(make: (b: BtfBuilder, types: Integers) => number): CType {
  const b = new BtfBuilder()
  const id = make(b, integers(b))
  return Btf.parse(b.build()).type(id)
}
