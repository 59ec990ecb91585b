import { expect, it } from 'vitest'
import { bits, type Make, member, printed } from './printed.js'

/** What pahole prints of each, but for tags, which old ones do not know. */
it.each<[string, Make, string]>([
  [
    'cache lines that begin within a member, and how long ago',
    (b, { u8, u32, u64 }) =>
      b.struct('it', [
        member('a', b.array(u8, 63)),
        member('b', b.array(u8, 2)),
        member('c', b.array(u8, 65)),
        member('d', u8),
        member('e', b.array(u64, 8), 136),
        member('inner', b.struct('', [member('x', b.array(u8, 60)), member('y', u32)])),
        member('last', u64),
      ]),
    `struct it {
	u8                         a[63];                /*     0    63 */
	u8                         b[2];                 /*    63     2 */
	/* --- cacheline 1 boundary (64 bytes) was 1 byte ago --- */
	u8                         c[65];                /*    65    65 */
	/* --- cacheline 2 boundary (128 bytes) was 2 bytes ago --- */
	u8                         d;                    /*   130     1 */

	/* XXX 5 bytes hole, try to pack */

	u64                        e[8];                 /*   136    64 */
	/* --- cacheline 3 boundary (192 bytes) was 8 bytes ago --- */
	struct {
		u8                 x[60];                /*   200    60 */
		/* --- cacheline 4 boundary (256 bytes) was 4 bytes ago --- */
		u32                y;                    /*   260     4 */
	} inner;                                         /*   200    64 */
	u64                        last;                 /*   264     8 */

	/* size: 272, cachelines: 5, members: 7 */
	/* sum members: 267, holes: 1, sum holes: 5 */
	/* last cacheline: 16 bytes */
};`,
  ],
  [
    'holes of one byte and of more, before the first member, between them, and within',
    (b, { u8, u16, u32, u64 }) =>
      b.struct('it', [
        member('a', u8, 1),
        member('b', u16, 4),
        member('c', u64, 8),
        member('d', b.struct('one', [member('x', u16), member('y', u8)])),
        member('e', u8, 20),
        member('f', b.struct('three', [member('x', u32), member('y', u8)]), 24),
      ]),
    `struct it {

	/* XXX 1 byte hole, try to pack */

	u8                         a;                    /*     1     1 */

	/* XXX 2 bytes hole, try to pack */

	u16                        b __attribute__((__aligned__(4))); /*     4     2 */

	/* XXX 2 bytes hole, try to pack */

	u64                        c;                    /*     8     8 */
	struct one                 d;                    /*    16     4 */

	/* XXX last struct has 1 byte of padding */

	u8                         e;                    /*    20     1 */

	/* XXX 3 bytes hole, try to pack */

	struct three               f;                    /*    24     8 */

	/* XXX last struct has 3 bytes of padding */

	/* size: 32, cachelines: 1, members: 6 */
	/* sum members: 24, holes: 4, sum holes: 8 */
	/* paddings: 2, sum paddings: 4 */
	/* forced alignments: 1, forced holes: 1, sum forced holes: 2 */
	/* last cacheline: 32 bytes */
};`,
  ],
  [
    'bits without a name, those that must be there and those that only fill a word',
    (b, { u8, u32 }) =>
      b.struct('it', [
        bits('a', u32, 1, 3),
        bits('b', u32, 5, 3),
        bits('c', u32, 10, 2),
        bits('d', u32, 32, 4),
        member('e', u8, 5),
        bits('f', u32, 64, 31),
        member('g', u32, 12),
      ]),
    `struct it {

	/* XXX 1 bit hole, try to pack */

	u32                        a:3;                  /*     0: 1  4 */

	/* XXX 1 bit hole, try to pack */
	u32                        :1;

	u32                        b:3;                  /*     0: 5  4 */

	/* XXX 2 bits hole, try to pack */
	u32                        :2;

	u32                        c:2;                  /*     0:10  4 */

	/* XXX 20 bits hole, try to pack */

	/* Force alignment to the next boundary: */
	u32                        :0;

	u32                        d:4;                  /*     4: 0  4 */

	/* XXX 4 bits hole, try to pack */
	/* Bitfield combined with next fields */

	u8                         e;                    /*     5     1 */

	/* XXX 2 bytes hole, try to pack */

	u32                        f:31;                 /*     8: 0  4 */

	/* XXX 1 bit hole, try to pack */

	u32                        g;                    /*    12     4 */

	/* size: 16, cachelines: 1, members: 7 */
	/* sum members: 5, holes: 1, sum holes: 2 */
	/* sum bitfield members: 43 bits, bit holes: 6, sum bit holes: 29 bits */
	/* last cacheline: 16 bytes */
};`,
  ],
  [
    'bits that share their word with members of other widths',
    (b, { u8, u16, u32, u64 }) =>
      b.struct('it', [
        member('a', u8, 0),
        bits('b', u32, 8, 4),
        bits('c', u16, 16, 3),
        bits('d', u8, 24, 3),
        member('e', u8, 4),
        bits('f', u64, 64, 9),
        member('g', u16, 10),
        member('h', u32, 12),
      ]),
    `struct it {
	u8                         a;                    /*     0     1 */

	/* Bitfield combined with previous fields */

	u32                        b:4;                  /*     0: 8  4 */

	/* XXX 4 bits hole, try to pack */

	/* Force alignment to the next boundary: */
	u16                        :0;
	/* Bitfield combined with next fields */

	u16                        c:3;                  /*     2: 0  2 */

	/* XXX 5 bits hole, try to pack */

	/* Force alignment to the next boundary: */
	u8                         :0;
	/* Bitfield combined with next fields */

	u8                         d:3;                  /*     3: 0  1 */

	/* XXX 5 bits hole, try to pack */

	u8                         e;                    /*     4     1 */

	/* XXX 3 bytes hole, try to pack */

	u64                        f:9;                  /*     8: 0  8 */

	/* XXX 7 bits hole, try to pack */
	/* Bitfield combined with next fields */

	u16                        g;                    /*    10     2 */
	u32                        h;                    /*    12     4 */

	/* size: 16, cachelines: 1, members: 8 */
	/* sum members: 8, holes: 1, sum holes: 3 */
	/* sum bitfield members: 19 bits, bit holes: 4, sum bit holes: 21 bits */
	/* last cacheline: 16 bytes */
};`,
  ],
  [
    'words of bits of two widths at one place: the first one counts',
    (b, { u8, u32 }) =>
      b.struct('it', [bits('a', u32, 0, 3), bits('b', u8, 3, 2), member('c', u8, 2), bits('d', u32, 30, 1)]),
    `struct it {
	u32                        a:3;                  /*     0: 0  4 */
	u8                         b:2;                  /*     0: 3  1 */

	/* XXX 11 bits hole, try to pack */
	/* Bitfield combined with next fields */

	u8                         c __attribute__((__aligned__(2))); /*     2     1 */

	/* XXX 6 bits hole, try to pack */

	/* Force alignment to the next boundary: */
	u32                        :0;
	/* Bitfield combined with previous fields */

	u32                        d:1;                  /*     0:30  4 */

	/* size: 4, cachelines: 1, members: 4 */
	/* sum members: 1 */
	/* sum bitfield members: 6 bits, bit holes: 2, sum bit holes: 17 bits */
	/* bit_padding: 1 bits */
	/* forced alignments: 1 */
	/* last cacheline: 4 bytes */
};`,
  ],
  [
    'bits beside members without a size',
    (b, { u32 }) =>
      b.struct('it', [
        member('none', b.struct('none', []), 0),
        bits('a', u32, 0, 3),
        member('other', b.struct('other', []), 4),
        bits('b', u32, 37, 3),
      ]),
    `struct it {
	struct none                none;                 /*     0     0 */
	u32                        a:3;                  /*     0: 0  4 */

	/* XXX 29 bits hole, try to pack */

	struct other               other;                /*     4     0 */

	/* XXX 5 bits hole, try to pack */

	u32                        b:3;                  /*     4: 5  4 */

	/* size: 8, cachelines: 1, members: 4 */
	/* sum bitfield members: 6 bits, bit holes: 2, sum bit holes: 34 bits */
	/* bit_padding: 24 bits */
	/* last cacheline: 8 bytes */
};`,
  ],
  [
    'structs within that must be packed, as the place of one says where something is free',
    (b, { u8, u32, u64 }) =>
      b.struct(
        'it',
        [
          member('a', u8, 0),
          member('in', b.struct('', [member('x', u32)]), 1),
          member('b', u8, 7),
          member('u', b.union('', [member('x', b.struct('', [member('q', u64)])), member('y', u32)]), 12),
        ],
        24,
      ),
    `struct it {
	u8                         a;                    /*     0     1 */
	struct {
		u32                x;                    /*     1     4 */
	} __attribute__((__packed__)) in;                /*     1     4 */

	/* XXX 2 bytes hole, try to pack */

	u8                         b;                    /*     7     1 */

	/* XXX 4 bytes hole, try to pack */

	union {
		struct {
			u64        q;                    /*    12     8 */
		} x;                                     /*    12     8 */
		u32                y;                    /*    12     4 */
	} u;                                             /*    12     8 */

	/* size: 24, cachelines: 1, members: 4 */
	/* sum members: 14, holes: 2, sum holes: 6 */
	/* padding: 4 */
	/* last cacheline: 24 bytes */
};`,
  ],
  [
    'structs within that need not be packed since the outer one is',
    (b, { u8, u32 }) =>
      b.struct('it', [member('a', u8, 0), member('in', b.struct('', [member('x', u32)]), 1)], 5),
    `struct it {
	u8                         a;                    /*     0     1 */
	struct {
		u32                x;                    /*     1     4 */
	} in;                                            /*     1     4 */

	/* size: 5, cachelines: 1, members: 2 */
	/* last cacheline: 5 bytes */
} __attribute__((__packed__));`,
  ],
  [
    'structs within that must be packed where something is free at the end only',
    (b, { u8, u32 }) =>
      b.struct('it', [member('a', u8, 0), member('in', b.struct('', [member('x', u32)]), 1)], 8),
    `struct it {
	u8                         a;                    /*     0     1 */
	struct {
		u32                x;                    /*     1     4 */
	} __attribute__((__packed__)) in;                /*     1     4 */

	/* size: 8, cachelines: 1, members: 2 */
	/* padding: 3 */
	/* last cacheline: 8 bytes */
};`,
  ],
])('%s', (_, make, text) => {
  expect(printed(make)).toBe(text)
})
