import { elementWords, fixedWords, Kind, kindLimit, recordWords } from './kind.js'

/** Words that memory did not have, first to end. */
export interface Hole {
  readonly from: number
  readonly to: number
}

/** Where records go on behind a hole, and how many types lie in it. */
export interface Resumption {
  readonly at: number
  readonly lost: number
}

/** Different prototypes of functions that must fit before a count of lost types is taken for proven. */
const proofs = 16
/** More are not looked at: they say the same again. */
const proofLimit = 2000

/**
 * Where the records of a type section go on behind a hole, up to the next one or the end. Ids are counted, so that it takes
 * the number of types in the hole as well: the one under which every function behind the hole has a prototype. Undefined
 * where that is not proven: what stands behind the hole has no ids then.
 */
export function resumeBehind(
  words: Uint32Array,
  { from, to }: Hole,
  end: number,
  firstLost: number,
): Resumption | undefined {
  // Chains of records run together soon: what was tried once is not tried again, so that all takes linear time.
  const tried = new Uint8Array(end)
  // The record that reaches into the hole and those in it take that many words at most.
  for (let start = to; start < Math.min(end, to + 0x10000); start++) {
    const records = hop(words, start, end, tried)
    if (records === undefined) continue
    const most = Math.ceil((start - from) / recordWords) + 1
    const lost = lostCount(words, records, { firstLost, most, isCut: end < words.length })
    return lost === undefined ? undefined : { at: start, lost }
  }
  return undefined
}

/**
 * The records from a word on, undefined unless they are records up to the very end, or to where a hole cuts the last, and
 * none of them was tried before.
 */
function hop(words: Uint32Array, start: number, end: number, tried: Uint8Array): Uint32Array | undefined {
  const found: number[] = []
  let at = start
  while (at + recordWords <= end) {
    const info = words[at + 1] as number
    const kind = (info >>> 24) & 0x1f
    if (tried[at] !== 0 || kind === 0 || kind >= kindLimit || ((info >>> 29) & 3) !== 0) return undefined
    tried[at] = 1
    found.push(at)
    at += recordWords + (fixedWords[kind] as number) + (elementWords[kind] as number) * (info & 0xffffff)
  }
  // A hole may cut the last one anywhere.
  const isWhole = at === end || end < words.length
  return isWhole && found.length > proofs ? Uint32Array.from(found) : undefined
}

interface Count {
  readonly firstLost: number
  readonly most: number
  /** Another hole ends the records: types behind it say nothing. */
  readonly isCut: boolean
}

/** Between 0 and `most` types are in the hole; undefined unless exactly one number fits, and enough speaks for it. */
function lostCount(
  words: Uint32Array,
  records: Uint32Array,
  { firstLost, most, isCut }: Count,
): number | undefined {
  const prototypes = new Set<number>()
  for (let n = 0; n < records.length && prototypes.size < proofLimit; n++) {
    const at = records[n] as number
    if (kindAt(words, at) === Kind.function) prototypes.add(words[at + 2] as number)
  }
  let right: number | undefined
  for (let lost = 0; lost <= most; lost++) {
    const base = firstLost + lost
    let fits = 0
    let differs = false
    for (const target of prototypes) {
      // What lies before the hole or in it says nothing about the count.
      if (target < base) continue
      const at = records[target - base]
      if (at === undefined && isCut) continue
      if (at === undefined || kindAt(words, at) !== Kind.prototype) {
        differs = true
        break
      }
      fits++
    }
    if (differs || fits < proofs) continue
    if (right !== undefined) return undefined
    right = lost
  }
  return right
}

function kindAt(words: Uint32Array, at: number): number {
  return ((words[at + 1] as number) >>> 24) & 0x1f
}
