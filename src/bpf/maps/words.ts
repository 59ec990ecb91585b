import type { Kernel } from '../../kernel/kernel.js'
import { Patience } from '../../kernel/walk/patience.js'
import { memorySize, rangeText, usedWords, type Word } from '../../kernel/walk/word.js'
import type { Problems } from '../../problems.js'

/**
 * The words of a map's table (u64 each) that are not 0. What cannot be read of it is a problem, and skipped. It ends where
 * too many words in a row brought problems.
 */
export function* tableWords(
  kernel: Kernel,
  table: bigint,
  count: number,
  what: string,
  problems: Problems,
  stride = 8,
): Generator<Word> {
  if (count * stride > memorySize(kernel)) {
    problems.add('map', `${count} ${what}s are more than memory holds`)
    return
  }
  const missing = (from: number, to: number, why: string): void =>
    problems.add(rangeText(what, from, to), why)
  const patience = new Patience(problems, what)
  for (const word of usedWords(kernel, table, count, missing, stride)) {
    yield word
    if (patience.endsAt(word.index)) return
  }
}
