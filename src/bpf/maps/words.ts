import type { Kernel } from '../../kernel/kernel.js'
import { memorySize, rangeText, usedWords, type Word } from '../../kernel/walk/word.js'
import type { Problems } from '../../problems.js'

/** The words of a map's table (u64 each) that are not 0. What cannot be read of it is a problem, and skipped. */
export function tableWords(
  kernel: Kernel,
  table: bigint,
  count: number,
  what: string,
  problems: Problems,
  stride = 8,
): Iterable<Word> {
  if (count * stride <= memorySize(kernel)) {
    const missing = (from: number, to: number, why: string): void =>
      problems.add(rangeText(what, from, to), why)
    return usedWords(kernel, table, count, missing, stride)
  }
  problems.add('map', `${count} ${what}s are more than memory holds`)
  return []
}
