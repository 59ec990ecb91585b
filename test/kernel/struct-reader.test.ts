import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Layouts, StructReader } from '../../src/kernel/struct-reader.js'
import { MemoryFault } from '../../src/memory/fault.js'
import { BtfBuilder } from '../btf/builder.js'
import { GuestBuilder } from '../support/guest-builder.js'

const b = new BtfBuilder()
const u8 = b.int('unsigned char', 1)
const s8 = b.int('signed char', 1, { signed: true })
const u16 = b.int('unsigned short', 2)
const s16 = b.int('short int', 2, { signed: true })
const u32 = b.int('unsigned int', 4)
const s32 = b.int('int', 4, { signed: true })
const u64 = b.int('long unsigned int', 8)
const s64 = b.int('long int', 8, { signed: true })
const char = b.int('char', 1, { signed: true })
const atomic = b.struct('atomic_t', [{ name: 'counter', type: s32 }])
const color = b.enum('color', { RED: -2, GREEN: 5 })
const inner = b.struct('inner', [
  { name: 'a', type: u16 },
  { name: 'b', type: b.array(u32, 3) },
])
b.struct('thing', [
  { name: 'u8', type: u8 },
  { name: 's8', type: s8 },
  { name: 'u16', type: u16 },
  { name: 's16', type: s16 },
  { name: 'u32', type: u32 },
  { name: 's32', type: s32 },
  { name: 'u64', type: u64 },
  { name: 's64', type: s64 },
  { name: 'atomic', type: atomic },
  { name: 'color', type: color },
  { name: 'small', type: b.enum('small', { ONE: 1 }, 1) },
  { name: 'typed', type: b.typedef('count_t', b.const(s16)) },
  { name: 'pointer', type: b.pointer(0) },
  { name: 'inner', type: b.array(inner, 2) },
  {
    type: b.union('', [
      { name: 'left', type: u32 },
      { name: 'right', type: u64 },
    ]),
  },
  { name: 'name', type: b.array(char, 8) },
])
b.struct('fields', [
  { name: 'low', type: u32, bitOffset: 0, bitSize: 3 },
  { name: 'middle', type: s32, bitOffset: 3, bitSize: 7 },
  { name: 'flag', type: u32, bitOffset: 10, bitSize: 1 },
  { name: 'wide', type: u64, bitOffset: 61, bitSize: 62 },
  { name: 'deep', type: s64, bitOffset: 130, bitSize: 40 },
])
b.struct('open', [
  { name: 'id', type: u64 },
  { name: 'hidden', type: b.forward('hidden') },
  { name: 'tail', type: b.array(char, 0) },
])
b.struct('twin', [{ name: 'first', type: u32 }])
b.struct('twin', [{ name: 'second', type: u64 }])
b.union('either', [{ name: 'x', type: u32 }])
b.typedef('only_typedef', u32)
const layouts = new Layouts(Btf.parse(b.build()))

const guest = new GuestBuilder({ memory: 2 ** 20 })
// Across a page boundary, so that every member is somewhere near it in one of the tests.
const page = guest.allocPages(2)
const at = page + 4096n - 40n

function reader(name: string, bytes: Uint8Array, address = at): StructReader {
  guest.write(address, bytes)
  return new StructReader(guest.space(), layouts.get(name), address)
}

describe('StructReader', () => {
  it('reads integers of every size, with their sign', () => {
    const thing = reader('thing', new Uint8Array(120).fill(0xff))
    const unsigned = {
      u8: 0xffn,
      u16: 0xffffn,
      u32: 0xffffffffn,
      u64: 2n ** 64n - 1n,
      pointer: 2n ** 64n - 1n,
    }
    for (const [name, value] of Object.entries(unsigned)) expect(thing.integer(name)).toBe(value)
    for (const name of ['s8', 's16', 's32', 's64', 'typed', 'color']) expect(thing.integer(name)).toBe(-1n)
    expect(thing.number('s32')).toBe(-1)
    // A struct round a single integer is read as its bits: it has no sign of its own.
    expect(thing.integer('atomic')).toBe(0xffffffffn)
    expect(thing.integer('atomic.counter')).toBe(-1n)
    expect(thing.integer('small')).toBe(0xffn)
    expect(thing.pointer('pointer')).toBe(2n ** 64n - 1n)
  })

  it('reads members by path, through arrays and anonymous unions', () => {
    const bytes = Uint8Array.from({ length: 120 }, (_, i) => i)
    const thing = reader('thing', bytes)
    const word = (offset: number): number => new DataView(bytes.buffer).getUint32(offset, true)
    const offset = layouts.get('thing').offset('inner[1].b[2]')
    expect(thing.number('inner[1].b[2]')).toBe(word(offset))
    expect(thing.at('inner[1].b[2]')).toBe(at + BigInt(offset))
    expect(thing.number('left')).toBe(Number(thing.integer('right') & 0xffffffffn))
    expect(layouts.get('thing').sizeOf('inner[0]')).toBe(16)
    expect(Buffer.from(thing.bytes('inner[0].b'))).toEqual(
      Buffer.from(bytes.subarray(layouts.get('thing').offset('inner[0].b')).subarray(0, 12)),
    )
  })

  it('reads text up to its NUL or the end of the array', () => {
    const offset = layouts.get('thing').offset('name')
    const bytes = new Uint8Array(120)
    bytes.set(Buffer.from('kworker/0'), offset)
    expect(reader('thing', bytes).text('name')).toBe('kworker/')
    bytes[offset + 3] = 0
    expect(reader('thing', bytes).text('name')).toBe('kwo')
  })

  it('reads nothing of members without a size', () => {
    const open = reader('open', new Uint8Array(16).fill(0x61))
    for (const name of ['hidden', 'tail']) {
      expect(open.layout.sizeOf(name)).toBe(0)
      expect(open.bytes(name)).toHaveLength(0)
      expect(open.text(name)).toBe('')
      expect(open.integer(name)).toBe(0n)
    }
  })

  it('reads bitfields at any place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (bytes) => {
        let all = 0n
        for (const byte of [...bytes].reverse()) all = all * 256n + BigInt(byte)
        const fields = reader('fields', bytes)
        expect(fields.integer('low')).toBe(all & 7n)
        expect(fields.integer('middle')).toBe(BigInt.asIntN(7, all >> 3n))
        expect(fields.number('flag')).toBe(Number((all >> 10n) & 1n))
        expect(fields.integer('wide')).toBe(BigInt.asUintN(62, all >> 61n))
        expect(fields.integer('deep')).toBe(BigInt.asIntN(40, all >> 130n))
      }),
    )
  })

  it('takes the first of several names that the struct has', () => {
    const thing = reader(
      'thing',
      Uint8Array.from({ length: 120 }, (_, i) => i),
    )
    expect(thing.number('gone', 'older.path', 'u8')).toBe(0)
    expect(thing.number('u16', 'u8')).toBe(0x0302)
    expect(thing.has('gone')).toBe(false)
    expect(thing.has('gone', 'u8')).toBe(true)
    expect(() => thing.number('gone', 'lost')).toThrow(
      "this kernel's struct thing has no member gone or lost; it is laid out in a way not known here",
    )
  })

  it('throws a MemoryFault for what is not in memory, member by member', () => {
    const thing = reader('thing', new Uint8Array(16), page + 2n * 4096n - 16n)
    expect(thing.number('u32')).toBe(0)
    for (const name of ['u64', 'pointer', 'left']) expect(() => thing.integer(name)).toThrow(MemoryFault)
    expect(() => thing.text('name')).toThrow(MemoryFault)
    expect(() => thing.bytes('inner')).toThrow(MemoryFault)
    expect(() => thing.pointer('pointer')).toThrow(MemoryFault)
  })
})

describe('Layouts', () => {
  it('gives structs and unions by name, the same each time', () => {
    expect(layouts.get('thing')).toBe(layouts.get('thing'))
    expect(layouts.get('thing').size).toBe(layouts.get('thing').type.size)
    expect(layouts.get('either').offset('x')).toBe(0)
  })

  it('picks the struct that has a member, where several share a name', () => {
    expect(layouts.get('twin').has('first')).toBe(true)
    expect(layouts.get('twin', 'second').size).toBe(8)
    expect(layouts.find('twin', 'third')).toBeUndefined()
    expect(() => layouts.get('twin', 'third')).toThrow('this kernel has no struct twin with a member third')
  })

  it('has a sentence for a struct that is not there', () => {
    expect(layouts.find('nothing')).toBeUndefined()
    expect(() => layouts.get('nothing')).toThrow(/^this kernel has no struct nothing$/)
    expect(() => layouts.get('only_typedef')).toThrow('has no struct only_typedef')
  })
})
