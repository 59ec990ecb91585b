import { describe, expect, test } from 'vitest'
import { compileJson } from '../../../src/value/render/compile-json.js'
import { jsonOf } from '../../../src/value/render/json.js'
import { formatValue } from '../../../src/value/render/text.js'
import { build } from '../types.js'
import { bytesOf, context, json } from './both-ways.js'

describe('structs', () => {
  test('are objects with anonymous members looked through', () => {
    const type = build((b, { u8, u16, u32 }) =>
      b.struct('outer', [
        { name: 'a', type: u32 },
        {
          type: b.union('', [
            { name: 'whole', type: u32 },
            {
              type: b.struct('', [
                { name: 'low', type: u16 },
                { name: 'high', type: u16 },
              ]),
            },
          ]),
        },
        { name: 'inner', type: b.struct('inner', [{ name: 'b', type: u8 }]) },
      ]),
    )
    expect(json(type, [1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 0, 0])).toEqual({
      a: 1,
      whole: 0x30002,
      low: 2,
      high: 3,
      inner: { b: 4 },
    })
  })

  test('have bitfields of any place and width', () => {
    const type = build((b, { u32, s32, u64, bool }) =>
      b.struct(
        'bits',
        [
          { name: 'one', type: u32, bitOffset: 0, bitSize: 1 },
          { name: 'signed', type: s32, bitOffset: 1, bitSize: 3 },
          { name: 'across', type: u32, bitOffset: 4, bitSize: 32 },
          { name: 'state', type: b.enum('state', { OFF: 0, ON: 1, BOTH: 3 }), bitOffset: 36, bitSize: 2 },
          { name: 'flag', type: bool, bitOffset: 38, bitSize: 1 },
          { name: 'wide', type: u64, bitOffset: 64, bitSize: 60 },
          { name: 'full', type: u64, bitOffset: 130, bitSize: 64 },
        ],
        32,
      ),
    )
    let word = 0n
    const set = (value: bigint, offset: bigint, width: number) => {
      word |= BigInt.asUintN(width, value) << offset
    }
    set(1n, 0n, 1)
    set(-2n, 1n, 3)
    set(0xfedcba98n, 4n, 32)
    set(3n, 36n, 2)
    set(1n, 38n, 1)
    set(0x923456789abcdefn, 64n, 60)
    set(0xffff_ffff_ffff_fff5n, 130n, 64)
    const bytes = bytesOf(...[0n, 64n, 128n, 192n].map((shift) => BigInt.asUintN(64, word >> shift)))
    expect(json(type, bytes)).toEqual({
      one: 1,
      signed: -2,
      across: 0xfedcba98,
      state: 'BOTH',
      flag: true,
      wide: `${0x923456789abcdefn}`,
      full: '18446744073709551605',
    })
  })

  test('have old-style bitfields, whose width is their type’s', () => {
    const type = build((b) => {
      const three = b.int('int', 4, { bits: 3, signed: true })
      const shifted = b.int('unsigned int', 4, { bits: 4, bitOffset: 3 })
      return b.struct(
        'old',
        [
          { name: 'a', type: three, offset: 0 },
          { name: 'b', type: shifted, offset: 0 },
        ],
        4,
      )
    })
    expect(json(type, [0b0101_1101, 0, 0, 0])).toEqual({ a: -3, b: 0b1011 })
  })

  test('are read at an offset', () => {
    const type = build((b, { u16 }) =>
      b.struct('pair', [
        { name: 'a', type: u16 },
        { name: 'b', type: u16 },
      ]),
    )
    expect(json(type, [9, 9, 9, 1, 0, 2, 0], 3)).toEqual({ a: 1, b: 2 })
  })

  test('keep members called __proto__ and doubled names', () => {
    const type = build((b, { u8 }) =>
      b.struct('odd', [
        { name: '__proto__', type: u8 },
        { name: 'twice', type: u8 },
        { name: 'twice', type: u8 },
      ]),
    )
    expect(Object.entries(json(type, [1, 2, 3]) as object)).toEqual([
      ['__proto__', 1],
      ['twice', 2],
    ])
  })

  test('that end early give what is there', () => {
    const type = build((b, { u32 }) => {
      const inner = b.struct('inner', [
        { name: 'b', type: u32 },
        { name: 'c', type: b.array(u32, 4) },
      ])
      return b.struct('outer', [
        { name: 'a', type: u32 },
        { name: 'inner', type: inner },
      ])
    })
    const whole = jsonOf(
      context,
      type,
      Uint8Array.from({ length: 24 }, (_, n) => (n % 4 === 0 ? n : 0)),
    )
    expect(whole).toEqual({ a: 0, inner: { b: 4, c: [8, 12, 16, 20] } })
    const bytes = new Uint8Array(14)
    const missing = 'page not present at 0x1000 (pte)'
    expect(jsonOf(context, type, bytes, 0, { missing })).toEqual({
      a: 0,
      inner: { b: 0, c: [0, { unreadable: missing }, { unreadable: `elements 2 to 3: ${missing}` }] },
    })
    expect(json(type, bytes)).toMatchObject({ inner: { b: 0 } })
  })

  test('can be sections of variables', () => {
    const type = build((b, { u32, u64 }) => {
      const a = b.variable('nr_runs', u64)
      const c = b.variable('debug', u32, 'static')
      return b.section('.bss', [
        { type: a, offset: 0, size: 8 },
        { type: c, offset: 8, size: 4 },
      ])
    })
    expect(json(type, [5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])).toEqual({ nr_runs: 5, debug: 1 })
  })
})

describe('arrays', () => {
  test('can have several dimensions, and be flexible', () => {
    const type = build((b, { u8 }) =>
      b.struct('grid', [
        { name: 'cells', type: b.array(b.array(u8, 2), 2) },
        { name: 'rest', type: b.array(u8, 0) },
      ]),
    )
    expect(json(type, [1, 2, 3, 4, 5])).toEqual({
      cells: [
        [1, 2],
        [3, 4],
      ],
      rest: [],
    })
  })

  test('of nothing are bounded', () => {
    const type = build((b) => b.array(b.struct('empty', []), 2 ** 31))
    expect(json(type, [])).toEqual({ hex: '', reason: 'array of 2147483648 elements without size' })
  })
})

describe('cpumasks', () => {
  const mask = build((b, { u64 }) => b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 128) }]))

  test('are lists of the CPUs that the machine has', () => {
    expect(json(mask, [0xf5, 0xff, ...new Array(1022).fill(0xff)])).toBe('0,2')
    expect(json(mask, new Uint8Array(1024))).toBe('')
  })

  test('need only the bytes that count', () => {
    expect(jsonOf(context, mask, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0))).toBe('0-1')
    expect(jsonOf(context, mask, Uint8Array.of(3))).toEqual({ unreadable: 'the bytes end before this' })
  })

  test('are found behind typedefs and in the BPF struct', () => {
    const bpf = build((b, { u64, s32 }) => {
      const cpumask = b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 2) }])
      const bpf = b.struct('bpf_cpumask', [
        { name: 'cpumask', type: b.typedef('cpumask_t', cpumask) },
        { name: 'usage', type: s32 },
      ])
      return b.array(bpf, 1)
    })
    expect(json(bpf, [0b1010, ...new Array(23).fill(0)])).toEqual(['1,3'])
  })

  test('without bits are structs like any other', () => {
    expect(
      json(
        build((b) => b.struct('cpumask', [])),
        [],
      ),
    ).toEqual({})
    expect(
      json(
        build((b, { u32 }) => b.struct('cpumask', [{ name: 'bits', type: u32 }])),
        [1, 0, 0, 0],
      ),
    ).toEqual({ bits: 1 })
  })
})

describe('what has no value', () => {
  test('is bytes and a reason', () => {
    expect(
      json(
        build((b) => b.const(0)),
        [],
      ),
    ).toEqual({ hex: '', reason: 'void has no value' })
    expect(
      json(
        build((b) => b.forward('secret')),
        [],
      ),
    ).toEqual({
      hex: '',
      reason: 'only a forward declaration of struct secret is known',
    })
    expect(
      json(
        build((b) => b.prototype(0)),
        [],
      ),
    ).toEqual({ hex: '', reason: 'a function is not data' })
    expect(
      json(
        build((b) => b.nextId + 5),
        [],
      ),
    ).toMatchObject({ hex: '' })
  })
})

describe('hostile types', () => {
  test('that hold themselves end', () => {
    const one = build((b) => b.struct('self', (self) => [{ name: 'in', type: self, offset: 0 }], 8))
    expect(JSON.stringify(json(one, new Uint8Array(8)))).toContain('nested deeper than 32')
    const many = build((b) =>
      b.struct(
        'self',
        (self) => Array.from({ length: 50 }, (_, n) => ({ name: `m${n}`, type: self, offset: 0 })),
        8,
      ),
    )
    expect(JSON.stringify(json(many, new Uint8Array(8)))).toContain('far more values')
    const anonymous = build((b) =>
      b.struct(
        'self',
        (self) => [
          { type: self, offset: 0 },
          { type: self, offset: 0 },
        ],
        8,
      ),
    )
    expect(JSON.stringify(json(anonymous, new Uint8Array(8)))).toContain('holds itself')
  })

  test('that repeat the same bytes without end are cut', () => {
    const type = build((b, { u8 }) => {
      let inner = b.struct('s0', [{ name: 'a', type: u8 }], 1)
      for (let n = 1; n < 20; n++) {
        inner = b.union(
          `s${n}`,
          Array.from({ length: 10 }, (_, m) => ({ name: `m${m}`, type: inner })),
        )
      }
      return inner
    })
    expect(JSON.stringify(json(type, [1]))).toContain('far more values')
  })

  test('that claim a size which no memory has are cut by what is there', () => {
    const type = build((b, { u8, u32 }) => {
      let inner = b.struct('s0', [{ name: 'a', type: u8 }], 1)
      for (let n = 1; n < 20; n++) {
        inner = b.union(
          `s${n}`,
          Array.from({ length: 10 }, (_, m) => ({ name: `m${m}`, type: inner })),
        )
      }
      return b.struct('huge', [
        { name: 'repeated', type: inner, offset: 0 },
        { name: 'claimed', type: b.array(u32, 0xffff_ffff), offset: 0 },
      ])
    })
    const text = JSON.stringify(json(type, [1, 2, 3, 4]))
    expect(text).toContain('far more values')
    expect(text.length).toBeLessThan(2_000_000)
    const shown = formatValue(context, type, Uint8Array.of(1, 2, 3, 4))
    expect(shown).toContain('far more values')
    expect(shown.length).toBeLessThan(20_000_000)
  })

  test('are compiled without asking for the pointers of each element that they claim', () => {
    let asked = 0
    const recoverPointer = (): undefined => {
      asked++
    }
    const type = build((b, { u64 }) =>
      b.struct('table', [{ name: 'words', type: b.array(u64, 0x1fff_ffff) }]),
    )
    const render = compileJson({ ...context, recoverPointer }, type)
    expect(asked).toBe(0)
    const bytes = new Uint8Array(8)
    expect(render(new DataView(bytes.buffer), bytes, 0)).toContain('elements 1 to 536870910')
  })

  test('that never end are bytes', () => {
    const loop = build((b) => b.typedef('loop', b.nextId))
    expect(json(loop, [])).toMatchObject({ hex: '' })
    const array = build((b) => {
      const id = b.nextId
      return b.array(id, 2)
    })
    expect(json(array, [])).toMatchObject({ hex: '' })
  })
})

describe('values that end early', () => {
  const missing = { unreadable: 'the bytes end before this' }

  test('are each told, also bits and sets of CPUs', () => {
    const type = build((b, { u8, u32, u64 }) =>
      b.struct('cut', [
        { name: 'a', type: u8 },
        { name: 'bits', type: u32, bitOffset: 12, bitSize: 6 },
        { name: 'state', type: b.enum('state', { ON: 1 }), bitOffset: 18, bitSize: 2 },
        { name: 'mask', type: b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 2) }]), offset: 8 },
        { name: 'last', type: b.array(u8, 2), offset: 24 },
      ]),
    )
    const bytes = [1, 0xf0, 0b0111, 0, 0, 0, 0, 0, 0b101, ...new Array(15).fill(0), 8, 9]
    const whole = { a: 1, bits: 0b111111, state: 'ON', mask: '0,2', last: [8, 9] }
    expect(json(type, bytes)).toEqual(whole)
    const none = { unreadable: 'elements 0 to 1: the bytes end before this' }
    expect(json(type, bytes.slice(0, 25))).toEqual({
      ...whole,
      last: [8, { unreadable: 'elements 1 to 1: the bytes end before this' }],
    })
    // The machine has four CPUs, so that one word of the mask is enough.
    expect(json(type, bytes.slice(0, 16))).toEqual({ ...whole, last: [none] })
    expect(json(type, bytes.slice(0, 15))).toEqual({ ...whole, mask: missing, last: [none] })
    expect(json(type, bytes.slice(0, 3))).toEqual({ ...whole, mask: missing, last: [none] })
    expect(json(type, bytes.slice(0, 2))).toEqual({
      a: 1,
      bits: missing,
      state: missing,
      mask: missing,
      last: [none],
    })
  })

  test('are whole where what is missing lies behind them', () => {
    const type = build((b, { u16 }) =>
      b.struct('pair', [
        { name: 'a', type: u16 },
        { name: 'b', type: u16 },
      ]),
    )
    expect(json(type, [9, 1, 0, 2, 0, 9], 1)).toEqual({ a: 1, b: 2 })
    expect(json(type, [9, 1, 0, 2, 0], 1)).toEqual({ a: 1, b: 2 })
    expect(json(type, [9, 1, 0, 2], 1)).toEqual({ a: 1, b: missing })
    expect(json(type, [9, 1], 2)).toEqual({ a: missing, b: missing })
  })
})

describe('members that lie outside of a broken struct', () => {
  test('are read where they say that they are', () => {
    const type = build((b, { u8, u32 }) =>
      b.struct(
        'broken',
        [
          { name: 'in', type: u8 },
          { name: 'far', type: u8, offset: 9 },
          { name: 'bits', type: u32, bitOffset: 86, bitSize: 4 },
        ],
        2,
      ),
    )
    const bytes = [1, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0xc0, 0x02]
    expect(json(type, bytes)).toEqual({ in: 1, far: 7, bits: 0b1011 })
    expect(json(type, bytes.slice(0, 11))).toMatchObject({
      in: 1,
      far: 7,
      bits: { unreadable: expect.any(String) },
    })
    const list = build((b, { u8 }) =>
      b.array(b.struct('broken', [{ name: 'far', type: u8, offset: 3 }], 1), 3),
    )
    expect(json(list, [0, 0, 0, 5, 6, 7])).toEqual([{ far: 5 }, { far: 6 }, { far: 7 }])
    expect(json(list, [0, 0, 0, 5, 6])).toEqual([
      { far: 5 },
      { far: 6 },
      { far: { unreadable: expect.any(String) } },
    ])
  })
})

describe('bounds', () => {
  const nested = (depth: number) =>
    build((b, { u8 }) => {
      let type = b.struct('s1', [{ name: 'x', type: u8 }])
      for (let n = 2; n <= depth; n++) type = b.struct(`s${n}`, [{ name: 'in', type }])
      return type
    })

  test('structs are looked at no deeper than they are shown', () => {
    expect(JSON.stringify(json(nested(20_000), [7]))).toContain('nested deeper than 32')
  })

  test('structs are shown 31 deep', () => {
    // The number in the innermost one is the 32nd.
    expect(JSON.stringify(json(nested(31), [7]))).toBe(`${'{"in":'.repeat(30)}{"x":7}${'}'.repeat(30)}`)
    expect(JSON.stringify(json(nested(32), [7]))).toBe(
      `${'{"in":'.repeat(31)}{"x":{"unreadable":"nested deeper than 32"}}${'}'.repeat(31)}`,
    )
    const text = formatValue(context, nested(32), Uint8Array.of(7), { columns: 1000 })
    expect(text).toBe(`struct s32 ${'{ .in = '.repeat(31)}{ .x = 7 }${' }'.repeat(31)}`)
  })

  test('65536 values are shown, and 64 for each byte', () => {
    const many = (count: number) =>
      build((b, { u8 }) => {
        const inner = b.union(
          'inner',
          Array.from({ length: 99 }, (_, n) => ({ name: `m${n}`, type: u8 })),
        )
        // Each takes 100 values; the struct itself one.
        return b.struct(
          'outer',
          Array.from({ length: count }, (_, n) => ({ name: `o${n}`, type: inner, offset: 0 })),
          1,
        )
      })
    const cuts = (count: number): number =>
      JSON.stringify(json(many(count), [1])).match(/far more values/g)?.length ?? 0
    // 65536 + 64 are 655 of them, the struct, and 99 more.
    expect(cuts(655)).toBe(0)
    expect(cuts(656)).toBe(1)
    const text = formatValue(context, many(656), Uint8Array.of(1))
    expect(text.match(/far more values/g)).toHaveLength(1)
    expect(formatValue(context, many(655), Uint8Array.of(1))).not.toContain('far more')
  })
})

test('enums of any size give names for the bits that are stored', () => {
  const wide = build((b) => b.enum('wide', { ALL: 0xffffffffffffffffn, FAR: 2n ** 40n }))
  expect(json(wide, bytesOf(2n ** 40n))).toBe('FAR')
  expect(json(wide, bytesOf(-1n))).toBe('ALL')
  expect(json(wide, bytesOf(5n))).toBe(5)
  const small = build((b) => b.enum('small', { NO: -1, YES: 1 }, 2))
  expect(json(small, [0xff, 0xff])).toBe('NO')
  expect(json(small, [0xfe, 0xff])).toBe(-2)
  const signed = build((b) =>
    b.struct('s', [
      { name: 'e', type: b.enum('e', { NO: -1, YES: 1 }), bitOffset: 0, bitSize: 2 },
      { name: 'f', type: b.enum('f', { ON: 3 }), bitOffset: 2, bitSize: 2 },
    ]),
  )
  expect(json(signed, [0b1111, 0, 0, 0])).toEqual({ e: 'NO', f: 'ON' })
  expect(json(signed, [0b1010, 0, 0, 0])).toEqual({ e: -2, f: 2 })
})

test('text of any length is as it is, with what JSON escapes', () => {
  const type = build((b, { char }) => b.array(char, 40))
  for (const text of [
    '',
    'a',
    'x'.repeat(24),
    'x'.repeat(25),
    'x'.repeat(40),
    ' ~',
    '"',
    '\\',
    '\u001f',
    '\u007f',
  ])
    expect(json(type, Buffer.concat([Buffer.from(text), Buffer.alloc(40)]).subarray(0, 40))).toBe(text)
  expect(
    json(
      type,
      Buffer.concat([Buffer.alloc(3, 0x41), Buffer.from(`x${'y'.repeat(29)}\0z`), Buffer.alloc(40)]),
      3,
    ),
  ).toBe(`x${'y'.repeat(29)}`)
})
