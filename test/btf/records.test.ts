import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { BtfBuilder } from './builder.js'

/** Two types, then words of any kind. */
function parsed(words: readonly number[], layout?: readonly (readonly [number, number])[]): Btf {
  const b = new BtfBuilder()
  b.int('int', 4)
  b.struct('pair', [], 8)
  b.raw(...words)
  return Btf.parse(b.build(layout === undefined ? {} : { layout }))
}

/** Of one kind, with the number of its elements. */
const info = (kind: number, vlen = 0): number => kind * 0x1000000 + vlen
const newer = (kind: number, fixed: number, element: number): [number, number][] =>
  Array.from({ length: kind + 1 }, (_, n) => (n === kind ? [fixed, element] : [0, 0]))

describe('records that cannot be read', () => {
  it.each<[string, readonly number[], string]>([
    [
      'the kind 0',
      [0, 0, 0],
      'has kind 0, whose length is not known: it and the types after it are left out',
    ],
    [
      'a newer kind',
      [0, info(20), 0],
      'has kind 20, whose length is not known: it and the types after it are left out',
    ],
    ['too little room', [0, info(4, 2), 0, 1, 1], 'needs 36 bytes and 20 are left: it is left out'],
  ])('are left out: %s', (_, words, why) => {
    const btf = parsed(words)
    expect(btf.problems.sentences).toEqual([`BTF: type 3 at byte 28 of the type section ${why}`])
    expect(btf.typeCount).toBe(3)
    expect(btf.findStruct('pair')?.id).toBe(2)
  })

  it.each([1, 2])('are left out: %i words that are none', (length) => {
    const btf = parsed(Array(length).fill(0))
    expect(btf.problems.sentences).toEqual([
      `BTF: the type section ends with ${4 * length} bytes that are no record`,
    ])
    expect(btf.typeCount).toBe(3)
  })

  it('are counted in bytes, also where they are no words', () => {
    const bytes = parsed([0]).bytes.slice()
    const view = new DataView(bytes.buffer)
    view.setUint32(12, view.getUint32(12, true) - 1, true)
    expect(Btf.parse(bytes).problems.sentences).toEqual([
      'BTF: the type section ends with 3 bytes that are no record',
    ])
  })

  it('are named with the file', () => {
    const bytes = parsed([0]).bytes
    expect(Btf.parse(bytes, { name: 'vmlinux' }).problems.sentences[0]).toMatch(/^BTF of vmlinux: the type/)
  })
})

describe('records of newer kinds', () => {
  it.each<[string, readonly number[], [number, number][], number]>([
    ['without anything more', [0, info(20), 0], newer(20, 0, 0), 4],
    ['with elements', [0, info(20, 2), 0, 1, 1, 2, 2, 3], newer(20, 4, 8), 4],
    ['of the last kind that there can be', [0, info(127, 1), 0, 1], newer(127, 0, 4), 4],
  ])('are skipped by the length that the file tells: %s', (_, words, layout, count) => {
    const btf = parsed(words, layout)
    expect(btf.problems.sentences).toEqual([])
    expect(btf.typeCount).toBe(count)
    expect(btf.type(3)).toMatchObject({
      kind: 'unknown',
      reason: `BTF kind ${(words[1] ?? 0) >>> 24} is newer than this reader`,
    })
  })

  it('are not skipped by a length that is no number of words, nor kind 0 at all', () => {
    expect(parsed([0, info(20), 0], newer(20, 2, 0)).problems.sentences[0]).toContain('has kind 20')
    expect(parsed([0, 0, 0], newer(0, 0, 0)).problems.sentences[0]).toContain('has kind 0')
  })

  it('are nothing to find by name, whatever kind they would be in five bits', () => {
    const b = new BtfBuilder()
    b.raw(b.string('struct_like'), info(36), 0)
    b.raw(b.string('function_like'), info(44), 0)
    const btf = Btf.parse(b.build({ layout: newer(44, 0, 0) }))
    expect(btf.typeCount).toBe(3)
    for (const name of ['struct_like', 'function_like'])
      for (const kind of [undefined, 'struct', 'function'] as const)
        expect(kind === undefined ? btf.find(name) : btf.find(name, kind)).toBeUndefined()
    expect([...btf.names()]).toEqual([])
  })
})
