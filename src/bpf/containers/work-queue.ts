import { memberAt, sizeOf } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import { counted, unknown } from '../../problems.js'
import {
  type ContainerEntry,
  type ContainerReader,
  follow,
  hasMembers,
  hex,
  listedAtMost,
  objectNamed,
  pointee,
  readerAt,
  userAddress,
} from './reading.js'

/**
 * struct lv_queue of lib/lvqueue.h, a work-stealing queue of Chase and Lev: the oldest value first, which others steal; its
 * owner pops the newest. Values lie in a ring of 2^order words, which is exchanged for a larger one before it is full.
 */
export const workQueueReader: ContainerReader = {
  kind: 'lvqueue',
  structs: ['lv_queue'],
  fits: (type) => hasMembers(type, { cur: 'pointer', top: 'integer', bottom: 'integer', arr: 'array' }),
  read({ kernel, arena, type, address }, problems) {
    const lost = problems.part()
    const ring = pointee(arena, type, 'cur')
    const head = lost.attempt('queue', () => {
      const reader = readerAt(kernel, type, address)
      return {
        cur: reader.pointer('cur'),
        top: reader.unsigned('top'),
        bottom: reader.unsigned('bottom'),
      }
    })
    if (head === undefined) return { entries: [], count: counted(0, lost), state: {} }
    const { top, bottom } = head
    // An owner that pops lowers the bottom before it looks whether there was anything.
    const length = BigInt.asIntN(64, bottom - top)
    const state = { top, bottom }
    if (length === -1n) problems.add('queue', 'its owner is popping from it while it is empty')
    if (length <= 0n && length >= -1n) return { entries: [], count: counted(0, lost), state }
    const at = follow(arena, head.cur)
    if (ring === undefined || !hasMembers(ring, { data: 'pointer', order: 'integer' }))
      lost.add('ring', 'it is of a type that is not known to the programs here, or of another layout')
    else if (at === undefined || at === null)
      lost.add('ring', at === null ? 'the queue has none' : `${hex(head.cur)} is outside the arena`)
    else if (!isWithin(type, address, ring, at))
      lost.add('ring', `${hex(head.cur)} is none of the queue's own`)
    else if (length < 0n) lost.add('queue', `its top ${top} is above its bottom ${bottom}`)
    else {
      const read = lost.attempt('ring', () => {
        const reader = readerAt(kernel, ring, at)
        return { order: reader.integer('order'), data: reader.pointer('data') }
      })
      const data = read === undefined ? undefined : follow(arena, read.data)
      if (read !== undefined && (data === undefined || data === null))
        lost.add('ring', `its words at ${hex(read.data)} are ${data === null ? 'null' : 'outside the arena'}`)
      else if (read !== undefined && (read.order < 0n || read.order > 32n))
        lost.add('ring', `an order of ${read.order} cannot be`)
      else if (read !== undefined && length > 1n << read.order)
        lost.add('ring', `${length} values do not fit 2^${read.order} words`)
      else if (read !== undefined && typeof data === 'bigint') {
        const words = { start: data, size: 1n << read.order }
        const entries = valuesOf(words, top, length)
        return { entries, count: counted(entries.length, lost), state: { ...state, order: read.order } }
      }
    }
    const [why] = lost.sentences
    return { entries: [], count: unknown(why ?? ''), state }

    function valuesOf(
      words: { start: bigint; size: bigint },
      first: bigint,
      count: bigint,
    ): ContainerEntry[] {
      const entries: ContainerEntry[] = []
      if (count > BigInt(listedAtMost)) lost.add('queue', `only the oldest ${listedAtMost} values are listed`)
      for (let n = 0n; n < count && entries.length < listedAtMost; n++) {
        const slot = BigInt.asUintN(64, first + n) % words.size
        const place = words.start + slot * 8n
        const word = lost.attempt(`slot ${slot}`, () => kernel.space.u64(place))
        if (word === undefined) continue
        entries.push({
          index: Number(n),
          key: undefined,
          depth: 0,
          address: userAddress(arena, place),
          value: word,
          get object() {
            return objectNamed(arena, word)
          },
          details: { slot },
        })
      }
      return entries
    }
  },
}

/** Whether a ring is one of the array in the queue. */
function isWithin(type: StructType, address: bigint, ring: StructType, at: bigint): boolean {
  const place = memberAt(type, 'arr')
  const length = place === undefined ? 0 : (sizeOf(place.type) ?? 0)
  const distance = Number(at - address) - (place?.offset ?? 0)
  return distance >= 0 && distance < length && distance % ring.size === 0
}
