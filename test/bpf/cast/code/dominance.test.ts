import { describe, expect, it } from 'vitest'
import type { Block } from '../../../../src/bpf/cast/code/control-flow.js'
import { Dominance } from '../../../../src/bpf/cast/code/dominance.js'

/** Blocks by their successors, in reverse postorder. */
function flow(...successors: readonly (readonly number[])[]): Dominance {
  return new Dominance(
    successors.map((own, index): Block => ({ start: index, end: index + 1, successors: own })),
  )
}

describe('reaching a block without passing another', () => {
  it('is so by a way around it, and not where all ways lead through it', () => {
    // 0 -> 1 -> 3, 0 -> 2 -> 3
    const diamond = flow([1, 2], [3], [3], [])
    expect(diamond.reaches(0, 3, 1)).toBe(true)
    expect(flow([1], [2], []).reaches(0, 2, 1)).toBe(false)
    expect(flow([1], [2], []).reaches(0, 2, 9)).toBe(true)
    expect(diamond.reaches(3, 0, 9)).toBe(false)
  })

  it('never is so of the block that must not be passed', () => {
    expect(flow([1], []).reaches(0, 1, 1)).toBe(false)
  })

  it('goes around a loop once, to the block itself too', () => {
    // 0 -> 1 <-> 2 -> 3
    const loop = flow([1], [2], [1, 3], [])
    expect(loop.reaches(2, 2, 9)).toBe(true)
    expect(loop.reaches(2, 2, 1)).toBe(false)
    expect(loop.reaches(1, 0, 9)).toBe(false)
  })
})

describe('dominance', () => {
  it('holds for what lies on every way from the entry, and the reverse to the exit', () => {
    const diamond = flow([1, 2], [3], [3], [])
    expect([0, 1, 2, 3].filter((block) => diamond.dominates(block, 3))).toEqual([0, 3])
    expect([0, 1, 2, 3].filter((block) => diamond.postdominates(block, 0))).toEqual([0, 3])
    expect(diamond.dominates(1, 2)).toBe(false)
  })
})

it('leads nowhere above the entry, though a loop comes back to it', () => {
  const loop = flow([1], [0, 2], [])
  expect([0, 1, 2].map((block) => loop.dominates(block, 0))).toEqual([true, false, false])
  expect([0, 1, 2].map((block) => loop.postdominates(block, 0))).toEqual([true, true, true])
})

describe('a loop that is entered in two places', () => {
  // 0 -> 1 -> 2 -> 3 -> 4 -> 2, and 0 -> 4; 3 -> 5 ends.
  const loop = flow([1, 4], [2], [3], [4, 5], [2], [])

  it('has blocks that neither entry always leads through', () => {
    const dominators = [2, 3, 4, 5].map((block) =>
      [0, 1, 2, 3, 4].filter((other) => loop.dominates(other, block)),
    )
    expect(dominators).toEqual([
      [0, 2],
      [0, 2, 3],
      [0, 4],
      [0, 2, 3],
    ])
    const after = [0, 1, 4].map((block) => [2, 3, 4, 5].filter((other) => loop.postdominates(other, block)))
    expect(after).toEqual([
      [2, 3, 5],
      [2, 3, 5],
      [2, 3, 4, 5],
    ])
  })
})

describe('in a flow with branches, loops and ends', () => {
  // 0 -> 1 -> 2 <-> 3, 2 -> 5; 1 -> 4 -> 5, 4 -> 6 (an end of its own); 5 -> 7 (a loop without an end) or 8 (an end)
  const wide = flow([1], [2, 4], [3, 5], [2], [5, 6], [7, 8], [], [7], [])
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8]

  it('each block comes always behind those that dominate it', () => {
    const dominators = all.map((block) => all.filter((other) => wide.dominates(other, block)).join(' '))
    expect(dominators).toEqual([
      '0',
      '0 1',
      '0 1 2',
      '0 1 2 3',
      '0 1 4',
      '0 1 5',
      '0 1 4 6',
      '0 1 5 7',
      '0 1 5 8',
    ])
  })

  it('each block comes always before those that postdominate it, if it comes to an end at all', () => {
    const after = all.map((block) => all.filter((other) => wide.postdominates(other, block)).join(' '))
    expect(after).toEqual(['0 1', '1', '2 5 8', '2 3 5 8', '4', '5 8', '6', '7', '8'])
  })

  it('what is not there is neither', () => {
    expect([wide.dominates(9, 3), wide.dominates(0, 9), wide.postdominates(9, 3)]).toEqual([
      false,
      false,
      false,
    ])
    expect(wide.reaches(9, 0, 1)).toBe(false)
  })
})
