import type { NamedObject } from '../bpf/maps/objects/named-object.js'
import type { Details } from './details.js'
import { detailsJson } from './details.js'
import { hexAddress } from './json.js'

/** A kernel object by what people call it: `{ "kind": "task", "address": "0x…", "pid": 42, "comm": "load" }`. */
export function objectJson({ kind, address, ...rest }: NamedObject): Details {
  return { kind, address: hexAddress(address), ...detailsJson(rest as Details) }
}
