import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { sizeOf } from '../../src/btf/layout.js'
import type { CType } from '../../src/btf/types.js'
import { CryoscopeError } from '../../src/errors.js'
import { encode, encodedSize, encodeOver } from '../../src/value/encode.js'
import { jsonOf } from '../../src/value/render/json.js'
import { BtfBuilder, type MemberSpec } from '../btf/builder.js'
import { FakeGuest } from './fake-guest.js'
import { build, type Integers } from './types.js'

const context = new FakeGuest().context()
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const made = (make: Parameters<typeof build>[0], value: unknown): string => hex(encode(build(make), value))

/** What making this value is refused with. */
function refusal(make: Parameters<typeof build>[0], value: unknown): string {
  try {
    encode(build(make), value)
  } catch (error) {
    expect(error).toBeInstanceOf(CryoscopeError)
    expect(error).toMatchObject({ code: 'usage' })
    return (error as CryoscopeError).message
  }
  throw new Error('it was made')
}

describe('encode', () => {
  it.each<[keyof Integers, unknown, string]>([
    ['u8', 255, 'ff'],
    ['u8', -1, 'ff'],
    ['s8', -128, '80'],
    ['u16', 0x1234, '3412'],
    ['s16', -2, 'feff'],
    ['u32', 4294967295, 'ffffffff'],
    ['s32', '-5', 'fbffffff'],
    ['u64', 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['u64', '0x123456789abcdef', 'efcdab8967452301'],
    ['s64', '-9223372036854775808', '0000000000000080'],
    ['u128', '0x1ffffffffffffffff', 'ffffffffffffffff0100000000000000'],
    ['bool', true, '01'],
    ['bool', false, '00'],
    ['u32', true, '01000000'],
  ])('makes a %s of %s', (type, value, bytes) => {
    expect(made((_, types) => types[type], value)).toBe(bytes)
  })

  it('makes enums by name and by number', () => {
    const state = (b: BtfBuilder): number => b.enum('state', { IDLE: 0, BUSY: 7, LOST: -1 })
    expect(made(state, 'BUSY')).toBe('07000000')
    expect(made(state, 'LOST')).toBe('ffffffff')
    expect(made(state, 3)).toBe('03000000')
    expect(made((b) => b.enum('wide', { FAR: 2n ** 40n }), 'FAR')).toBe('0000000000010000')
    expect(made((b) => b.enum('small', { A: 1 }, 1), 'A')).toBe('01')
    expect(refusal(state, 'GONE')).toContain('state takes an integer')
  })

  it('makes pointers of addresses, and of what rendering makes of them', () => {
    const pointer = (b: BtfBuilder): number => b.pointer(0)
    const bytes = '00000081ffffffff'
    for (const value of [
      '0xffffffff81000000',
      0xffffffff81000000n,
      { pointer: '0xffffffff81000000', type: 'void *' },
    ])
      expect(made(pointer, value)).toBe(bytes)
    expect(made(pointer, 0)).toBe('0000000000000000')
    expect(refusal(pointer, { address: 0 })).toContain('takes an integer')
    expect(refusal(pointer, { pointer: 'x' })).toContain('takes an integer')
  })

  it('makes floating point numbers, those too that JSON has as text', () => {
    expect(made((b) => b.float('float', 4), 1.5)).toBe('0000c03f')
    expect(made((b) => b.float('double', 8), -2)).toBe('00000000000000c0')
    expect(made((b) => b.float('double', 8), '-Infinity')).toBe('000000000000f0ff')
    expect(made((b) => b.float('double', 8), 'Infinity')).toBe('000000000000f07f')
    expect(made((b) => b.float('float', 4), 'NaN')).toBe('0000c07f')
    expect(refusal((b) => b.float('double', 8), '1.5')).toContain('double takes a number')
    expect(refusal((b) => b.float('half', 2), 1)).toContain('a float of 2 bytes, which cannot be written')
  })

  it('makes arrays, of which the rest is zero', () => {
    const triple = (b: BtfBuilder, { u16 }: Integers): number => b.array(u16, 3)
    expect(made(triple, [1, 2, 3])).toBe('010002000300')
    expect(made(triple, [1])).toBe('010000000000')
    expect(made(triple, [])).toBe('000000000000')
    expect(refusal(triple, [1, 2, 3, 4])).toContain('holds 3 elements, 4 were given')
    expect(refusal(triple, 5)).toContain('takes an array of 3')
    expect(refusal(triple, [1, 'x'])).toContain('[1] takes an integer')
    expect(made((b, { u8 }) => b.array(b.array(u8, 2), 2), [[1], [2, 3]])).toBe('01000203')
  })

  it('makes text, of which the rest is zero', () => {
    const name = (b: BtfBuilder, { char }: Integers): number => b.array(char, 8)
    expect(made(name, 'idle')).toBe('69646c6500000000')
    expect(made(name, 'full8444')).toBe('66756c6c38343434')
    expect(made(name, 'é')).toBe('c3a9000000000000')
    expect(refusal(name, 'nine char')).toContain('holds 8 bytes, the text has 9')
    expect(refusal(name, 'ééééé')).toContain('the text has 10')
    expect(refusal((b, { u16 }) => b.array(u16, 8), 'text')).toContain('takes an array of 8')
  })

  const flow = (b: BtfBuilder, { u8, u16, u32, s32 }: Integers): number =>
    b.struct('flow', [
      { name: 'port', type: u16 },
      { name: 'address', type: b.struct('address', [{ name: 'v4', type: b.array(u8, 4) }]) },
      {
        type: b.union('', [
          { name: 'id', type: u32 },
          { name: 'tag', type: b.array(u8, 4) },
        ]),
      },
      { name: 'low', type: u32, bitOffset: 96, bitSize: 3 },
      { name: 'sign', type: s32, bitOffset: 99, bitSize: 5 },
      { name: 'wide', type: u32, bitOffset: 104, bitSize: 17 },
    ])

  it('makes structs by member, those of anonymous members too', () => {
    expect(made(flow, {})).toBe('00'.repeat(16))
    expect(made(flow, { port: 80, address: { v4: [10, 0, 0, 1] }, id: 7 })).toBe(
      '50000a0000010000' + '07000000' + '00000000',
    )
    expect(made(flow, { tag: [1, 2, 3, 4] })).toBe(`${'00'.repeat(8)}0102030400000000`)
    expect(made(flow, { low: 5, sign: -1, wide: 0x1ffff })).toBe(`${'00'.repeat(12)}fdffff01`)
    expect(made(flow, { sign: -16 })).toBe(`${'00'.repeat(12)}80000000`)
  })

  it.each<[unknown, string]>([
    [{ prot: 1 }, 'flow has no member prot; it has port, address, low, sign, wide'],
    [{ address: { v6: 1 } }, 'flow.address has no member v6; it has v4'],
    [{ address: 5 }, 'flow.address takes an object with its members'],
    [{ address: { v4: [1, 2, 300] } }, 'flow.address.v4[2] has 8 bits, 300 does not fit'],
    [{ low: 8 }, 'flow.low has 3 bits, 8 does not fit'],
    [{ low: -5 }, 'flow.low has 3 bits, -5 does not fit'],
    [{ sign: 'x' }, 'flow.sign takes an integer'],
    [[1], 'flow takes an object with its members'],
    [null, 'flow takes an object with its members'],
    [undefined, 'flow takes an object with its members'],
    ['text', 'flow takes an object with its members'],
  ])('refuses %o, and says where it does not fit', (value, sentence) => {
    expect(refusal(flow, value)).toContain(sentence)
  })

  it.each<[keyof Integers, unknown, string]>([
    ['u8', 256, 'has 8 bits, 256 does not fit'],
    ['s8', -129, 'has 8 bits, -129 does not fit'],
    ['u32', 2 ** 32, 'has 32 bits, 4294967296 does not fit'],
    ['u64', 2n ** 64n, 'has 64 bits'],
    ['u64', -(2n ** 63n) - 1n, 'has 64 bits'],
    ['u32', 1.5, 'takes an integer'],
    ['u32', Number.NaN, 'takes an integer'],
    ['u64', 2 ** 60, 'takes an integer'],
    ['u32', '', 'takes an integer'],
    ['u32', '0x', 'takes an integer'],
    ['u32', '1 2', 'takes an integer'],
    ['u32', null, 'takes an integer'],
    ['u32', {}, 'takes an integer'],
    ['u32', [1], 'takes an integer'],
  ])('refuses to make a %s of %s', (type, value, sentence) => {
    expect(refusal((_, types) => types[type], value)).toContain(sentence)
  })

  it('refuses what has no bytes, or more than anyone writes down', () => {
    expect(refusal(() => 0, 1)).toContain('it has no size')
    expect(refusal((b) => b.forward('secret'), {})).toContain('cannot make a struct secret: it has no size')
    expect(refusal((b, { u64 }) => b.array(u64, 0xffffffff), [])).toContain('it claims 34359738360 bytes')
  })

  it('refuses members that a broken struct has behind its end', () => {
    const broken =
      (type: (types: Integers, b: BtfBuilder) => number, member: Partial<MemberSpec> = {}) =>
      (b: BtfBuilder, types: Integers): number =>
        b.struct('broken', [{ name: 'x', type: type(types, b), ...member }], 4)
    expect(
      refusal(
        broken(({ u64 }) => u64),
        { x: 1 },
      ),
    ).toContain('broken.x lies outside of it')
    expect(
      refusal(
        broken((_, b) => b.float('double', 8)),
        { x: 1 },
      ),
    ).toContain('lies outside')
    expect(
      refusal(
        broken(({ char }, b) => b.array(char, 9)),
        { x: 'abcdefgh' },
      ),
    ).toContain('lies outside')
    const bits = { bitOffset: 30, bitSize: 3 }
    expect(
      refusal(
        broken(({ u32 }) => u32, bits),
        { x: 1 },
      ),
    ).toContain('broken.x lies outside of it')
  })
})

/** One more type, made of those before it. */
type Step = (b: BtfBuilder, types: readonly number[]) => number
const pick = (types: readonly number[], choice: number): number => types[choice % types.length] ?? 1

const scalars: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom(1, 2, 4, 8, 16), fc.boolean()).map(
    ([size, signed]): Step =>
      (b) =>
        b.int(`int${size}`, size, { signed }),
  ),
  fc.constant<Step>((b) => b.int('odd', 4, { bits: 5, bitOffset: 9 })),
  fc.constant<Step>((b) => b.enum('state', { IDLE: 0, BUSY: 3, LOST: -1 })),
  fc.constant<Step>((b) => b.pointer(0)),
)
const derived: fc.Arbitrary<Step> = fc.oneof(
  fc.nat(99).map(
    (n): Step =>
      (b, types) =>
        b.typedef('name', b.const(pick(types, n))),
  ),
  fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 4 })).map(
    ([n, length]): Step =>
      (b, types) =>
        b.array(pick(types, n), length),
  ),
  fc.array(fc.nat(99), { minLength: 1, maxLength: 5 }).map(
    (members): Step =>
      (b, types) =>
        b.struct(
          'thing',
          members.map((n, i) => ({ name: `m${i}`, type: pick(types, n) })),
        ),
  ),
  fc.tuple(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 1, max: 31 }), fc.boolean()).map(
    ([first, second, signed]): Step =>
      (b) => {
        const type = b.int('int', 4, { signed })
        return b.struct('fields', [
          { name: 'a', type, bitOffset: 0, bitSize: first },
          { name: 'b', type, bitOffset: 32, bitSize: second },
        ])
      },
  ),
)
const texts: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>((b) => b.array(b.int('char', 1, { signed: true }), 6)),
  fc.constant<Step>((b) => b.int('_Bool', 1, { bool: true })),
  fc.constant<Step>((b) => b.float('double', 8)),
)

const typeOf = (steps: readonly Step[]): CType => {
  const b = new BtfBuilder()
  const types: number[] = []
  for (const step of steps) types.push(step(b, types))
  return Btf.parse(b.build()).type(types.at(-1) ?? 0)
}
const typesOf = (first: fc.Arbitrary<Step>): fc.Arbitrary<CType> =>
  fc
    .tuple(fc.array(first, { minLength: 1, maxLength: 4 }), fc.array(derived, { maxLength: 4 }))
    .map(([a, b]) => typeOf([...a, ...b]))

describe('encodeOver', () => {
  /** Bitfields of 3, 5, 17 and 7 bits in one word. */
  const fields = build((b, { u32 }) => {
    let bit = 0
    const members = [3, 5, 17, 7].map((bitSize, i): MemberSpec => {
      const member = { name: `f${i}`, type: u32, bitOffset: bit, bitSize }
      bit += bitSize
      return member
    })
    return b.struct('fields', members)
  })
  const word = (bytes: Uint8Array): number => new DataView(bytes.buffer).getUint32(0, true)

  it.each([
    ['f0', 0x0000_0007],
    ['f1', 0x0000_00f8],
    ['f2', 0x01ff_ff00],
    ['f3', 0xfe00_0000],
  ])('changes the bits of %s and none beside them', (name, mask) => {
    const set = new Uint8Array(4).fill(0xff)
    expect(word(encodeOver(fields, { [name]: 0 }, set))).toBe(~mask >>> 0)
    expect(word(encodeOver(fields, { [name]: -1 }, new Uint8Array(4)))).toBe(mask)
    // What was there is not what is changed.
    expect([...set]).toEqual([255, 255, 255, 255])
  })

  it('keeps members and elements that are left out', () => {
    const type = build((b, { u8, u16 }) =>
      b.struct('pair', [
        { name: 'a', type: u16 },
        { name: 'list', type: b.array(u8, 2) },
      ]),
    )
    expect(hex(encodeOver(type, { a: 0x1234 }, Uint8Array.of(1, 2, 3, 4)))).toBe('34120304')
    expect(hex(encodeOver(type, {}, Uint8Array.of(1, 2, 3, 4)))).toBe('01020304')
  })
})

describe('encode and jsonOf', () => {
  const filled = (type: CType, noise: fc.Stream<number>): Uint8Array =>
    Uint8Array.from([...noise.take(Math.min(sizeOf(type) ?? 0, 4096))])

  it('are each other’s reverse: what was rendered gives the bytes again, padding aside', () => {
    fc.assert(
      fc.property(typesOf(scalars), fc.infiniteStream(fc.nat(255)), (type, noise) => {
        const json = jsonOf(context, type, filled(type, noise))
        const bytes = encode(type, json)
        expect(jsonOf(context, type, bytes)).toEqual(json)
        // Made without what lies between the members, the bytes are the same each time.
        expect(hex(encode(type, jsonOf(context, type, bytes)))).toBe(hex(bytes))
      }),
      { numRuns: 400 },
    )
  })

  it('agree on bytes that have no padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 44, maxLength: 44 }), (bytes) => {
        const type = build((b, { u8, s16, s32, u64, s128 }) =>
          b.struct(
            'full',
            [
              { name: 'a', type: s128 },
              { name: 'b', type: u64 },
              { name: 'c', type: b.pointer(u8) },
              { name: 'd', type: b.array(s16, 3) },
              { name: 'e', type: b.array(u8, 2) },
              { name: 'f', type: s32, bitOffset: 320, bitSize: 11 },
              { name: 'g', type: s32, bitOffset: 331, bitSize: 21 },
            ],
            44,
          ),
        )
        expect(hex(encode(type, jsonOf(context, type, bytes)))).toBe(hex(bytes))
      }),
    )
  })

  it('keep text, truth and floating point numbers as they read', () => {
    fc.assert(
      fc.property(typesOf(texts), fc.infiniteStream(fc.nat(127)), (type, noise) => {
        const json = jsonOf(context, type, filled(type, noise))
        expect(jsonOf(context, type, encode(type, json))).toEqual(json)
      }),
      { numRuns: 200 },
    )
  })
})

it('encode makes or refuses any value, with a sentence', () => {
  fc.assert(
    fc.property(typesOf(fc.oneof(scalars, texts)), fc.anything({ withBigInt: true }), (type, value) => {
      try {
        expect(encode(type, value)).toHaveLength(sizeOf(type) ?? -1)
      } catch (error) {
        expect(error).toBeInstanceOf(CryoscopeError)
      }
    }),
    { numRuns: 300 },
  )
})

describe('encode at the edges of a type', () => {
  it('holds enums to their bits, also by number', () => {
    const small = (b: BtfBuilder): number => b.enum('small', { A: 1 }, 1)
    expect(made(small, 255)).toBe('ff')
    expect(refusal(small, 256)).toContain('small has 8 bits, 256 does not fit')
    const state = (b: BtfBuilder): number => b.enum('state', { IDLE: 0 })
    expect(refusal(state, 2 ** 32)).toContain('has 32 bits')
    expect(made((b) => b.array(b.enum('small', { A: 1, B: 2 }, 1), 3), ['B', 'A', 7])).toBe('020107')
  })

  it('writes enums into bitfields by name, and refuses a name that needs more bits', () => {
    const flags = (b: BtfBuilder, { u32 }: Integers): number =>
      b.struct('flags', [
        { name: 'low', type: u32, bitOffset: 0, bitSize: 3 },
        { name: 'mode', type: b.enum('mode', { OFF: 0, ON: 2 }), bitOffset: 3, bitSize: 2 },
      ])
    expect(made(flags, { low: 7, mode: 'ON' })).toBe('17000000')
    expect(refusal(flags, { mode: 4 })).toContain('flags.mode has 2 bits, 4 does not fit')
    expect(refusal(flags, { mode: 'NONE' })).toContain('flags.mode takes an integer')
  })

  it('writes old-style bits of integers where they are', () => {
    const odd = (b: BtfBuilder): number => b.int('odd', 4, { bits: 5, bitOffset: 9 })
    expect(made(odd, 31)).toBe('003e0000')
    expect(refusal(odd, 32)).toContain('has 5 bits')
    // More bits than its bytes have are those that its bytes have.
    const broken = (b: BtfBuilder): number => b.int('odd', 4, { bits: 32, bitOffset: 8 })
    expect(made(broken, 0xffffff)).toBe('00ffffff')
    expect(refusal(broken, 0x1000000)).toContain('has 24 bits')
  })

  it('takes the last bit and byte of a struct, and none behind it', () => {
    const struct =
      (bitOffset: number, bitSize: number) =>
      (b: BtfBuilder, { u32 }: Integers): number =>
        b.struct('tight', [{ name: 'x', type: u32, bitOffset, bitSize }], 4)
    expect(made(struct(29, 3), { x: 7 })).toBe('000000e0')
    expect(refusal(struct(30, 3), { x: 0 })).toContain('tight.x lies outside of it')
    const nested = (offset: number) => (b: BtfBuilder, types: Integers) =>
      b.struct('outer', [{ name: 'in', type: struct(29, 3)(b, types), offset }], 8)
    expect(made(nested(4), { in: { x: 7 } })).toBe('00000000000000e0')
    expect(refusal(nested(5), { in: { x: 7 } })).toContain('outer.in lies outside of it')
  })

  it('writes each member of an array of structs at its own place', () => {
    const pairs = (b: BtfBuilder, { u8, u16 }: Integers): number =>
      b.array(
        b.struct('pair', [
          { name: 'a', type: u8 },
          { name: 'b', type: u16 },
        ]),
        2,
      )
    expect(made(pairs, [{ a: 1, b: 2 }, { b: 0x304 }])).toBe('0100020000000403')
  })

  it('refuses numbers where bytes of an array do not hold them', () => {
    const bytes = (b: BtfBuilder, { u8 }: Integers): number => b.array(u8, 2)
    expect(refusal(bytes, [1, 300])).toContain('[1] has 8 bits, 300 does not fit')
    expect(refusal(bytes, { 0: 1 })).toContain('takes an array of 2')
    expect(made(bytes, 'ab')).toBe('6162')
  })

  it('clears what was behind a shorter text, and nothing beside it', () => {
    const type = build((b, { char, u8 }) =>
      b.struct('named', [
        { name: 'first', type: u8 },
        { name: 'comm', type: b.array(char, 4) },
        { name: 'last', type: u8 },
      ]),
    )
    expect(hex(encodeOver(type, { comm: 'x' }, new Uint8Array(6).fill(0xff)))).toBe('ff78000000ff')
  })

  it('refuses members without a size, and functions', () => {
    const holder = (member: (b: BtfBuilder) => number) => (b: BtfBuilder) =>
      b.struct('holder', [{ name: 'x', type: member(b), offset: 0 }], 8)
    expect(
      refusal(
        holder((b) => b.forward('secret')),
        { x: 1 },
      ),
    ).toContain('holder.x has no size')
    expect(
      refusal(
        holder((b) => b.array(b.forward('secret'), 0)),
        { x: [] },
      ),
    ).toMatch(/holder\.x has (no size|elements without a size)/)
  })

  it('takes 256 MiB, and no byte more', () => {
    const array =
      (length: number) =>
      (b: BtfBuilder, { u8 }: Integers): number =>
        b.array(u8, length)
    expect(encodedSize(build(array(2 ** 28)))).toBe(2 ** 28)
    expect(() => encodedSize(build(array(2 ** 28 + 1)))).toThrow('it claims 268435457 bytes')
  })

  it('copies what was there as far as the type goes', () => {
    const type = build((b, { u16 }) => b.array(u16, 2))
    expect(hex(encodeOver(type, [7], Uint8Array.of(1, 2, 3, 4, 5, 6)))).toBe('07000304')
  })
})
