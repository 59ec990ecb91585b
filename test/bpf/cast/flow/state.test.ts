import { describe, expect, test } from 'vitest'
import {
  blurStack,
  forgetShownStack,
  forgetStack,
  frameOffset,
  joinStates,
  lowestFrame,
  lowestOnStack,
  makeState,
  readStack,
  type State,
  showStack,
  writeStack,
} from '../../../../src/bpf/cast/flow/state.js'
import { TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { knowledgeOf, makeTypes, textOf } from './support.js'

const types = makeTypes()
const knowledge = knowledgeOf(types)
const { values } = knowledge
const five = values.constant(5)
const flags = knowledge.heldIn(types.value, 0, 0)

/** A stack of four words, all 5 unless told otherwise. */
function stack(words: readonly Value[] = [five, five, five, five]): State {
  const state = makeState(4)
  for (const [n, value] of words.entries()) writeStack(state, -8 - n * 8, 8, value)
  return state
}

/** The four words from the top down. */
const shown = (state: State): string =>
  [-8, -16, -24, -32].map((at) => textOf(knowledge, readStack(state, at))).join(' ')

describe('words of the stack', () => {
  test('are read where they were written, and nowhere else', () => {
    const state = stack([1, 2, 3, 4].map((n) => values.constant(n)))
    expect(shown(state)).toBe('1 2 3 4')
    expect(state).toHaveLength(16)
    // Above the frame, between words, below what the function uses.
    expect([0, 8, -4, -12, -40].map((at) => readStack(state, at))).toEqual(Array(5).fill(TOP))
  })

  test.each([
    ['a part of a word', -16, 4, '5 ? 5 5'],
    ['the upper part of a word', -12, 4, '5 ? 5 5'],
    ['parts of two words', -20, 8, '5 ? ? 5'],
    ['a byte at the end of a word', -9, 1, '5 ? 5 5'],
    ['the last word', -32, 2, '5 5 5 ?'],
    ['the first', -8, 1, '? 5 5 5'],
    ['above the frame', 0, 8, '5 5 5 5'],
    ['below it', -40, 8, '5 5 5 5'],
    ['from below it on', -36, 8, '5 5 5 ?'],
  ])('are lost when %s is written', (_, at, width, expected) => {
    const state = stack()
    writeStack(state, at, width, values.constant(9))
    expect(shown(state)).toBe(expected)
  })

  test.each([
    [-24, 8, '5 5 ? 5'],
    [-24, 9, '5 ? ? 5'],
    [-24, 16, '5 ? ? 5'],
    [-20, 1, '5 5 ? 5'],
    [-24, 1000, '? ? ? 5'],
    [-24, undefined, '? ? ? 5'],
    [-25, undefined, '? ? ? ?'],
    [-1000, undefined, '? ? ? ?'],
    [-24, 0, '5 5 5 5'],
  ])('are forgotten from %d for %s bytes', (at, size, expected) => {
    const state = stack()
    forgetStack(state, at, size)
    expect(shown(state)).toBe(expected)
  })

  test('below a place that varies may be numbers now, and those above anything', () => {
    const state = stack([five, five, five, flags])
    blurStack(knowledge, state, -16)
    expect(shown(state)).toBe('? ? number {[value+0] | number}')
    const odd = stack()
    blurStack(knowledge, odd, -12)
    expect(shown(odd)).toBe('? ? number number')
  })
})

describe('a stack that has been shown', () => {
  test('is forgotten from the lowest address that was shown on upwards', () => {
    const state = stack()
    forgetShownStack(state)
    expect(shown(state)).toBe('5 5 5 5')
    showStack(state, -24)
    showStack(state, -8)
    expect(shown(state)).toBe('5 5 5 5')
    forgetShownStack(state)
    expect(shown(state)).toBe('? ? ? 5')
  })

  test('is so after paths meet of which one has shown it', () => {
    const [one, other] = [stack(), stack()]
    showStack(other, -16)
    expect(joinStates(knowledge, one, other)).toBe(true)
    expect(joinStates(knowledge, one, other)).toBe(false)
    expect(joinStates(knowledge, other, stack())).toBe(false)
    forgetShownStack(one)
    expect(shown(one)).toBe('? ? 5 5')
  })
})

test('joined states hold what is true of both', () => {
  const one = stack([five, values.constant(8), values.scalar(4), five])
  const other = stack([five, values.constant(12), values.constant(8), five])
  one[3] = values.constant(1)
  other[3] = TOP
  expect(joinStates(knowledge, one, other)).toBe(true)
  expect(shown(one)).toBe('5 n*4 n*4 5')
  expect(one[3]).toBe(TOP)
  expect(shown(other)).toBe('5 12 8 5')
  expect(joinStates(knowledge, one, other)).toBe(false)
})

test('where an address on the stack leads at the lowest', () => {
  const frame = values.frame(-16)
  const moving = values.shift(values.frame(-24), 0, 8)
  const lowest = [
    frame,
    moving,
    values.set([values.frame(-8), moving, values.slot(0)]),
    values.set([frame, values.slot(0)]),
    values.frame(0),
    values.set([values.slot(0), values.slot(1)]),
    values.slot(0),
    TOP,
  ].map((value) => lowestFrame(knowledge, value))
  expect(lowest).toEqual([
    { offset: -16, isMoving: false },
    { offset: -24, isMoving: true },
    { offset: -24, isMoving: true },
    { offset: -16, isMoving: false },
    { offset: 0, isMoving: false },
    undefined,
    undefined,
    undefined,
  ])
  expect([frameOffset(knowledge, moving), frameOffset(knowledge, TOP)]).toEqual([-24, undefined])
  expect(lowestOnStack).toBe(-512)
})
