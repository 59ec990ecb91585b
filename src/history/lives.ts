import type { Arena } from '../bpf/arena/arena.js'
import type { BpfMap } from '../bpf/map.js'
import { asFrame } from '../brands.js'
import type { Kernel } from '../kernel/kernel.js'
import { fileOffset } from '../memory/mapping.js'
import type { Session } from '../session/session.js'
import type { Place } from '../session/writes.js'
import type { Piece } from '../time/engine/shared-file.js'
import { jsonOf } from '../value/render/json.js'
import { piecesOf } from './watching.js'

/** Bytes beside a place whose changes tell that its memory was given back, or became somebody else's. */
export interface Witness {
  readonly pieces: readonly Piece[]
  /** Told of its bytes where the part begins; gives a sentence when the memory is not the place's then. */
  begin(image: Buffer): string | undefined
  /** Told of each change; gives a sentence when it was one of owner. `from` and `to` are what was stored. */
  change(before: Buffer, after: Buffer, from: number, to: number): string | undefined
}

const pageSize = 4096
/** include/linux/poison.h: hlist_nulls_del_rcu leaves it in `pprev`. */
const listPoison2 = 0xdead000000000122n
/** A page is there (Intel SDM volume 3, 4.5). */
const presentBit = 1n

/** What tells of the life of a place; nothing of globals, which stay what they are. */
export function witnessesOf(vm: Session, place: Place): Witness[] {
  const { entry } = place
  if (entry !== undefined) {
    const element = hashElement(vm, entry.map, entry.key, place.address)
    return element === undefined ? [] : [element]
  }
  const found = vm.arenas.find(({ window }) => {
    const offset = place.address - window.kernelStart
    return offset >= 0n && offset < 2n ** 32n && window.holds(Number(offset))
  })
  return found === undefined ? [] : arenaWitnesses(vm.kernel, found, place)
}

/**
 * struct htab_elem (kernel/bpf/hashtab.c): an element that is deleted has a poisoned `pprev`; one that is handed out anew has its key
 * written and is linked then. Free ones are chained through the same word.
 */
function hashElement(vm: Session, map: BpfMap, key: unknown, value: bigint): Witness | undefined {
  if (map.type !== 'hash' && map.type !== 'lru_hash') return undefined
  const { kernel, valueContext } = vm
  const element = kernel.layouts.get('htab_elem')
  const node = kernel.layouts.get('hlist_nulls_node')
  const keyOffset = element.offset('key')
  const { keySize, keyType } = map.info
  const entry = map.entry(key)?.value?.address
  if (entry === undefined || value < entry) return undefined
  const start = entry - BigInt(keyOffset + Math.ceil(keySize / 8) * 8)
  const link = start + BigInt(element.offset('hash_node') + node.offset('pprev'))
  const pieces = [
    ...piecesOf(kernel, link, 8, 'the link of an element'),
    ...piecesOf(kernel, start + BigInt(keyOffset), keySize, 'the key of an element'),
  ]
  const own = Buffer.from(map.keyBytes(key))
  const keyText = (image: Buffer): string => {
    const bytes = Uint8Array.from(image.subarray(8))
    return keyType === undefined
      ? `0x${Buffer.from(bytes).toString('hex')}`
      : (JSON.stringify(jsonOf(valueContext, keyType, bytes)) ?? '')
  }
  let isOut = false
  let hasKey = false
  return {
    pieces,
    begin: (image) => {
      isOut = image.readBigUInt64LE(0) === listPoison2 || !image.subarray(8).equals(own)
      if (!isOut) return undefined
      return `the element was not that of key ${keyText(Buffer.concat([image.subarray(0, 8), own]))} there, but free or that of key ${keyText(image)}`
    },
    change: (_, after, from) => {
      if (from >= 8) {
        hasKey = true
        return undefined
      }
      if (after.readBigUInt64LE(0) === listPoison2) {
        isOut = true
        hasKey = false
        return `key ${keyText(after)} was removed from ${map.name}, and its element given back`
      }
      if (!isOut || !hasKey) return undefined
      isOut = false
      return `the element was handed out anew, for key ${keyText(after)} of ${map.name}`
    },
  }
}

/** The header of an element (union sdt_id of the sched_ext library: index and generation), and the entry of the page's table. */
function arenaWitnesses(kernel: Kernel, arena: Arena, place: Place): Witness[] {
  const { window } = arena
  const object = arena.objectAt(Number(place.address - window.kernelStart))
  const witnesses: Witness[] = []
  if (object !== undefined && object.header >= 8) {
    const { name } = object
    witnesses.push({
      pieces: piecesOf(kernel, window.kernelAddress(object.place), 8, name),
      begin: (image) => (image.readInt32LE(0) === 0 ? `${name} was not handed out there` : undefined),
      // The index is cleared first when an element is given back, and written last when it is handed out.
      change: (before, after) => {
        const [old, now] = [before.readInt32LE(0), after.readInt32LE(0)]
        if (old !== 0 && now === 0) return `${name} was given back`
        if (old === 0 && now !== 0) return `${name} was handed out anew, generation ${after.readInt32LE(4)}`
        return undefined
      },
    })
  }
  const entry = lastEntry(kernel, place.address)
  if (entry !== undefined) {
    const owner = `the page of ${place.name}`
    witnesses.push({
      pieces: [entry],
      begin: () => undefined,
      change: (before, after) => {
        const [old, now] = [before.readBigUInt64LE(0), after.readBigUInt64LE(0)]
        const [was, is] = [(old & presentBit) !== 0n, (now & presentBit) !== 0n]
        if (was && !is) return `${owner} was given back to the kernel`
        if (!was && is) return `${owner} was mapped, to memory that was somebody else's before`
        // Other bits say whether it was accessed and may be written.
        return old >> 12n === now >> 12n ? undefined : `${owner} was mapped to other memory`
      },
    })
  }
  return witnesses
}

/** Where in the RAM file the last table has its entry for an address; undefined for huge pages, and where tables are not there. */
function lastEntry(kernel: Kernel, address: bigint): Piece | undefined {
  const { memory, root, format } = kernel.space
  if (format.architecture !== 'x86_64') return undefined
  let table = BigInt(root) & ~0xfffn
  for (let level = format.levels - 1; level >= 0; level--) {
    const index = (address >> BigInt(12 + format.stride * level)) & BigInt(2 ** format.stride - 1)
    const at = Number(table) + Number(index) * 8
    const position = memory.locate(asFrame(Math.floor(at / pageSize)))
    if (position < 0) return undefined
    const view = memory.windows[Math.floor(position / 2 ** 32)]?.view
    if (view === undefined) return undefined
    const offset = at % pageSize
    const word = view.getBigUint64((position >>> 0) + offset, true)
    if (level === 0) return { offset: fileOffset(position) + offset, length: 8 }
    if ((word & presentBit) === 0n || format.isBlock(Number(word & 0xffffffffn), level)) return undefined
    table = word & 0x000ffffffffff000n
  }
  return undefined
}
