import type { Kernel } from '../../kernel/kernel.js'
import type { StructReader } from '../../kernel/struct-reader.js'
import { usedWords } from '../../kernel/walk/word.js'
import type { Problems } from '../../problems.js'

/** MAX_USED_MAPS is 64; programs that are put together of several use more. */
const mapLimit = 4096

/**
 * struct bpf_map of every map that a program uses: `used_maps` of its struct bpf_prog_aux (include/linux/bpf.h), in the
 * order that its instructions number them by. What cannot be read is left out, with a problem.
 */
export function usedMapAddresses(kernel: Kernel, aux: StructReader, problems: Problems): bigint[] {
  // A free path clears the pointer before the count: the pointer is read first, so a race leaves less, not garbage.
  const pointers = aux.pointer('used_maps')
  const count = aux.number('used_map_cnt')
  if (pointers === 0n || count === 0) return []
  const where = `program ${aux.number('id')}`
  if (count > mapLimit) {
    problems.add(where, `it claims to use ${count} maps, which cannot be`)
    return []
  }
  const missing = (first: number, last: number, why: string): void => {
    const which = first === last ? `used_maps[${first}]` : `used_maps[${first}] to [${last}]`
    problems.add(`${which} of ${where}`, why)
  }
  return [...usedWords(kernel, pointers, count, missing)].map(({ value }) => value)
}
