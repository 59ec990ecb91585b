import { describe, expect, it, test } from 'vitest'
import { ElfFile } from '../../../../src/bpf/cast/object/elf.js'
import { structOpsContexts } from '../../../../src/bpf/cast/object/struct-ops.js'
import { Btf } from '../../../../src/btf/btf.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { elfObject, relocations } from '../../../support/elf-object.js'
import { integers } from '../../../value/types.js'

/** `struct ops { int (*one)(task *, u64); int (*two)(task *, u32); …}`, two of it: at 0 and at 80. */
function contexts(
  entries: readonly (readonly [offset: number, symbol: number])[],
  {
    section = '.struct_ops',
    bigEndian = false,
    addends = {} as Readonly<Record<number, number>>,
    cut = 0,
    type = 9,
    info = 1,
    isDescribed = true,
  } = {},
) {
  const b = new BtfBuilder()
  const { u64, u32, s32, u128 } = integers(b)
  const task = b.pointer(b.struct('task', [{ name: 'pid', type: s32 }]))
  const mask = b.pointer(b.struct('scx_cmask', [{ name: 'bits', type: u64 }]))
  const text = b.pointer(u64)
  const anyPointer = b.pointer(0)
  const opaque = b.pointer(b.forward('opaque'))
  const pair = b.struct('pair', [{ name: 'a', type: u64 }])
  const either = b.union('either', [{ name: 'a', type: u64 }])
  const member = (name: string, ...types: number[]) => ({
    name,
    type: b.pointer(
      b.prototype(
        s32,
        types.map((type) => ({ name: 'p', type })),
      ),
    ),
  })
  const ops = b.struct('ops', [
    member('one', task, u64),
    member('two', task, u32),
    member('like', task, u64),
    member('none'),
    member('struct', pair),
    member('union', either),
    member('wide', u128),
    member('arena', mask, text, anyPointer, opaque),
    { name: 'flags', type: u64 },
    { name: 'word', type: b.pointer(u64) },
  ])
  if (isDescribed)
    b.section(section, [
      { type: b.variable('first', ops), offset: 0, size: 80 },
      { type: b.variable('second', ops), offset: 80, size: 80 },
    ])
  const data = Buffer.alloc(160)
  const view = new DataView(data.buffer, data.byteOffset)
  for (const [at, addend] of Object.entries(addends))
    view.setBigUint64(Number(at), BigInt(addend), !bigEndian)
  const bytes = elfObject({
    bigEndian,
    sections: [
      { name: section, data: data.subarray(0, data.length - cut) },
      {
        name: `.rel${section}`,
        type,
        info,
        data: relocations(
          entries.map(([offset, symbol]) => [offset, symbol, 2] as const),
          bigEndian,
        ),
      },
      { name: 'text' },
    ],
    symbols: [
      { name: 'f', section: 3, type: 2, value: 0 },
      { name: 'g', section: 3, type: 2, value: 64 },
      { name: 'text', section: 3, type: 3, value: 0 },
    ],
  })
  const names = new Map<number | undefined, string>([
    [task, 'task'],
    [u64, 'u64'],
    [u32, 'u32'],
    [opaque, 'opaque'],
    [undefined, '?'],
  ])
  const found = structOpsContexts(ElfFile.parse(bytes, 'file'), Btf.parse(b.build({ bigEndian })))
  return [...found].map(([place, types]) => [place, ...types.map((one) => names.get(one) ?? one)].join(' '))
}

const [one, two, like, none, byStruct, byUnion, wide, inArena, flags, word] = Array.from(
  { length: 10 },
  (_, n) => n * 8,
) as [number, number, number, number, number, number, number, number, number, number]
const second = 80
const [f, g, text] = [1, 2, 3]

describe('the context of a program that is put into a struct', () => {
  test.each(['.struct_ops', '.struct_ops.link'])(
    'of section %s has the parameters declared there',
    (section) => {
      expect(
        contexts(
          [
            [one, f],
            [two, g],
          ],
          { section },
        ),
      ).toEqual(['3:0 task u64', '3:64 task u32'])
      expect(contexts([[second + two, f]], { section })).toEqual(['3:0 task u32'])
      expect(contexts([[none, f]], { section })).toEqual(['3:0'])
    },
  )

  test.each([false, true])('is that of the program at symbol and addend, with bigEndian %s', (bigEndian) => {
    expect(contexts([[one, text]], { bigEndian, addends: { [one]: 128 } })).toEqual(['3:128 task u64'])
    expect(contexts([[two, g]], { bigEndian, addends: { [two]: 8 } })).toEqual(['3:72 task u32'])
  })

  it('is known where all places agree', () => {
    expect(
      contexts([
        [one, f],
        [like, f],
        [second + one, f],
      ]),
    ).toEqual(['3:0 task u64'])
    expect(
      contexts([
        [one, f],
        [two, f],
      ]),
    ).toEqual([])
    // A third does not decide.
    expect(
      contexts([
        [one, f],
        [two, f],
        [one, f],
      ]),
    ).toEqual([])
    expect(
      contexts([
        [byStruct, f],
        [one, f],
      ]),
    ).toEqual([])
    expect(
      contexts([
        [byStruct, f],
        [byUnion, f],
      ]),
    ).toEqual([])
  })

  test.each([
    ['struct', byStruct],
    ['union', byUnion],
    ['number of two words', wide],
    ['field that is no function', flags],
    ['pointer to no function', word],
    ['middle of a field', one + 4],
  ])('is not known of a %s', (_, offset) => {
    expect(contexts([[offset, f]])).toEqual([])
  })

  it('is not known of parameters that may be in the arena', () => {
    expect(contexts([[inArena, f]])).toEqual(['3:0 ? ? ? opaque'])
  })

  it('is asked of what is there', () => {
    expect(contexts([[one, 9]])).toEqual([])
    expect(contexts([[160, f]])).toEqual([])
    expect(contexts([[one, f]], { type: 1 })).toEqual([])
    expect(contexts([[one, f]], { info: 3 })).toEqual([])
    expect(contexts([[one, f]], { section: '.data' })).toEqual([])
    expect(contexts([[one, f]], { isDescribed: false })).toEqual([])
    // The last pointer is cut off.
    const last = second + inArena
    expect(contexts([[last, f]], { cut: 16 })).toHaveLength(1)
    expect(contexts([[last, f]], { cut: 17 })).toEqual([])
  })
})
