import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../src/errors.js'
import { counted, figureJson, figureText, Problems, unknown, whole } from '../src/problems.js'

describe('the sink of problems', () => {
  it('keeps what could not be read, each once, in order', () => {
    const problems = new Problems()
    expect(problems.none).toBe(true)
    problems.add('tasks', 'the list is broken')
    problems.add('map 1', 'outside memory')
    problems.add('tasks', 'the list is broken')
    expect(problems.none).toBe(false)
    expect(problems.sentences).toEqual(['tasks: the list is broken', 'map 1: outside memory'])
  })

  it('says names of the guest so that nothing acts on what shows them', () => {
    const problems = new Problems()
    problems.add('map \u001b[2J', 'torn\n\u202e')
    expect(problems.sentences).toEqual(['map \\x1b[2J: torn\\n\\u202e'])
  })

  it('counts what it does not keep', () => {
    const problems = new Problems()
    for (let n = 0; n < 150; n++) problems.add(`entry ${n}`, 'torn')
    expect(problems.list).toHaveLength(101)
    expect(problems.sentences.at(99)).toBe('entry 99: torn')
    expect(problems.sentences.at(-1)).toBe('more: 50 more problems')
  })

  it('has nothing more to tell of exactly as many as it keeps', () => {
    const problems = new Problems()
    for (let n = 0; n < 100; n++) problems.add(`entry ${n}`, 'torn')
    expect(problems.list).toHaveLength(100)
    problems.add('entry 100', 'torn')
    expect(problems.sentences.at(-1)).toBe('more: 1 more problem')
  })

  it('counts what comes again once, whether it is kept or not', () => {
    const problems = new Problems()
    const part = problems.part()
    for (let time = 0; time < 3; time++)
      for (let n = 0; n < 120; n++) part.add(`entry ${n}`, n % 2 === 0 ? 'torn' : 'outside memory')
    for (const sink of [problems, part]) {
      expect(sink.list).toHaveLength(101)
      expect(sink.sentences.at(-1)).toBe('more: 20 more problems')
    }
  })

  it('claims no number where it can no longer tell what comes again', () => {
    const problems = new Problems()
    for (let n = 0; n < 10_000; n++) problems.add(`entry ${n}`, 'torn')
    expect(problems.sentences.at(-1)).toBe('more: 9900 more problems')
    problems.add('entry 9999', 'torn')
    expect(problems.sentences.at(-1)).toBe('more: 9900 more problems')
    for (let time = 0; time < 2; time++) problems.add('entry 10000', 'torn')
    expect(problems.sentences.at(-1)).toBe('more: at least 9900 more problems')
  })

  it('takes what an attempt throws for people, and throws on what is a mistake of ours', () => {
    const problems = new Problems()
    expect(problems.attempt('page', () => 7)).toBe(7)
    expect(
      problems.attempt('page', () => {
        throw new CryoscopeError('unreadable', 'not in the dump')
      }),
    ).toBeUndefined()
    expect(problems.list).toEqual([{ where: 'page', why: 'not in the dump' }])
    expect(() =>
      problems.attempt('page', () => {
        throw new TypeError('mistake')
      }),
    ).toThrow(TypeError)
  })

  it('tells of a part whether that part is whole, and keeps its problems in the whole', () => {
    const problems = new Problems()
    const good = problems.part()
    const bad = problems.part()
    bad.add('slot 3', 'torn')
    expect(good.none).toBe(true)
    expect(bad.sentences).toEqual(['slot 3: torn'])
    expect(problems.sentences).toEqual(['slot 3: torn'])
  })
})

describe('a figure', () => {
  it('is whole only when nothing fell short', () => {
    const problems = new Problems()
    expect(counted(12, problems)).toEqual({ whole: true, value: 12 })
    problems.add('page', 'missing')
    expect(counted(12, problems)).toEqual({ whole: false, atLeast: 12, why: 'page: missing' })
  })

  it('reads as what is known of it', () => {
    const problems = new Problems()
    problems.add('page', 'missing')
    expect(figureText(whole(3))).toBe('3')
    expect(figureText(counted(3, problems))).toBe('at least 3')
    expect(figureText(unknown<number>('no page'))).toBe('unknown')
    expect(figureJson(whole(3))).toBe(3)
    expect(figureJson(counted(3, problems))).toEqual({ atLeast: 3, why: 'page: missing' })
    expect(figureJson(unknown<number>('no page'))).toBeNull()
  })
})
