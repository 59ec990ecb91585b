import { strip } from '../../btf/layout.js'
import { counted, type Figure, type Problems } from '../../problems.js'
import { type ContainerEntry, type ContainerReader, hasMembers, readerAt, type Subject } from './reading.js'

/** Words of bits that are read at most: more CPUs than Linux knows. */
const mostWords = 1024

/** A run of set bits, the last included. */
export interface BitRange {
  readonly first: number
  readonly last: number
}

/** What is set in a struct scx_bitmap. */
export interface Bits {
  readonly ranges: readonly BitRange[]
  /** Bits that are set. */
  readonly count: Figure
  /** How many bits it has, and how that is known. */
  readonly size: number
  readonly sized: string
}

/** struct scx_bitmap of lib/cpumask.h, a set of CPUs: its runs of set bits. */
export const bitmapReader: ContainerReader = {
  kind: 'bitmap',
  structs: ['scx_bitmap'],
  fits: (type) => hasMembers(type, { bits: 'array' }),
  read(subject, problems) {
    const { ranges, count, size, sized } = readBits(subject, problems)
    const entries = ranges.map(
      ({ first, last }, index): ContainerEntry => ({
        index,
        key: BigInt(first),
        depth: 0,
        address: undefined,
        value: undefined,
        object: undefined,
        details: { first, last },
      }),
    )
    return { entries, count, state: { set: setText(ranges, count), bits: size, sized } }
  },
}

export function readBits(subject: Subject, problems: Problems): Bits {
  const { kernel, type, address } = subject
  const lost = problems.part()
  const { words, sized } = sizeOfBits(subject)
  const start = readerAt(kernel, type, address).at('bits')
  const ranges: { first: number; last: number }[] = []
  let count = 0
  for (let word = 0; word < words; word++) {
    const bits = lost.attempt(`word ${word}`, () => kernel.space.u64(start + BigInt(word * 8)))
    if (bits === undefined) continue
    for (let bit = 0; bit < 64; bit++) {
      if (((bits >> BigInt(bit)) & 1n) === 0n) continue
      count++
      const at = word * 64 + bit
      const last = ranges.at(-1)
      if (last?.last === at - 1) last.last = at
      else ranges.push({ first: at, last: at })
    }
  }
  return { ranges, count: counted(count, lost), size: words * 64, sized }
}

/** "0-3,8", "none". */
export function rangesText(ranges: readonly BitRange[]): string {
  const texts = ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`))
  return texts.length === 0 ? 'none' : texts.join(',')
}

/** The same where some words may be missing: "at least 0-3", "unknown". */
function setText(ranges: readonly BitRange[], count: Figure): string {
  if (count.whole) return rangesText(ranges)
  return ranges.length === 0 ? 'unknown' : `at least ${rangesText(ranges)}`
}

/**
 * The struct has room for more bits than are allocated: what lies behind them belongs to others. The allocation knows, else
 * the library's own variable, else the CPUs that there can be.
 */
function sizeOfBits({ kernel, arena, type, address, variable }: Subject): {
  readonly words: number
  readonly sized: string
} {
  const bits = readerAt(kernel, type, address).layout.place('bits')
  const array = strip(bits.type)
  const declared = array.kind === 'array' && array.length > 0 ? array.length : mostWords
  const from = arena.window.placeOf(address) + bits.offset
  const object = arena.window.placeOf(address) < 0 ? undefined : arena.objectAt(from)
  const owner =
    object &&
    arena.allocators.find(
      ({ name, reading }) => reading.elementSize === object.size && object.name.startsWith(`${name}[`),
    )
  if (object !== undefined && owner !== undefined) {
    const words = Math.floor((object.place + object.size - from) / 8)
    return { words: Math.min(words, declared), sized: 'by its allocation' }
  }
  const size = variable('mask_size')
  if (size !== undefined && size > 0n && size <= BigInt(declared))
    return { words: Number(size), sized: 'by the variable mask_size' }
  const cpus = Math.max(0, ...kernel.cpus.possible) + 1
  return { words: Math.min(Math.ceil(cpus / 64), declared), sized: 'by the CPUs that there can be' }
}
