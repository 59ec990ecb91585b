import { describe, expect, it, test } from 'vitest'
import { dataSection, knowledgeOf, makeTypes, placeText, slotText } from './support.js'

const types = makeTypes()
const { b, ints } = types
const packed = b.struct(
  'packed',
  [
    { name: 'half', type: ints.u32 },
    { name: 'word', type: ints.u64, offset: 4 },
    { name: 'last', type: ints.u32, offset: 12 },
  ],
  16,
)
const narrow = b.struct('narrow', [
  { name: 'a', type: ints.u32 },
  { name: 'b', type: ints.u32 },
  { name: 'text', type: b.array(ints.char, 16) },
])
const grid = b.struct('grid', [{ name: 'cells', type: b.array(b.array(ints.u64, 3), 2) }])
const table = b.struct('table', [{ name: 'slots', type: b.array(types.pointer.inner, 16) }])
const pointerTail = b.struct('pointer_tail', [
  { name: 'count', type: ints.u64 },
  { name: 'rest', type: b.array(types.pointer.inner, 0) },
])
const structTail = b.struct('struct_tail', [
  { name: 'count', type: ints.u64 },
  { name: 'rest', type: b.array(types.inner, 0) },
])
const wide = b.struct('wide', [
  { name: 'first', type: b.array(ints.u64, 20) },
  { name: 'second', type: b.array(ints.u64, 20) },
])
const lone = b.struct('lone', [
  { name: 'one', type: b.array(ints.u64, 1) },
  { name: 'other', type: b.array(ints.u64, 20) },
])
const besideText = b.struct('beside_text', [
  { name: 'words', type: b.array(ints.u64, 4) },
  { name: 'text', type: b.array(ints.char, 8) },
])
const arms = b.union('arms', [
  { name: 'text', type: types.pointer.text },
  { name: 'inner', type: types.pointer.inner },
])
const userArms = b.union('user_arms', [
  { name: 'user', type: types.pointer.user },
  { name: 'task', type: types.pointer.task },
])
const innerArray = b.array(types.inner, 4)
const bss = b.section('.bss', [
  { type: b.variable('items', innerArray), offset: 0, size: 64 },
  { type: b.variable('word', ints.u64), offset: 64, size: 8 },
])

const data = [
  dataSection(bss, '.bss', [
    ['items', innerArray, 0, 64],
    ['word', ints.u64, 64, 8],
  ]),
]
const knowledge = knowledgeOf(types, { data })
const { places } = knowledge

const at = (type: number, offset: number, width = 8, stride = 0, part?: number): string =>
  placeText(knowledge, places.at(type, offset, stride, width, part))

describe('what an access meets', () => {
  test.each([
    ['a word', types.value, 0, 8, '[value+0]'],
    ['half of a word', types.value, 0, 4, 'part of [value+0]'],
    ['the other half', types.value, 4, 4, 'part of [value+0]'],
    ['a pointer', types.value, 8, 8, '[value+8]'],
    ['what holds no pointer', types.value, 16, 4, 'plain'],
    ['two members that hold none', types.value, 16, 8, 'plain'],
    ['padding', types.value, 22, 2, 'plain'],
    ['a word of a struct in it', types.value, 24, 8, '[inner+0]'],
    ['another', types.value, 32, 8, '[inner+8]'],
    ['an element', types.value, 56, 8, '[value+56]'],
    ['the middle of one', types.value, 60, 4, 'part of [value+56]'],
    ['a pointer to anything', types.value, 72, 8, '[value+72]'],
    ['a bit field', types.value, 96, 8, 'plain'],
    ['the last member', types.value, 104, 8, '[value+104]'],
    ['what follows', types.value, 112, 8, 'untyped 112'],
    ['what comes before', types.value, -8, 8, 'untyped -8'],
    ['a flexible array', types.header, 8, 8, 'untyped 0'],
    ['the middle of a flexible array', types.header, 24, 8, 'untyped 16'],
    ['a flexible array of pointers', pointerTail, 8, 8, '[pointer_tail+8]'],
    ['an element of a flexible array of pointers', pointerTail, 24, 8, '[pointer_tail+24]'],
    ['a member of a flexible array of structs', structTail, 32, 8, '[inner+8]'],
    ['arms that differ', types.either, 0, 8, 'plain'],
    ['the only arm there', types.either, 8, 8, '[pair+8]'],
    ['arms that are the same', types.both, 0, 8, '[both+0]'],
    ['arms that point at different things', arms, 0, 8, 'plain'],
    ['arms of which one is foreign', userArms, 0, 8, 'plain'],
    ['a word across words', packed, 4, 8, '[packed+4]'],
    ['a member and half of the next', packed, 0, 8, 'part of [packed+4]'],
    ['half of a word and the next', packed, 8, 8, 'part of [packed+4]'],
    ['a member and what follows the struct', packed, 12, 8, 'plain'],
    ['exactly one member', packed, 0, 4, 'plain'],
    ['members that hold none, one after the other', narrow, 0, 8, 'plain'],
    ['a text', narrow, 8, 8, 'plain'],
    ['an element of an array of arrays', grid, 32, 8, '[grid+32]'],
    ['beyond an array of arrays', grid, 48, 8, 'untyped 48'],
    ['a struct that is only declared', types.forward, 16, 8, 'untyped 16'],
    ['an integer alone', ints.u64, 0, 8, 'untyped 0'],
    ['a pointer alone', types.pointer.inner, 0, 8, 'untyped 0'],
    ['a small integer alone', ints.u32, 0, 4, 'plain'],
    ['an array alone', innerArray, 24, 8, '[inner+8]'],
    ['beyond an array', innerArray, 64, 8, 'untyped 64'],
    ['before an array', innerArray, -8, 8, 'untyped -8'],
    ['a variable', bss, 64, 8, '[.bss+64]'],
    ['an element of a variable', bss, 24, 8, '[inner+8]'],
  ])('%s', (_, type, offset, width, expected) => {
    expect(at(type, offset, width)).toBe(expected)
    // The same again, which is remembered.
    expect(at(type, offset, width)).toBe(expected)
  })

  test.each([
    ['some element', types.value, 40, 8, '[value+40 x4]'],
    ['some element, from another on', types.value, 56, 8, '[value+40 x4]'],
    ['some second element', types.value, 40, 16, '[value+40 x4]'],
    ['no whole elements', types.value, 40, 4, 'anywhere'],
    ['members, and no array', types.value, 0, 8, 'anywhere'],
    ['the same member of some struct', types.inner, 8, 16, '[inner+8]'],
    ['the same member of some second struct', types.inner, 8, 32, '[inner+8]'],
    ['another member of some struct', types.inner, 8, 24, 'anywhere'],
    ['the same member of some struct in an array', innerArray, 8, 16, '[inner+8]'],
    ['any member of one', innerArray, 8, 8, 'anywhere'],
    ['what holds no pointer, of some struct', types.value, 16, 112, 'plain'],
    ['some pointer of a table', table, 8, 8, '[table+0 x16]'],
    ['some cell of any row', grid, 0, 24, '[grid+0 x6]'],
    ['any cell of any row', grid, 8, 8, '[grid+0 x6]'],
    ['the member of some struct of a flexible array', structTail, 16, 16, '[inner+8]'],
    ['some pointer of a flexible array', pointerTail, 8, 8, '[pointer_tail+8 x0]'],
    // With several arrays, only the start of one, or what is far from its end, is certain.
    ['the first of several arrays', wide, 0, 8, '[wide+0 x20]'],
    ['far from the end of the first', wide, 88, 8, '[wide+0 x20]'],
    ['near the end of the first', wide, 96, 8, 'anywhere'],
    ['the start of the second', wide, 160, 8, '[wide+160 x20]'],
    ['the end of the second', wide, 312, 8, 'anywhere'],
    ['an array of one beside another', lone, 0, 8, 'anywhere'],
    ['the array beside it', lone, 8, 8, '[lone+8 x20]'],
    ['the end of an array beside a text', besideText, 24, 8, '[beside_text+0 x4]'],
    ['the member of some struct of several arrays', types.list, 8, 16, '[inner+8]'],
    ['the start of the last array', types.list, 64, 8, '[list+64 x2]'],
  ] as const)('at an index that is not known: %s', (_, type, offset, stride, expected) => {
    expect(at(type, offset, 8, stride)).toBe(expected)
  })

  test.each([
    ['an element', 8, 16, 0, '[inner+8]'],
    ['an element, by an offset below it', -8, 16, 0, '[inner+8]'],
    ['an element, by an offset beyond', 88, 16, 0, '[inner+8]'],
    ['a second one', 24, 32, 0, '[inner+8]'],
    ['no whole elements', 8, 8, 0, 'anywhere'],
    ['a variable that is no array', 64, 8, 1, 'anywhere'],
  ])('within a variable: %s', (_, offset, stride, part, expected) => {
    expect(at(bss, offset, 8, stride, part)).toBe(expected)
  })

  it('may be a part of any element', () => {
    expect(at(types.value, 44, 4, 8)).toBe('part of [value+40 x4]')
    expect(at(types.value, 40, 4, 8)).toBe('part of [value+40 x4]')
  })

  it('is one slot for each place, and one for each array', () => {
    const slots = new Set(places.slots.map((slot) => slotText(knowledge, slot)))
    expect(slots.size).toBe(places.slots.length)
    expect(places.slots.map(({ id }) => id)).toEqual(places.slots.map((_, n) => n))
    const of = (offset: number, stride = 0) => {
      const place = places.at(types.value, offset, stride, 8)
      return place.kind === 'slot' ? place.slot : undefined
    }
    expect(of(88)).toMatchObject({ kind: 'pointer', target: types.task, isForeign: false, array: undefined })
    expect(of(80)).toMatchObject({ kind: 'pointer', target: types.task, isForeign: true })
    expect(of(72)).toMatchObject({ kind: 'pointer', target: 0, isForeign: false })
    expect(of(0)).toMatchObject({ kind: 'word', target: 0, isForeign: false })
    expect(of(48)?.array).toEqual({ start: 40, count: 4, isWhole: false })
    expect(of(48, 8)?.array).toEqual({ start: 40, count: 4, isWhole: true })
  })
})

describe('types that begin at a place', () => {
  const named = (type: number, offset: number, stride = 0, part?: number): string[] =>
    places.typesAt(type, offset, stride, part).map((id) => {
      const found = knowledge.code.btf.type(id)
      return found.name || found.kind
    })

  test.each([
    ['a struct', types.value, 0, 0, ['value']],
    ['a struct in it', types.value, 24, 0, ['inner']],
    ['the middle of a struct', types.value, 32, 0, ['long unsigned int']],
    ['structs that begin with each other', types.list, 0, 0, ['list', 'inner']],
    ['a member', types.value, 8, 0, ['pointer']],
    ['the middle of a member', types.value, 4, 0, []],
    ['arms of a union', types.either, 0, 0, ['either']],
    ['a variable', bss, 0, 0, ['inner']],
    ['an integer variable', bss, 64, 0, ['long unsigned int']],
    ['beyond', types.value, 112, 0, []],
    ['an array', types.value, 40, 0, ['long unsigned int']],
    ['some struct', types.value, 0, 112, ['value']],
    ['some struct of an array', types.list, 16, 16, ['inner']],
    ['some word of an array', types.value, 40, 8, ['long unsigned int']],
    ['some member that is no element', types.value, 0, 8, []],
    ['some member of some struct', types.value, 24, 112, ['inner']],
    ['elements near the end of one of several arrays', types.list, 56, 8, []],
    ['only declared', types.forward, 0, 0, ['opaque']],
  ])('%s', (_, type, offset, stride, expected) => {
    expect(named(type, offset, stride)).toEqual(expected)
  })

  it('are those of the elements of a variable', () => {
    expect(named(bss, -16, 16, 0)).toEqual(['inner'])
    expect(named(bss, 8, 16, 0)).toEqual(['long unsigned int'])
  })
})

it('of an array ends with its last element', () => {
  const arrays = [1, 2].map((length) => b.array(types.inner, length))
  const own = knowledgeOf(types)
  const at = (offset: number) => arrays.map((id) => placeText(own, own.places.at(id, offset, 0, 8)))
  expect([at(8), at(24), at(40)]).toEqual([
    ['[inner+8]', '[inner+8]'],
    ['untyped 24', '[inner+8]'],
    ['untyped 40', 'untyped 40'],
  ])
})

it('is the same at a place, whatever has been asked before', () => {
  const widths = [1, 2, 4, 8, 16]
  const all = Array.from({ length: 130 }, (_, n) => n - 10).flatMap((offset) =>
    widths.map((width) => [offset, width] as const),
  )
  const asked = all.map(([offset, width]) => placeText(knowledge, places.at(types.value, offset, 0, width)))
  const alone = all.map(([offset, width]) => {
    const own = knowledgeOf(types)
    return placeText(own, own.places.at(types.value, offset, 0, width))
  })
  expect(asked).toEqual(alone)
})

describe('structs in structs', () => {
  it('are those of members, of arrays and of arrays of arrays', () => {
    const deep = new Set([types.list, types.inner])
    expect(places.embedded(types.list)).toEqual(deep)
    expect(places.embedded(types.list)).toBe(places.embedded(types.list))
    // What pointers lead to lies elsewhere.
    expect(places.embedded(types.value)).toEqual(new Set([types.value, types.inner]))
    expect(places.embedded(types.either)).toEqual(new Set([types.either, types.pair]))
    expect(places.embedded(ints.u64)).toEqual(new Set([ints.u64]))
  })

  it('have the words of all of them, as far as one looks', () => {
    const words = (type: number, limit: number): string[] =>
      [...places.wordsOf(type, limit)].map(({ offset, slot }) => `${offset} ${slotText(knowledge, slot)}`)
    expect(words(types.value, 40)).toEqual(['0 [value+0]', '8 [value+8]', '24 [inner+0]', '32 [inner+8]'])
    expect(words(types.value, 15)).toEqual(['0 [value+0]'])
    expect(words(types.value, 1000).at(-1)).toBe('104 [value+104]')
    expect(words(types.header, 1000)).toEqual(['0 [header+0]'])
    expect(words(narrow, 8)).toEqual([])
  })
})
