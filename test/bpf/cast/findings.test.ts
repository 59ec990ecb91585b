import { beforeEach, describe, expect, it, test } from 'vitest'
import type { Analysis, Weighed } from '../../../src/bpf/cast/analyze-code.js'
import { describeFindings } from '../../../src/bpf/cast/findings.js'
import { Knowledge } from '../../../src/bpf/cast/flow/knowledge.js'
import type { Slot } from '../../../src/bpf/cast/flow/places.js'
import { Space } from '../../../src/bpf/cast/flow/values.js'
import type { Conclusion } from '../../../src/bpf/cast/weigh/conclusions.js'
import { Sites } from '../../../src/bpf/cast/weigh/sites.js'
import { type SlotFacts, SlotTable } from '../../../src/bpf/cast/weigh/slot-facts.js'
import { codeOf, dataSection, makeTypes, op } from './flow/support.js'
import { likely, pointer, slotsOf } from './weigh/support.js'

const types = makeTypes()
const { b, ints, value, inner, task, list } = types
const words = b.array(ints.u64, 4)
const bss = b.section('.bss', [
  { type: b.variable('word', ints.u64), offset: 0, size: 8 },
  { type: b.variable('words', words), offset: 8, size: 32 },
  { type: b.variable('v', value), offset: 40, size: 112 },
])
const two = b.struct('two', [{ name: 'rows', type: b.array(b.array(ints.u64, 2), 3) }])
const code = codeOf(types, Array<ReturnType<typeof op.exit>>(20).fill(op.exit()), {
  data: [
    dataSection(bss, '.bss', [
      ['word', ints.u64, 0, 8],
      ['words', words, 8, 32],
      ['v', value, 40, 112],
    ]),
  ],
})
const { unknown, kernel, arena, mixed } = Space

let knowledge: Knowledge
let table: SlotTable
let slot: (offset: number, type?: number, stride?: number) => Slot

beforeEach(() => {
  knowledge = Knowledge.of(code)
  table = new SlotTable(knowledge.places)
  slot = slotsOf(knowledge, value)
})

type Pointer = Conclusion & { readonly kind: 'pointer' }
const to = (types: number[], space: number = kernel, size?: number): Pointer => ({
  kind: 'pointer',
  types,
  space,
  size,
})
const doubt: Conclusion = { kind: 'doubt', reasons: [{ at: 3, why: 'of this' }] }

function described(weighed: readonly Weighed[], kernelTypes: readonly number[] = []) {
  const analysis = { weighed, sites: new Sites(code), kernelTypes: new Set(kernelTypes), knowledge }
  return describeFindings(code, analysis as unknown as Analysis)
}
const finding = (facts: SlotFacts, conclusion: Conclusion, supported?: Pointer, kernels: number[] = []) =>
  described([{ facts, conclusion, ...(supported && { supported }) }], kernels).findings[0]

describe('a place is named', () => {
  const named = (of: Slot) => {
    const { type, member, offset, elements, typeId } = finding(table.of(of), to([task]))?.place ?? {}
    return { typeId, type, member, offset, elements }
  }

  test.each([
    ['a member', () => slot(8, inner), inner, 'struct inner', 'second', 8, 1],
    ['an element', () => slot(48), value, 'struct value', 'words[1]', 48, 1],
    ['an array as a whole', () => slot(40, value, 8), value, 'struct value', 'words', 40, 4],
    ['an array of arrays as a whole', () => slot(0, two, 8), two, 'struct two', 'rows', 0, 6],
    ['an element of an array of arrays', () => slot(16, two), two, 'struct two', 'rows[1][0]', 16, 1],
    ['a variable', () => slot(0, bss), bss, '.bss', 'word', 0, 1],
    ['an element of a variable', () => slot(32, bss), bss, '.bss', 'words[3]', 32, 1],
    ['a variable that is an array as a whole', () => slot(8, bss, 8), bss, '.bss', 'words', 8, 4],
  ])('%s', (_, of, typeId, type, member, offset, elements) => {
    expect(named(of())).toEqual({ typeId, type, member, offset, elements })
  })
})

describe('what is found', () => {
  const facts = () => table.of(slot(0))

  test.each([
    ['in the kernel', to([task]), 'struct task_struct', 'kernel'],
    ['in the arena', to([inner, task], arena), 'struct inner', 'arena'],
    ['somewhere', to([inner], unknown), 'struct inner', 'unknown'],
    ['here and there', to([inner], mixed), 'struct inner', 'unknown'],
  ])('%s has type and space', (_, conclusion, type, addressSpace) => {
    const found = finding(facts(), conclusion, undefined, [task])
    expect(found).toMatchObject({ target: { type, isKernel: type === 'struct task_struct' }, addressSpace })
    expect(found).toMatchObject({ recovered: 'proven', check: null, doubts: [], allocationSize: null })
  })

  it('without a type has none, and says what fills an allocation', () => {
    const found = finding(facts(), to([], arena, 13), undefined, [task])
    // What the kernel fills is not allocated by programs.
    expect(found).toMatchObject({ target: null, allocationSize: 13, addressSpace: 'arena' })
    expect(found?.candidates).toEqual(['struct inner', 'struct pair'])
    expect(finding(facts(), to([], arena))).toMatchObject({ allocationSize: null, candidates: [] })
    // Where the type is known, its size says nothing.
    expect(finding(facts(), to([list], arena, 16))).toMatchObject({ allocationSize: null, candidates: [] })
  })

  test.each([
    ['in the arena, is any arena address', to([task], arena), 'arena'],
    ['a task of the kernel, is a task', to([task], kernel), 'task'],
    ['something else of the kernel, is not looked at', to([inner], kernel), 'none'],
    ['of the kernel without a type, is not looked at', to([], kernel), 'none'],
    ['a task somewhere, is either', to([task], unknown), 'task or arena'],
    ['something else somewhere, is an arena address', to([inner], unknown), 'arena'],
  ])('only with doubts, if it is %s', (_, supported, check) => {
    const found = finding(facts(), doubt, supported)
    expect(found).toMatchObject({ recovered: 'supported', check })
    expect(found?.doubts).toEqual([
      { why: 'of this', site: expect.objectContaining({ function: 'f0', instruction: 3 }) },
    ])
  })

  it('not, and doubted, is withheld with reasons', () => {
    const { findings, withheld } = described([{ facts: facts(), conclusion: doubt }])
    expect(findings).toEqual([])
    expect(withheld).toMatchObject([
      { place: { member: 'flags' }, reasons: [{ why: 'of this', site: { instruction: 3 } }] },
    ])
    const nothing = described([{ facts: facts(), conclusion: { kind: 'nothing' } }])
    expect(nothing).toEqual({ findings: [], withheld: [] })
  })

  it('comes in the order of types and offsets, findings and what is withheld', () => {
    const all = [slot(8, inner), slot(104), slot(0, inner), slot(0), slot(64, list)].map((one) =>
      table.of(one),
    )
    const offsets = (conclusion: Conclusion) => {
      const { findings, withheld } = described(all.map((facts) => ({ facts, conclusion })))
      return [...findings, ...withheld].map(({ place }) => [place.typeId, place.offset])
    }
    const sorted = [
      [inner, 0],
      [inner, 8],
      [value, 0],
      [value, 104],
      [list, 64],
    ]
    expect(offsets(to([task]))).toEqual(sorted)
    expect(offsets(doubt)).toEqual(sorted)
  })
})

describe('evidence', () => {
  it('is four of what speaks for it, stores before uses, and how much there is', () => {
    const facts = table.of(slot(0))
    const use = (at: number, types?: number[]) =>
      facts.uses.push({ at, rule: 'argument', types, space: kernel })
    use(7)
    use(6, [task])
    table.store(facts.slot, [pointer([task])], 5, 'store', true)
    table.store(facts.slot, [likely([task])], 4, 'store', true)
    const found = finding(facts, to([task]))
    const told = (of = found) => of?.evidence.map(({ rule, site }) => `${rule} ${site?.instruction}`)
    expect(told()).toEqual(['store 5', 'store 4', 'argument 6', 'argument 7'])
    expect(found?.evidenceCount).toBe(4)
    // The same once, another rule at the same place again.
    use(7)
    table.store(facts.slot, [pointer([task])], 6, 'store', true)
    const more = finding(facts, to([task]))
    expect(told(more)).toEqual(['store 5', 'store 6', 'store 4', 'argument 6'])
    expect(more?.evidenceCount).toBe(5)
  })
})
