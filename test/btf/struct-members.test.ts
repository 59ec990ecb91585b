import { describe, expect, it } from 'vitest'
import type { BtfBuilder } from './builder.js'
import { bits, type Make, member, printed } from './printed.js'

/** What pahole prints of each, but for tags, which old ones do not know. */
it.each<[string, Make, string]>([
  [
    'arms of a union that must be packed',
    (b, { u8, u16, u32 }) =>
      b.union(
        'it',
        [
          member('a', b.struct('', [member('x', u32)])),
          member('b', b.array(u8, 6)),
          { type: b.struct('', [member('y', u8, 0), member('z', u16, 1)], 3) },
          member('c', b.struct('', [member('x', u16)])),
        ],
        6,
      ),
    `union it {
	struct {
		u32                x;                  /*     0     4 */
	} __attribute__((__packed__)) a;               /*     0     4 */
	u8                         b[6];               /*     0     6 */
	struct {
		u8                 y;                  /*     0     1 */
		u16                z;                  /*     1     2 */
	} __attribute__((__packed__));                 /*     0     3 */
	struct {
		u16                x;                  /*     0     2 */
	} c;                                           /*     0     2 */
};`,
  ],
  [
    'a union, whose arms all begin at its start',
    (b, { u8, u32, u64 }) =>
      b.union('it', [
        member('a', u32),
        member(
          's',
          b.struct('', [member('x', b.array(u64, 7)), member('y', b.array(u64, 2)), member('z', u8)]),
        ),
        member('t', b.struct('', [member('x', b.array(u64, 8)), member('y', u8)])),
        member('z', b.array(u8, 100)),
        bits('bit', u32, 0, 3),
      ]),
    `union it {
	u32                        a;                  /*     0     4 */
	struct {
		u64                x[7];               /*     0    56 */
		u64                y[2];               /*    56    16 */
		/* --- cacheline 1 boundary (64 bytes) was 8 bytes ago --- */
		u8                 z;                  /*    72     1 */
	} s;                                           /*     0    80 */
	struct {
		u64                x[8];               /*     0    64 */
		/* --- cacheline 1 boundary (64 bytes) --- */
		u8                 y;                  /*    64     1 */
	} t;                                           /*     0    72 */
	u8                         z[100];             /*     0   100 */
	u32                        bit:3;              /*     0: 0  4 */
};`,
  ],
  [
    'unions far from the start of a struct',
    (b, { u8, u32, u64 }) =>
      b.struct('it', [
        member('a', b.array(u64, 9)),
        member(
          'u',
          b.union('', [
            member('x', b.struct('', [member('p', u64), member('q', u64)])),
            { type: b.union('', [member('deep', u32), member('array', b.array(u8, 0))]) },
          ]),
        ),
      ]),
    `struct it {
	u64                        a[9];                 /*     0    72 */
	/* --- cacheline 1 boundary (64 bytes) was 8 bytes ago --- */
	union {
		struct {
			u64        p;                    /*    72     8 */
			u64        q;                    /*    80     8 */
		} x;                                     /*    72    16 */
		union {
			u32        deep;                 /*    72     4 */
			u8         array[0];             /*    72     0 */
		};                                       /*    72     4 */
	} u;                                             /*    72    16 */

	/* size: 88, cachelines: 2, members: 2 */
	/* last cacheline: 24 bytes */
};`,
  ],
  [
    'types without a name, where they are used',
    (b, { u32, u64 }) =>
      b.struct('it', [
        member('mode', b.enum('', { OFF: 0, STANDBY: 1 })),
        { type: b.enum('', { X: 1 }) },
        member(
          'p',
          b.pointer(b.struct('', [member('x', u32), member('q', b.struct('', [member('z', u64)]), 8)])),
        ),
        member('e', b.pointer(b.enum('', { Y: 2 }))),
        member(
          'u',
          b.union('', [
            member('x', u32),
            {
              type: b.struct('', [
                member('in', b.struct('', [member('deep', u64)])),
                member('mode', b.enum('', { ON: 1 })),
              ]),
            },
          ]),
        ),
        member('a_long_name_of_a_member_that_goes_beyond_the_columns', u32),
        member('a_long_name_of_a_struct_that_goes_beyond_the_columns', b.struct('', [member('x', u32)])),
      ]),
    `struct it {
	enum {
		OFF     = 0,
		STANDBY = 1,
	} mode;                                          /*     0     4 */
	enum {
		X = 1,
	};                                               /*     4     4 */
	struct {
		u32        x;                    /*     0     4 */

		/* XXX 4 bytes hole, try to pack */

		struct {
			u64 z;                   /*     0     8 */
		} q;                             /*     8     8 */
	} * p; /*     8     8 */
	enum {
		Y = 2,
	} * e;                          /*    16     8 */
	union {
		u32                x;                    /*    24     4 */
		struct {
			struct {
				u64 deep;                /*    24     8 */
			} in;                            /*    24     8 */
			enum {
				ON = 1,
			} mode;                          /*    32     4 */
		};                                       /*    24    16 */
	} u;                                             /*    24    16 */
	u32                        a_long_name_of_a_member_that_goes_beyond_the_columns; /*    40     4 */
	struct {
		u32                x;                    /*    44     4 */
	} a_long_name_of_a_struct_that_goes_beyond_the_columns;      /*    44     4 */

	/* size: 48, cachelines: 1, members: 7 */
	/* last cacheline: 48 bytes */
};`,
  ],
  [
    'types that have a name',
    (b, { u32 }) =>
      b.struct('it', [
        member('a', b.pointer(b.enum('level', { LOW: 0 }))),
        member('b', b.enum('level', { LOW: 0 })),
        member('c', b.union('both', [member('x', u32)])),
        member('d', b.struct('a_struct_with_a_name_beyond_columns', [member('x', u32)])),
        member('e', b.pointer(b.struct('one', [member('x', u32)]))),
      ]),
    `struct it {
	enum level *               a;                    /*     0     8 */
	enum level                 b;                    /*     8     4 */
	union both                 c;                    /*    12     4 */
	struct a_struct_with_a_name_beyond_columns d;    /*    16     4 */

	/* XXX 4 bytes hole, try to pack */

	struct one *               e;                    /*    24     8 */

	/* size: 32, cachelines: 1, members: 5 */
	/* sum members: 28, holes: 1, sum holes: 4 */
	/* last cacheline: 32 bytes */
};`,
  ],
  [
    'attributes of alignment',
    (b, { u8, u32 }) =>
      b.struct('it', [
        member('a', b.array(u8, 4)),
        member('in', b.struct('', [member('x', u32)], 64), 64),
        { type: b.struct('', [member('y', u32)], 16), offset: 128 },
        member('s', b.struct('', [member('p', u8, 0), member('q', u32, 1)], 5), 144),
        member('c', u32, 192),
      ]),
    `struct it {
	u8                         a[4];                 /*     0     4 */

	/* XXX 60 bytes hole, try to pack */

	/* --- cacheline 1 boundary (64 bytes) --- */
	struct {
		u32                x;                    /*    64     4 */
	} __attribute__((__aligned__(64))) in __attribute__((__aligned__(64)));           /*    64    64 */

	/* XXX last struct has 60 bytes of padding */

	/* --- cacheline 2 boundary (128 bytes) --- */
	struct {
		u32                y;                    /*   128     4 */
	} __attribute__((__aligned__(16)));                                               /*   128    16 */

	/* XXX last struct has 12 bytes of padding */

	struct {
		u8                 p;                    /*   144     1 */
		u32                q;                    /*   145     4 */
	} __attribute__((__packed__)) s;                 /*   144     5 */

	/* XXX 43 bytes hole, try to pack */

	/* --- cacheline 3 boundary (192 bytes) --- */
	u32                        c __attribute__((__aligned__(64))); /*   192     4 */

	/* size: 196, cachelines: 4, members: 5 */
	/* sum members: 93, holes: 2, sum holes: 103 */
	/* paddings: 2, sum paddings: 72 */
	/* forced alignments: 2, forced holes: 2, sum forced holes: 103 */
	/* last cacheline: 4 bytes */
};`,
  ],
  [
    'an alignment that only the size shows',
    (b, { u32 }) => b.struct('it', [member('x', u32)], 64),
    `struct it {
	u32                        x;                    /*     0     4 */

	/* size: 64, cachelines: 1, members: 1 */
	/* padding: 60 */
} __attribute__((__aligned__(64)));`,
  ],
  [
    'arrays of arrays, of constants, and without a length',
    (b, { u8, u32 }) =>
      b.struct('it', [
        member('matrix', b.array(b.array(u32, 3), 2)),
        member('four', b.array(b.const(u8), 4)),
        member('none', b.array(b.const(u8), 0), 28),
        member('tagged', b.array(b.typeTag('x', u32), 1)),
        member('open', b.array(b.const(b.typeTag('y', u32)), 0)),
      ]),
    `struct it {
	u32                        matrix[2][3];         /*     0    24 */
	const u8                   four[4];              /*    24     4 */
	u8                         none[0];              /*    28     0 */
	u32                        tagged[1];            /*    28     4 */
	u32                        open[];               /*    32     0 */

	/* size: 32, cachelines: 1, members: 5 */
	/* last cacheline: 32 bytes */
};`,
  ],
  [
    'qualifiers and tags',
    (b, { u32 }) =>
      b.struct('it', [
        member('one', b.const(b.struct('', [member('k', u32)]))),
        member('both', b.const(b.typeTag('rcu', b.volatile(u32)))),
        member('twice', b.const(b.const(u32))),
        member('restricted', b.const(b.restrict(b.pointer(u32)))),
        member('tagged', b.typeTag('rcu', b.declTag('x', b.struct('one', [member('x', u32)]))), 24),
        member('call', b.pointer(b.typeTag('rcu', b.prototype(u32, [{ type: u32 }]))), 32),
        member('text', b.pointer(b.const(u32)), 40),
      ]),
    `struct it {
	const struct {
		u32          k;                    /*     0     4 */
	} one; /*     0     4 */
	const volatile u32         both;                 /*     4     4 */
	const const u32            twice;                /*     8     4 */

	/* XXX 4 bytes hole, try to pack */

	const u32 * restrict       restricted;           /*    16     8 */
	struct one                 tagged;               /*    24     4 */

	/* XXX 4 bytes hole, try to pack */

	u32                        (*call)(u32);         /*    32     8 */
	const u32  *               text;                 /*    40     8 */

	/* size: 48, cachelines: 1, members: 7 */
	/* sum members: 40, holes: 2, sum holes: 8 */
	/* last cacheline: 48 bytes */
};`,
  ],
])('%s', (_, make, text) => {
  expect(printed(make)).toBe(text)
})

describe('structs without an end', () => {
  const count = (text: string, what: RegExp): number => text.match(what)?.length ?? 0
  const many = (b: BtfBuilder, type: number, length: number): number =>
    b.struct(
      '',
      Array.from({ length }, () => member('m', type)),
    )

  it('are printed 16 deep', () => {
    const nested =
      (levels: number): Make =>
      (b, { u32 }) => {
        let type = b.struct('', [member('x', u32)])
        for (let n = 1; n < levels; n++) type = b.struct('', [member('', type)])
        return b.struct('it', [member('', type)])
      }
    expect(printed(nested(15), false)).toMatch(/^\t{16}u32 +x;$/m)
    const cut = printed(nested(40), false)
    expect(count(cut, /struct \{/g)).toBe(16)
    expect(cut).toMatch(/^\t{16}struct \{ \/\* … \*\/ \} ;$/m)
  })

  it('are printed with 2048 members beside their own', () => {
    const both =
      (first: number, kind: 'struct' | 'union' = 'struct'): Make =>
      (b, { u8 }) =>
        b[kind]('it', [member('a', many(b, u8, first)), member('b', b.struct('', [member('last', u8)]))])
    expect(printed(both(2047), false)).toMatch(/struct \{\n\t\tu8 +last;\n\t\} b;/)
    for (const kind of ['struct', 'union'] as const) {
      expect(printed(both(2048, kind), false)).toContain('\tstruct { /* … */ } b;')
      expect(count(printed(both(3000, kind), false), /\bm;/g)).toBe(2049)
      expect(printed(both(3000, kind), false)).not.toContain('b;')
    }
  })

  it('are arrays of arrays 32 deep', () => {
    const nested =
      (levels: number): Make =>
      (b, { u8 }) => {
        let type = u8
        for (let n = 0; n < levels; n++) type = b.array(type, 1)
        return b.struct('it', [member('all', type)])
      }
    expect(printed(nested(32), false)).toContain(`\tu8                         all${'[1]'.repeat(32)};`)
    expect(printed(nested(33), false)).toContain(`\t…                          all${'[1]'.repeat(32)};`)
  })
})
