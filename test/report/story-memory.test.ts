import { describe, expect, it } from 'vitest'
import type { Allocator } from '../../src/bpf/allocators/allocator.js'
import { CryoscopeError } from '../../src/errors.js'
import { Found } from '../../src/found.js'
import { memorySentences } from '../../src/report/story-memory.js'
import type { StoryScene } from '../../src/report/story-scene.js'

interface Spec {
  readonly live?: unknown
  readonly moving?: unknown
  readonly slots?: number
  readonly regions?: readonly { name: string; used?: number; length: number }[]
  readonly leaks?: readonly number[]
  readonly dangling?: readonly string[]
  readonly unreadRoots?: readonly string[]
  readonly problems?: readonly { where: string; why: string }[]
  readonly arenaProblems?: readonly { where: string; why: string }[]
  readonly name?: string
}

const whole = (value: number) => ({ whole: true, value })

/** What the story asks of an allocator. */
function allocator(spec: Spec = {}): Allocator {
  const { live = whole(3), moving = whole(0), slots = 8, regions = [], leaks = [], dangling = [] } = spec
  return {
    name: spec.name ?? 'pool',
    kind: 'sdt',
    arena: { id: 9, problems: spec.arenaProblems ?? [] },
    leaks: leaks.map((index) => ({ index })),
    dangling: dangling.map((from) => ({ from, why: 'it is free', pointer: 1n })),
    unreadRoots: spec.unreadRoots ?? [],
    problems: spec.problems ?? [],
    reading: {
      slots: { length: slots, count: (state: string) => (state === 'live' ? live : moving) },
      regions,
    },
  } as unknown as Allocator
}

const told = (spec: Spec, unread: readonly string[] = []) =>
  memorySentences({ allocators: Found.all([allocator(spec)]), unread } as unknown as StoryScene)
const sentencesOf = (spec: Spec) => told(spec).map(({ weight, sentence }) => `${weight}: ${sentence}`)

const lost = [{ where: 'root', why: 'not present' }]
const lostSentence = 'notice: 1 thing could not be read: pool, root: not present.'

describe('how full an allocator is', () => {
  it('is told with what is on its way, and the bytes of its regions', () => {
    const regions = [
      { name: 'chunk', used: 64, length: 4096 },
      { name: 'unknown', length: 4096 },
      { name: 'empty', used: 0, length: 0 },
    ]
    expect(told({ moving: whole(2), regions })).toEqual([
      {
        topic: 'memory',
        weight: 'fact',
        sentence:
          'Allocator pool has 3 of its 8 elements handed out, 2 on the way, 64 of 4096 bytes of its chunk handed out.',
        facts: {
          allocator: 'pool',
          kind: 'sdt',
          live: 3,
          inFlight: 2,
          slots: 8,
          chunk: { used: 64, length: 4096 },
        },
        about: [{ kind: 'allocator', name: 'pool', arena: 9 }],
      },
    ])
    expect(sentencesOf({ slots: 0, regions })).toEqual([
      'fact: Allocator pool has 64 of 4096 bytes of its chunk handed out.',
    ])
    expect(sentencesOf({ slots: 1, live: whole(1) })).toEqual([
      'fact: Allocator pool has 1 of its 1 element handed out.',
    ])
    expect(sentencesOf({ slots: 0 })).toEqual([])
  })

  it('is a lower bound where some of it, or of its arena, could not be read', () => {
    const regions = [{ name: 'chunk', used: 64, length: 4096 }]
    const least = 'fact: Allocator pool has at least 2 of at least 8 elements handed out'
    const bytes = '64 of 4096 bytes of its chunk handed out, as far as could be read'
    const live = { whole: false, atLeast: 2 }
    expect(sentencesOf({ live, moving: { whole: false }, regions, problems: lost })).toEqual([
      `${least}, ${bytes}.`,
      lostSentence,
    ])
    expect(sentencesOf({ live, moving: whole(1), arenaProblems: lost })).toEqual([`${least}, 1 on the way.`])
    expect(told({ live, problems: lost })[0]?.facts).toMatchObject({
      live: { atLeast: 2 },
      inFlight: { atLeast: 0 },
      slots: { atLeast: 8 },
    })
  })

  it('is told of one whose name could not be read', () => {
    const nameless = memorySentences({
      allocators: Found.all([allocator({ name: '<name not in memory>', leaks: [1] })]),
      unread: [],
    } as unknown as StoryScene)
    expect(nameless.length).toBeGreaterThan(0)
  })
})

describe('elements that nothing refers to', () => {
  it('are trouble, and only worth a look where references may not have been seen', () => {
    const last = (spec: Spec) => sentencesOf(spec)[1]
    expect(last({ leaks: [4] })).toBe('trouble: 1 element of pool is handed out and nothing refers to it.')
    expect(last({ leaks: [4, 6] })).toBe(
      'trouble: 2 elements of pool are handed out and nothing refers to them.',
    )
    expect(last({ leaks: [4], unreadRoots: ['map 3'] })).toBe(
      'notice: 1 element of pool is handed out and nothing refers to it (or only from 1 place that could not be read).',
    )
    expect(last({ leaks: [4], problems: lost })).toBe(
      'notice: 1 element of pool is handed out and nothing refers to it, as far as could be read.',
    )
  })

  it('are named by number, a hundred of them', () => {
    const leaks = Array.from({ length: 101 }, (_, i) => i)
    expect(told({ leaks })[1]?.facts).toEqual({ leaks: leaks.slice(0, 100), count: 101, unreadRoots: [] })
  })
})

describe('references to what is not handed out', () => {
  it('are trouble, and at least as many where not all was searched', () => {
    const last = (spec: Spec) => sentencesOf(spec)[1]
    expect(last({ dangling: ['a.next'] })).toBe(
      'trouble: 1 reference to pool leads to memory that is not handed out: a.next.',
    )
    expect(last({ dangling: ['a.next', 'b.next'] })).toBe(
      'trouble: 2 references to pool lead to memory that is not handed out: a.next and others.',
    )
    expect(last({ dangling: ['a.next'], unreadRoots: ['map 3'] })).toBe(
      'trouble: At least 1 reference to pool leads to memory that is not handed out: a.next.',
    )
    expect(last({ dangling: ['a.next'], problems: lost })).toBe(
      'notice: At least 1 reference to pool leads to memory that is not handed out, as far as could be read: a.next.',
    )
  })

  it('have their places and reasons in the facts, a hundred of them', () => {
    const dangling = Array.from({ length: 101 }, (_, i) => `a[${i}]`)
    expect(told({ dangling })[1]?.facts).toEqual({
      dangling: dangling.slice(0, 100).map((from) => ({ from, why: 'it is free' })),
      count: 101,
    })
  })
})

describe('what could not be read', () => {
  it('is told with three reasons', () => {
    const said = (unread: readonly string[]) => told({ slots: 0 }, unread).map(({ sentence }) => sentence)
    expect(said([])).toEqual([])
    expect(said(['a', 'b', 'c'])).toEqual(['3 things could not be read: a; b; c.'])
    expect(said(['a', 'b', 'c', 'd', 'e'])).toEqual(['5 things could not be read: a; b; c; and 2 more.'])
    expect(told({ slots: 0 }, ['a', 'b', 'c', 'd'])[0]).toMatchObject({
      topic: 'problems',
      weight: 'notice',
      facts: { problems: ['a', 'b', 'c', 'd'] },
      about: [],
    })
  })

  it('of one allocator costs the others nothing; a mistake of ours is none of it', () => {
    const story = (error: Error) => {
      const bad = allocator({ name: 'bad' })
      Object.defineProperty(bad, 'leaks', {
        get: () => {
          throw error
        },
      })
      return memorySentences({
        allocators: Found.all([bad, allocator()]),
        unread: [],
      } as unknown as StoryScene)
    }
    expect(
      story(new CryoscopeError('unreadable', 'its tree is lost')).map(({ sentence }) => sentence),
    ).toEqual([
      'Allocator pool has 3 of its 8 elements handed out.',
      '1 thing could not be read: bad: its tree is lost.',
    ])
    expect(() => story(new TypeError('x is undefined'))).toThrow(TypeError)
  })
})
