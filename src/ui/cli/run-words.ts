import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'

/**
 * The `prepare` of a command with --run: its groups travel as one word, `--runs` in JSON, for commander knows no option that
 * ends at the next one.
 */
export function runsPreparer(configure: (command: Command) => void): (words: readonly string[]) => string[] {
  return (words) => {
    const command = new Command()
    configure(command)
    const options = command.options.flatMap(({ long, short }) => [long, short])
    const known = new Set(['--help', ...options.filter((word) => word !== undefined)])
    const { rest, runs } = takeRuns(words, (word) => known.has(word.split('=')[0] ?? word))
    return runs.length === 0 ? rest : [...rest, `--runs=${JSON.stringify(runs)}`]
  }
}

/** The words of `boot` without its --run groups, and those groups. */
export interface RunWords {
  readonly rest: string[]
  /** Program and arguments of each --run. */
  readonly runs: string[][]
}

/**
 * Takes `--run PROGRAM [ARGUMENT…]` out of the words: everything up to the next option of ours or `--`. `isOption` says
 * whether a word is one. Options of ours that take a value keep it: it never starts a group.
 */
export function takeRuns(
  words: readonly string[],
  isOption: (word: string) => boolean,
  exists: (path: string) => boolean = existsSync,
): RunWords {
  const rest: string[] = []
  const runs: string[][] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word !== '--run' && !word.startsWith('--run=')) {
      rest.push(word)
      continue
    }
    const group = word === '--run' ? [] : [word.slice('--run='.length)]
    while (at + 1 < words.length) {
      const next = words[at + 1] as string
      if (next === '--') {
        at++
        break
      }
      if (isOption(next)) break
      group.push(next)
      at++
    }
    runs.push(programAndArguments(group, exists))
  }
  return { rest, runs }
}

/** A first word with spaces in it is a whole command line, unless it is the name of a file. */
function programAndArguments(group: readonly string[], exists: (path: string) => boolean): string[] {
  const [first = '', ...more] = group
  if (first.trim() === '')
    throw new CryoscopeError('usage', '--run takes a program: --run PROGRAM [ARGUMENT…]')
  if (!/\s/.test(first) || exists(first)) return [first, ...more]
  return [...splitWords(first), ...more]
}

/** Splits as a shell does: spaces, single and double quotes, backslashes. Nothing is expanded. */
export function splitWords(text: string): string[] {
  const words: string[] = []
  const pattern = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy
  let word: string | undefined
  let at = 0
  while (at < text.length) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) {
      throw new CryoscopeError('usage', `--run has a quote that is not closed: ${escapeText(text)}`)
    }
    at = pattern.lastIndex
    const [, single, double, escaped, plain] = match
    const part = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain
    if (part !== undefined) word = (word ?? '') + part
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return word === undefined ? words : [...words, word]
}
