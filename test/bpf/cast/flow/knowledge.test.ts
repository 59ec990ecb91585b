import { describe, expect, it, test } from 'vitest'
import { Embedding } from '../../../../src/bpf/cast/flow/embedding.js'
import { innerMapDefinition, mapDefinitions, mapValueType } from '../../../../src/bpf/cast/flow/maps.js'
import { copyFromStack, sizeOfType } from '../../../../src/bpf/cast/flow/stack-copies.js'
import { makeState, writeStack } from '../../../../src/bpf/cast/flow/state.js'
import { Space, TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { dataSection, knowledgeOf, makeTypes, placeText, slotText, textOf } from './support.js'

const types = makeTypes()
const { b, ints, pointer } = types
const array = b.array(types.inner, 4)
const bss = b.section('.bss', [{ type: b.variable('items', array), offset: 0, size: 64 }])
const arena = b.section('.addr_space.1', [{ type: b.variable('root', ints.u64), offset: 0, size: 8 }])
const valueMap = b.struct('value_map', [
  { name: 'type', type: b.pointer(b.array(ints.s32, 2)) },
  { name: 'value', type: b.pointer(b.typedef('value_t', types.value)) },
])
const bareMap = b.struct('bare_map', [{ name: 'value_size', type: pointer.word }])
const outerMap = b.struct('outer_map', [
  { name: 'value', type: ints.u32 },
  { name: 'values', type: b.array(b.pointer(valueMap), 0) },
])
const numberMap = b.struct('number_map', [{ name: 'values', type: b.array(pointer.word, 0) }])
const many = b.struct('many', [{ name: 'all', type: b.array(types.list, 100) }])
/** Just as many places as are looked at, and one more. */
const tried = [254, 255].map((count) =>
  b.struct(`tried${count}`, [{ name: 'all', type: b.array(types.task, count) }]),
)
/** Structs in structs, so many around a task. */
const around = (depth: number): number => {
  let at = types.task
  for (let n = 0; n < depth; n++) at = b.struct(`around${depth}_${n}`, [{ name: 'a', type: at }])
  return at
}
const [deep, tooDeep] = [around(16), around(17)]
const nested = b.struct('nested', [
  { name: 'head', type: ints.u64 },
  { name: 'rows', type: b.array(b.array(types.inner, 2), 2) },
  { name: 'last', type: types.inner },
])
const data = [
  dataSection(bss, '.bss', [
    ['items', array, 0, 64],
    ['word', ints.u64, 64, 8],
  ]),
  dataSection(arena, '.addr_space.1', [['root', ints.u64, 0, 8]], { isArena: true }),
]
const functions = [{}, { start: 0, end: 1 }]
const knowledge = knowledgeOf(types, { data, functions })
const { values } = knowledge
const text = (value: Value): string => textOf(knowledge, value)

const slot = knowledge.heldIn(types.value, 0, 0)
const task = knowledge.heldIn(types.value, 88, 0)
const typed = values.typed(types.value, 0, 0, Space.kernel)

describe('what an instruction makes', () => {
  it('is one value as long as the same is known of it', () => {
    const own = knowledgeOf(types)
    const size = own.values.constant(16)
    const all = () => [
      own.made('call', 3, 0, TOP),
      own.made('call', 3, 0, own.values.scalar(1)),
      own.made('load', 3, 0, TOP),
      own.made('call', 3, 0, TOP, size),
      own.made('call', 3, 0, TOP, TOP, size),
      own.made('call', 4, 0, TOP),
    ]
    const first = all()
    expect(new Set(first).size).toBe(first.length)
    expect(all()).toEqual(first)
    expect(own.originOf(first[3] as Value)).toEqual({
      at: 3,
      function: 0,
      kind: 'call',
      parameter: 0,
      general: TOP,
      size,
      from: TOP,
    })
  })

  it('or a parameter brings, is one value for each parameter', () => {
    const own = knowledgeOf(types)
    const all = () => [
      own.arrives(0, 2, 0, TOP),
      own.arrives(0, 2, 4, TOP),
      own.arrives(1, 9, 0, TOP),
      own.arrives(0, 2, 0, own.values.scalar(1)),
      own.arrives(5, 20, 0, TOP),
      own.arrives(0, 2, 1, TOP),
    ]
    const first = all()
    expect(new Set(first).size).toBe(6)
    expect(all()).toEqual(first)
    expect(own.originOf(first[1] as Value)).toMatchObject({
      at: 2,
      function: 0,
      kind: 'parameter',
      parameter: 4,
    })
    expect(own.originOf(own.values.scalar(1))).toBeUndefined()
  })
})

describe('what remains of a value without where it comes from', () => {
  const made = (general: Value): Value => knowledge.made('load', 1, 0, general)

  test.each([
    ['what the origin is known to be', made(typed), 'value kernel'],
    ['the same, moved', values.shift(made(typed), 8, 16), 'value+8~16 kernel'],
    ['the same, cast', values.cast(made(slot), true), '[value+0]^'],
    ['a number', made(values.scalar(8)), 'n*8'],
    ['anything, where a number is moved', values.shift(made(values.scalar(8)), 8), '?'],
    ['anything, where a number is moved in steps', values.shift(made(values.scalar(8)), 0, 8), '?'],
    ['anything, where a number is cast', values.cast(made(values.scalar(8)), true), '?'],
    ['what a slot is declared to hold', task, 'task_struct'],
    ['the same of a slot, moved', values.shift(task, 8), 'task_struct+8'],
    ['anything, of a word', slot, '?'],
    ['anything, of a pointer into user space', knowledge.heldIn(types.value, 80, 0), '?'],
    ['anything, of a pointer to anything', knowledge.heldIn(types.value, 72, 0), '?'],
    ['itself', typed, 'value kernel'],
  ])('is %s', (_, value, expected) => {
    expect(text(knowledge.general(value))).toBe(expected)
    expect(text(knowledge.general(value))).toBe(expected)
  })

  it('is what earlier rounds have proven', () => {
    const own = knowledgeOf(types)
    const word = own.heldIn(types.value, 0, 0)
    expect(own.pointer(word)).toBeUndefined()
    expect(own.general(word)).toBe(TOP)
    own.prove(new Map([[own.values.ref(word), { target: types.inner, space: Space.arena }]]))
    expect(textOf(own, own.general(word))).toBe('inner arena')
    expect(own.pointer(word)).toBe(own.general(word))
    const again = own.afresh()
    expect(again.places).toBe(own.places)
    expect(again.general(again.heldIn(types.value, 0, 0))).toBe(TOP)
  })
})

describe('a pointer', () => {
  const twice = knowledge.made('call', 2, 0, knowledge.made('load', 1, 0, task))

  it('is found behind what it comes from', () => {
    expect(text(knowledge.pointer(twice) ?? TOP)).toBe('task_struct')
    expect(text(knowledge.pointer(values.shift(twice, 8)) ?? TOP)).toBe('task_struct+8')
    expect(knowledge.pointer(slot)).toBeUndefined()
    expect(knowledge.pointer(values.typed(0, 0, 0, Space.kernel))).toBeUndefined()
    expect(knowledge.pointer(values.frame(0))).toBeUndefined()
    expect([values.callersStack(), values.apart()].map((value) => knowledge.pointer(value))).toEqual([
      undefined,
      undefined,
    ])
    const section = knowledge.sectionAddress(0, 8)
    expect(knowledge.pointer(section)).toBe(section)
  })

  it('leads to what lies there', () => {
    expect(placeText(knowledge, knowledge.placeAt(typed, 24, 8))).toBe('[inner+0]')
    expect(placeText(knowledge, knowledge.placeAt(values.shift(typed, 24), 8, 8))).toBe('[inner+8]')
    expect(text(knowledge.heldAt(typed, 24))).toBe('[inner+0]')
    expect(text(knowledge.heldAt(twice, 8))).toBe('[task_struct+8]')
    expect(text(knowledge.heldAt(typed, 4))).toBe('?')
    expect(text(knowledge.heldAt(slot, 0))).toBe('?')
    expect(text(knowledge.heldIn(types.value, 40, 8))).toBe('[value+40 x4]')
    expect(text(knowledge.heldIn(types.value, 16, 0))).toBe('?')
    expect(knowledge.typesBehind(values.shift(typed, 24))).toEqual([types.inner])
  })

  it('into a section stays within the variable that an instruction names', () => {
    const items = knowledge.sectionAddress(0, 0)
    expect(knowledge.variableOf(items)).toEqual({ section: 0, part: 0, offset: 0, size: 64 })
    expect(placeText(knowledge, knowledge.placeAt(values.shift(items, 0, 16), 8, 8))).toBe('[inner+8]')
    expect(knowledge.typesBehind(values.shift(items, 0, 16))).toEqual([types.inner])
    // The middle of a variable may be meant as anything in the section.
    const middle = knowledge.sectionAddress(0, 16)
    expect(knowledge.variableOf(middle)).toBeUndefined()
    expect(text(middle)).toBe('.bss+16 (any)')
    expect(knowledge.rootOf(middle)).toBe(bss)
    expect(knowledge.variableOf(typed)).toBeUndefined()
    expect(knowledge.variableOf(knowledge.sectionAddress(1, 0))).toEqual({
      section: 1,
      part: 0,
      offset: 0,
      size: 8,
    })
    expect(() => knowledge.rootOf(knowledge.sectionAddress(9, 0))).toThrow('there is no variable -1')
  })

  test.each([
    ['a section', knowledge.sectionAddress(0, 0), Space.kernel],
    ['the arena', knowledge.sectionAddress(1, 0), Space.arena],
    ['what is cast', values.cast(slot, true), Space.arena],
    ['a map', values.map(1), Space.kernel],
    ['a type', typed, Space.kernel],
    ['what an instruction made', knowledge.made('load', 1, 0, typed), Space.kernel],
    ['what a slot holds', slot, Space.unknown],
    ['a declared pointer', task, Space.unknown],
    ['anything', TOP, Space.unknown],
  ])('into %s is in the space of that', (_, value, space) => {
    expect(knowledge.spaceOf(value)).toBe(space)
  })

  it('to the stack of a caller, or to memory apart, leads elsewhere', () => {
    const behind = (value: Value): boolean => knowledge.isElsewhere(knowledge.made('call', 2, 0, value))
    expect([values.callersStack(), values.apart()].map((value) => knowledge.isElsewhere(value))).toEqual([
      true,
      true,
    ])
    expect([behind(values.callersStack()), behind(values.apart()), behind(typed), behind(TOP)]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

describe('where structs lie in each other', () => {
  test.each([
    ['itself', types.inner, types.inner, [0]],
    ['a member', types.value, types.inner, [24]],
    ['elements', types.list, types.inner, [0, 16, 32]],
    ['elements of arrays, and a member', nested, types.inner, [8, 24, 40, 56, 72]],
    ['nowhere', types.inner, types.value, []],
    ['an arm of a union', types.either, types.pair, [0]],
    ['no struct', ints.u64, types.inner, []],
    ['too many places', many, types.inner, undefined],
    ['many places', many, types.list, Array.from({ length: 100 }, (_, n) => n * 80)],
  ])('%s', (_, root, container, starts) => {
    expect(knowledge.embedding.startsOf(root, container)).toEqual(starts)
    expect(knowledge.embedding.startsOf(root, container)).toEqual(starts)
  })

  it('is told as far as any real struct goes', () => {
    const places = tried.map((root) => knowledge.embedding.startsOf(root, types.task)?.length)
    expect(places).toEqual([254, undefined])
    const ofTask = (root: number) => knowledge.embedding.startsOf(root, types.task)
    expect([ofTask(deep), ofTask(tooDeep)]).toEqual([[0], undefined])
  })

  it('is found for all that a struct is a part of', () => {
    const outer = knowledge.embedding.containersOf(types.inner)
    expect(outer.toSorted()).toEqual([types.inner, types.value, types.list, many, nested].toSorted())
    expect(knowledge.embedding.containersOf(types.inner)).toBe(outer)
    expect(knowledge.embedding.containersOf(types.pair)).toEqual([types.pair, types.either])
    const own = new Embedding(knowledge.types, knowledge.places)
    expect(own.containersOf(many)).toEqual([many])
  })
})

describe('maps', () => {
  it('are what a value may be, if it can only be maps', () => {
    const definitions = (value: Value) => mapDefinitions(knowledge, value)
    const map = values.map(valueMap)
    expect(definitions(map)).toEqual([valueMap])
    expect(definitions(values.set([map, values.map(bareMap)]))).toEqual([valueMap, bareMap])
    expect(definitions(knowledge.made('call', 2, 0, knowledge.made('load', 1, 0, map)))).toEqual([valueMap])
    expect(definitions(values.set([map, values.map(0)]))).toBeUndefined()
    expect([TOP, slot, values.map(0)].map(definitions)).toEqual([undefined, undefined, undefined])
  })

  it('have values and inner maps by their declaration', () => {
    const all = [valueMap, bareMap, outerMap, numberMap, ints.u64]
    expect(all.map((id) => mapValueType(knowledge, id))).toEqual([types.value, 0, 0, 0, 0])
    expect(all.map((id) => innerMapDefinition(knowledge, id))).toEqual([0, 0, valueMap, 0, 0])
  })
})

test('the stack is copied word by word, as far as it goes', () => {
  const copied = (offset: number, type = types.value): string[] => {
    const state = makeState(16)
    for (let n = 1; n <= 16; n++) writeStack(state, -n * 8, 8, values.constant(n))
    const found: string[] = []
    copyFromStack(knowledge, state, offset, type, (put, value) => {
      found.push(`${slotText(knowledge, put)}=${text(value)}`)
    })
    return found
  }
  expect(copied(-16, types.inner)).toEqual(['[inner+0]=2', '[inner+8]=1'])
  expect(copied(-24, types.inner)).toEqual(['[inner+0]=3', '[inner+8]=2'])
  expect(copied(-32)).toEqual(['[value+0]=4', '[value+8]=3', '[inner+0]=1'])
  expect([types.value, ints.u32, 0].map((type) => sizeOfType(knowledge, type))).toEqual([112, 4, 0])
})
