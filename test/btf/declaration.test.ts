import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { declare } from '../../src/btf/declaration.js'
import { parseTypeName } from '../../src/btf/parse-type-name.js'
import { typeName } from '../../src/btf/type-name.js'
import { BtfBuilder } from './builder.js'

const b = new BtfBuilder()
const int = b.int('int', 4, { signed: true })
const u8 = b.int('unsigned char', 1)
const u32 = b.typedef('u32', b.int('unsigned int', 4))
const char = b.int('char', 1, { signed: true })
const long = b.int('long int', 8, { signed: true })
const text = b.pointer(b.const(char))
const list = b.struct('list_head', (self) => [
  { name: 'next', type: b.pointer(self) },
  { name: 'prev', type: b.pointer(self) },
])
const callback = b.pointer(
  b.prototype(int, [{ type: b.pointer(list) }, { name: 'why', type: text }], { variadic: true }),
)
const holey = b.struct('holey', [
  { name: 'a', type: u8 },
  { name: 'b', type: long },
  { name: 'c', type: u8 },
])
b.struct('everything', [
  { name: 'head', type: list },
  { name: 'flag', type: u32, bitOffset: 128, bitSize: 1 },
  { name: 'mode', type: u32, bitOffset: 131, bitSize: 4 },
  {
    type: b.union('', [
      { name: 'number', type: long },
      { name: 'text', type: text },
    ]),
  },
  {
    name: 'inner',
    type: b.struct('', [
      { name: 'x', type: int },
      { name: 'y', type: int },
    ]),
  },
  { name: 'call', type: callback },
  { name: 'holey', type: holey },
  { name: 'aligned', type: int, offset: 128 },
  { name: 'rest', type: b.array(char, 0) },
])
b.struct(
  'packed',
  [
    { name: 'a', type: u8, offset: 0 },
    { name: 'b', type: u32, offset: 1 },
  ],
  5,
)
b.enum('color', { RED: 0, LONG_NAME: -1 })
b.typedef('point_t', b.struct('', [{ name: 'x', type: int }]))
b.typedef('handler_t', callback)
b.function('schedule', b.prototype(0))
b.variable('counter', b.array(u32, 3), 'static')
b.forward('hidden')
b.struct('evil\u001b[2J', [{ name: 'a\nb', type: int }])
const btf = Btf.parse(b.build())

const show = (name: string, offsets: boolean): string => {
  const type = btf.find(name) ?? btf.find(name, 'function') ?? btf.find(name, 'variable')
  if (type === undefined) throw new Error(`no ${name}`)
  return declare(type, { offsets })
}

describe('arrays without a length', () => {
  const parsed = (make: (b: BtfBuilder, array: number, int: number) => number): string[] => {
    const own = new BtfBuilder()
    const int = own.int('int', 4, { signed: true })
    const id = make(own, own.array(int, 0), int)
    return declare(Btf.parse(own.build()).type(id)).match(/\w+\[\d*\]/g) ?? []
  }

  it('are open only as the last member of a struct that has others', () => {
    expect(
      parsed((own, array, int) =>
        own.struct('it', [
          { name: 'first', type: array, offset: 0 },
          { name: 'x', type: int, offset: 0 },
          { name: 'middle', type: array, offset: 4 },
          { name: 'y', type: int, offset: 4 },
          { name: 'full', type: own.array(int, 2), offset: 8 },
          { name: 'last', type: array, offset: 16 },
        ]),
      ),
    ).toEqual(['first[0]', 'middle[0]', 'full[2]', 'last[]'])
    expect(parsed((own, array) => own.struct('it', [{ name: 'only', type: array, offset: 0 }]))).toEqual([
      'only[0]',
    ])
    expect(
      parsed((own, array, int) =>
        own.union('it', [
          { name: 'x', type: int },
          { name: 'arm', type: array },
        ]),
      ),
    ).toEqual(['arm[0]'])
  })
})

describe('declare', () => {
  it('prints a struct as pahole does', () => {
    expect(show('everything', true)).toBe(`struct everything {
	struct list_head           head;                 /*     0    16 */
	u32                        flag:1;               /*    16: 0  4 */

	/* XXX 2 bits hole, try to pack */
	u32                        :2;

	u32                        mode:4;               /*    16: 3  4 */

	/* XXX 25 bits hole, try to pack */
	/* XXX 4 bytes hole, try to pack */

	union {
		long int           number;               /*    24     8 */
		const char  *      text;                 /*    24     8 */
	};                                               /*    24     8 */
	struct {
		int                x;                    /*    32     4 */
		int                y;                    /*    36     4 */
	} inner;                                         /*    32     8 */
	int                        (*call)(struct list_head *, const char  * why, ...); /*    40     8 */
	struct holey               holey;                /*    48    24 */

	/* XXX last struct has 7 bytes of padding */
	/* XXX 56 bytes hole, try to pack */

	/* --- cacheline 2 boundary (128 bytes) --- */
	int                        aligned __attribute__((__aligned__(64))); /*   128     4 */
	char                       rest[];               /*   132     0 */

	/* size: 136, cachelines: 3, members: 9 */
	/* sum members: 68, holes: 2, sum holes: 60 */
	/* sum bitfield members: 5 bits, bit holes: 2, sum bit holes: 27 bits */
	/* padding: 4 */
	/* paddings: 1, sum paddings: 7 */
	/* forced alignments: 1, forced holes: 1, sum forced holes: 56 */
	/* last cacheline: 8 bytes */
};`)
  })

  it('prints only C without offsets', () => {
    expect(show('list_head', false)).toBe(
      'struct list_head {\n\tstruct list_head *         next;\n\tstruct list_head *         prev;\n};',
    )
    expect(show('packed', false)).toMatch(/\} __attribute__\(\(__packed__\)\);$/)
    expect(show('everything', false)).not.toContain('/* XXX')
  })

  it('prints every other kind', () => {
    expect(show('color', false)).toBe('enum color {\n\tRED       = 0,\n\tLONG_NAME = -1,\n};')
    expect(show('point_t', false)).toBe('typedef struct {\n\tint                        x;\n} point_t;')
    expect(show('handler_t', false)).toBe(
      'typedef int (*handler_t)(struct list_head *, const char  * why, ...);',
    )
    expect(show('u32', false)).toBe('typedef unsigned int u32;')
    expect(show('schedule', false)).toBe('void schedule(void);')
    expect(show('counter', false)).toBe('static u32 counter[3];')
    expect(show('hidden', false)).toBe('struct hidden;')
  })

  it('escapes what a terminal would act on', () => {
    const printed = show('evil\u001b[2J', true)
    expect(printed).not.toContain('\u001b')
    expect(printed).toContain('a\\nb')
    expect(typeName(parseTypeName(btf, 'color'))).toBe('enum color')
  })
})

it('a member that is a function itself, as only broken BTF has it, is declared like one', () => {
  const own = new BtfBuilder()
  const number = own.int('int', 4, { signed: true })
  own.struct('ops', [{ name: 'call', type: own.prototype(number, [{ name: 'x', type: number }]) }], 8)
  const ops = Btf.parse(own.build()).findStruct('ops')
  if (ops === undefined) throw new Error('no struct ops')
  expect(declare(ops)).toMatch(/^\tint +\(call\)\(int x?\);/m)
})

it('functions that take functions, and qualifiers of qualified types, are declared as C has them', () => {
  const own = new BtfBuilder()
  const number = own.int('int', 4, { signed: true })
  const compare = own.pointer(own.prototype(number, [{ name: 'a', type: number }]))
  own.struct('ops', [
    { name: 'sort', type: own.pointer(own.prototype(number, [{ name: 'by', type: compare }])) },
    { name: 'limit', type: own.const(number), offset: 8 },
    { name: 'clock', type: own.const(own.volatile(number)), offset: 12 },
  ])
  const ops = Btf.parse(own.build()).findStruct('ops')
  if (ops === undefined) throw new Error('no struct ops')
  expect(declare(ops)).toBe(
    [
      'struct ops {',
      '\tint                        (*sort)(int (*by)(int a));',
      '\tconst int                  limit;',
      '\tconst volatile int         clock;',
      '};',
    ].join('\n'),
  )
})

describe('declarations at their edges', () => {
  const declared = (make: (own: BtfBuilder) => number): string => {
    const own = new BtfBuilder()
    const id = make(own)
    return declare(Btf.parse(own.build()).type(id))
  }
  const array = (own: BtfBuilder, dimensions: number): number => {
    let type = own.int('int', 4)
    for (let n = 0; n < dimensions; n++) type = own.array(type, 2)
    return type
  }

  it.each<[string, (own: BtfBuilder) => number]>([
    [`int all${'[2]'.repeat(32)};`, (own) => own.variable('all', array(own, 32))],
    [`int all${'[2]'.repeat(32)};`, (own) => own.variable('all', array(own, 33))],
    ['int all[];', (own) => own.variable('all', own.array(own.int('int', 4), 0))],
    ['extern int all[1];', (own) => own.variable('all', own.array(own.int('int', 4), 1), 'extern')],
    ['typedef enum {\n\tA = 1,\n} color_t;', (own) => own.typedef('color_t', own.enum('', { A: 1 }))],
    ['typedef enum color color_t;', (own) => own.typedef('color_t', own.enum('color', { A: 1 }))],
    [
      'typedef union {\n\tint                        x;\n} u_t;',
      (own) => own.typedef('u_t', own.union('', [{ name: 'x', type: own.int('int', 4) }])),
    ],
    ['typedef void (f_t)(void);', (own) => own.typedef('f_t', own.typeTag('x', own.prototype(0)))],
    // What has no name is nothing before the blank.
    [' (*f)(void);', (own) => own.variable('f', own.pointer(own.prototype(own.int('', 4))))],
    [' f(void);', (own) => own.function('f', own.prototype(own.int('', 4)))],
    ['enum color;', (own) => own.enum('color', {})],
    ['enum {\n\t = 3,\n} __attribute__((__packed__));', (own) => own.enum('', { '': 3 }, 1)],
    ['union gone;', (own) => own.forward('gone', 'union')],
    ['int *;', (own) => own.pointer(own.int('int', 4))],
  ])('%s', (text, make) => {
    expect(declared(make)).toBe(text)
  })

  it('end for a member whose tag is about itself', () => {
    const text = declared((own) => {
      const self = own.nextId
      own.typeTag('loop', self)
      return own.struct('it', [{ name: 'x', type: self }], 8)
    })
    expect(text).toContain('{\n\t…                          x;\n}')
  })
})
