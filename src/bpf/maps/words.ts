import type { Kernel } from '../../kernel/kernel.js'
import { memorySize } from '../../kernel/walk/word.js'
import { describeProblem } from '../../memory/types.js'
import type { Problems } from '../../problems.js'

const pageSize = 4096

export interface Word {
  readonly index: number
  readonly value: bigint
  /** Where it lies. */
  readonly address: bigint
}

/** The words of a table (u64 each) that are not 0, a page at a time. A page that cannot be read is a problem, and skipped. */
export function* usedWords(
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
  for (let index = 0; index < count; ) {
    const address = table + BigInt(index * stride)
    const inPage = Math.ceil((pageSize - Number(address & 0xfffn)) / stride)
    const wanted = Math.min(inPage, count - index)
    const { bytes, ...read } = kernel.space.read(address, (wanted - 1) * stride + 8)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < wanted && i * stride + 8 <= bytes.length; i++) {
      const value = view.getBigUint64(i * stride, true)
      if (value !== 0n) yield { index: index + i, value, address: address + BigInt(i * stride) }
    }
    if (!read.ok && 'problem' in read) {
      const last = index + wanted - 1
      problems.add(
        wanted === 1 ? `${what} ${index}` : `${what}s ${index} to ${last}`,
        describeProblem(read.problem),
      )
    }
    index += wanted
  }
}
