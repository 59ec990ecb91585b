import type { EntryValue, MapEntry } from '../bpf/maps/entry.js'
import type { SpecialElement, SpecialValue } from '../bpf/special-values.js'
import { detailsJson } from './details.js'
import { hexAddress } from './json.js'
import { objectJson } from './objects.js'
import { valueJson } from './values.js'

type Members = Readonly<Record<string, unknown>>

/** An entry of a map. Lines of whole maps are written by the map itself, without a value for each; tests hold the two together. */
export interface EntryJson {
  readonly key: { readonly hex: string; readonly value?: unknown; readonly owner?: Members }
  /** In maps of one value per entry; empty where there is none. */
  readonly value?: EntryValueJson | Members
  /** In per-CPU maps. */
  readonly cpus?: readonly (EntryValueJson & { readonly cpu: number })[]
  readonly notes?: Members
}

export interface EntryValueJson {
  readonly hex: string
  readonly value?: unknown
  /** The object that the slot points at. */
  readonly target?: Members
  readonly special?: readonly Members[]
}

export function entryJson({ key, value, cpus, notes }: MapEntry): EntryJson {
  return {
    key: {
      hex: hexOf(key.bytes),
      ...(key.json === undefined ? {} : { value: key.json }),
      ...(key.owner === undefined ? {} : { owner: objectJson(key.owner) }),
    },
    ...(cpus === undefined
      ? { value: value === undefined ? {} : entryValueJson(value) }
      : { cpus: cpus.map((each) => ({ cpu: each.cpu, ...entryValueJson(each) })) }),
    ...(notes === undefined ? {} : { notes: detailsJson(notes) }),
  }
}

function entryValueJson({ bytes, value, target, special }: EntryValue): EntryValueJson {
  return {
    hex: hexOf(bytes),
    ...(value === undefined ? {} : { value: valueJson(value) }),
    ...(target === undefined ? {} : { target: objectJson(target) }),
    ...(special.length === 0 ? {} : { special: special.map(specialJson) }),
  }
}

/** What a list or tree in a value holds. */
export function elementJson({ address, value }: SpecialElement): Members {
  return { address: hexAddress(address), value: valueJson(value) }
}

/** A field that the kernel manages: a lock, a timer, a kptr, a list, a tree. */
export function specialJson({ kind, member, offset, size, type, details, elements }: SpecialValue): Members {
  return {
    kind,
    member,
    offset,
    size,
    type,
    ...detailsJson(details),
    elements: elements?.map(elementJson),
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
