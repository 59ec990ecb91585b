import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { boot } from '../../../src/ui/cli/commands/boot.js'
import { splitWords, takeRuns } from '../../../src/ui/cli/run-words.js'

const ours = new Set(['--run', '--cpus', '--file', '--detach'])
const take = (words: string[], exists = (_path: string) => false) =>
  takeRuns(words, (word) => ours.has(word.split('=')[0] ?? ''), exists)

describe('--run', () => {
  it('takes everything up to our next option', () => {
    expect(take(['--run', './s', '--verbose', '-n', '3', '--cpus', '4'])).toEqual({
      rest: ['--cpus', '4'],
      runs: [['./s', '--verbose', '-n', '3']],
    })
  })

  it('ends at --', () => {
    expect(take(['--run', './s', 'a', '--', '--cpus', '4'])).toEqual({
      rest: ['--cpus', '4'],
      runs: [['./s', 'a']],
    })
  })

  it('may be repeated, and may carry its program behind =', () => {
    expect(take(['--run', 'a', '1', '--run=b', '2', '--detach=x']).runs).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  it('takes a whole command line in quotes', () => {
    expect(take(['--run', './s --cpus 4 "two words"']).runs).toEqual([['./s', '--cpus', '4', 'two words']])
    expect(take(['--run', 'my program', 'x'], (path) => path === 'my program').runs).toEqual([
      ['my program', 'x'],
    ])
  })

  it.each([[['--run']], [['--run', '--cpus', '2']], [['--run', '']], [['--run', "a 'open"]]])(
    'refuses %j',
    (words) => {
      expect(() => take(words)).toThrow(CryoscopeError)
    },
  )

  it('leaves other words alone', () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter((word) => !word.startsWith('--run'))), (words) => {
        expect(take(words)).toEqual({ rest: words, runs: [] })
      }),
    )
  })

  it('is handed to commander by boot, with its real options', () => {
    const words = boot.prepare?.(['--run', './s', '-v', '--wait-for', 'up', '--no-kaslr']) ?? []
    expect(words).toEqual(['--wait-for', 'up', '--no-kaslr', '--runs=[["./s","-v"]]'])
  })
})

describe('words of a command line', () => {
  it.each([
    ['a  b', ['a', 'b']],
    ['\'a b\' "c d" e\\ f', ['a b', 'c d', 'e f']],
    ['a"b"\'c\'', ['abc']],
    ['""', ['']],
    ['"say \\"hi\\""', ['say "hi"']],
    ['', []],
  ])('%s', (text, words) => {
    expect(splitWords(text)).toEqual(words)
  })

  it('come back from quoting', () => {
    const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitWords(words.map(quote).join(' '))).toEqual(words)
      }),
    )
  })

  it('never make it hang or crash', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(Array.isArray(splitWords(text))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(CryoscopeError)
        }
      }),
    )
  })
})
