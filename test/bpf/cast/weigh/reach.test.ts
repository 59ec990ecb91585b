import { describe, expect, it, test } from 'vitest'
import { Reach, type Span } from '../../../../src/bpf/cast/weigh/reach.js'
import { dataSection, knowledgeOf, makeTypes } from '../flow/support.js'
import { slotsOf } from './support.js'

const types = makeTypes()
const { b, ints, inner, value, list, task } = types
const rows = b.array(b.array(inner, 2), 2)
const words = b.array(ints.u64, 4)
const section = b.section('.bss', [
  { type: b.variable('before', ints.u64), offset: 0, size: 8 },
  { type: b.variable('rows', rows), offset: 8, size: 64 },
  { type: b.variable('words', words), offset: 72, size: 32 },
  { type: b.variable('after', ints.u64), offset: 104, size: 8 },
  { type: b.variable('open', types.header), offset: 112, size: 24 },
])
const knowledge = knowledgeOf(types, {
  data: [
    dataSection(section, '.bss', [
      ['before', ints.u64, 0, 8],
      ['rows', rows, 8, 64],
      ['words', words, 72, 32],
      ['after', ints.u64, 104, 8],
      ['open', types.header, 112, 24],
    ]),
  ],
})
const slot = slotsOf(knowledge, value)
const span = (offset: number, stride: number, width = 8): Span => ({ offset, stride, width })
const variable = (offset: number) => knowledge.variableOf(knowledge.sectionAddress(0, offset))

/** Offsets of slots that are met. */
const met = (reach: Reach, type: number, offsets: readonly number[]): number[] =>
  offsets.filter((offset) => reach.meets(slot(offset, type)))

describe('an access at an index meets', () => {
  test.each([
    ['in steps of one, all', span(0, 1), [0, 40, 48, 56, 104]],
    ['in steps of the struct, the place of one', span(40, 112), [40]],
    ['in steps of two structs, the same', span(40, 224), [40]],
    ['one and a part of the next', span(44, 112), [40, 48]],
    ['in steps of 16, what lies at any of them', span(8, 16), [40, 56, 104]],
    ['in steps of 16, with a wide access', span(8, 16, 9), [0, 40, 48, 56, 104]],
    ['bytes before the struct, of the one before it', span(-8, 112), [104]],
    ['bytes of a later one', span(112 + 48, 112), [48]],
    ['nothing at padding', span(20, 112, 4), []],
  ])('%s', (_, where, expected) => {
    const reach = new Reach(knowledge, value, undefined, where)
    expect(met(reach, value, [0, 40, 48, 56, 104])).toEqual(expected)
  })

  it('what lies in structs that are members', () => {
    const reach = (offset: number) => new Reach(knowledge, value, undefined, span(offset, 112))
    expect([0, 24, 32].map((offset) => met(reach(offset), inner, [0, 8]))).toEqual([[], [0], [8]])
    expect([...reach(0).containers].toSorted()).toEqual([value, inner].toSorted())
    const inList = new Reach(knowledge, list, undefined, span(16, 80))
    expect(met(inList, inner, [0, 8])).toEqual([0])
    expect(met(inList, list, [48, 56])).toEqual([])
    // What is not in it is not met.
    expect(met(reach(0), task, [8])).toEqual([])
    expect([...reach(0).containers]).not.toContain(task)
  })

  it('an array that is used as a whole, at each of its elements', () => {
    const whole = slot(40, value, 8)
    const hit = [32, 40, 64, 71, 72].filter((offset) =>
      new Reach(knowledge, value, undefined, span(offset, 112)).meets(whole),
    )
    expect(hit).toEqual([40, 64, 71])
  })

  it('what a single integer is, of which nothing is a multiple', () => {
    const reach = new Reach(knowledge, ints.u64, undefined, span(0, 8))
    expect([...reach.containers]).toEqual([ints.u64])
    expect(met(reach, value, [0])).toEqual([])
  })
})

describe('an access at an index in a variable meets', () => {
  it('words of that variable only', () => {
    const in72 = (stride: number, offset = 72) =>
      met(new Reach(knowledge, section, variable(72), span(offset, stride)), section, [0, 72, 80, 96, 104])
    expect(in72(8)).toEqual([72, 80, 96])
    expect(in72(1)).toEqual([72, 80, 96])
    // The elements of an array are all as likely.
    expect(in72(16)).toEqual([72, 80, 96])
    expect(in72(16, 80)).toEqual([72, 80, 96])
    expect(met(new Reach(knowledge, section, variable(104), span(104, 8)), section, [96, 104])).toEqual([104])
  })

  it('an array of words as a whole', () => {
    const all = slot(72, section, 8)
    const meets = (at: number) => new Reach(knowledge, section, variable(at), span(at, 8)).meets(all)
    expect([0, 72, 104].map(meets)).toEqual([false, true, false])
  })

  it('the same place of each element of an array, in however many dimensions', () => {
    const inRows = (offset: number, stride: number, at = 8) =>
      met(new Reach(knowledge, section, variable(at), span(offset, stride)), inner, [0, 8])
    expect([inRows(8, 16), inRows(16, 16), inRows(24, 32), inRows(8, 8)]).toEqual([[0], [8], [0], [0, 8]])
    expect(inRows(72, 8, 72)).toEqual([])
    expect([...new Reach(knowledge, section, variable(8), span(8, 16)).containers]).toEqual([section, inner])
  })

  it('what is not behind its header, where the variable goes on', () => {
    const inOpen = (offset: number) =>
      met(new Reach(knowledge, section, variable(112), span(offset, 24)), types.header, [0])
    expect([inOpen(112), inOpen(120)]).toEqual([[0], []])
  })

  it('all of the section, where it is not certain which variable is meant', () => {
    expect(variable(16)).toBeUndefined()
    const reach = new Reach(knowledge, section, undefined, span(16, 8))
    expect(met(reach, section, [0, 72, 104])).toEqual([0, 72, 104])
    expect(met(reach, inner, [0, 8])).toEqual([0, 8])
    expect([...reach.containers]).toEqual([section, inner, types.header])
  })
})
