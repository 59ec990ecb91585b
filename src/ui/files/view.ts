import { jsonText } from '../../contract/json.js'
import type { Session } from '../../session/session.js'
import { type ContentCache, streamedFile, wholeFile } from './content.js'
import type { Attributes, File } from './node.js'

/** What the files of one stop are made from. */
export interface View {
  readonly session: Session
  readonly cache: ContentCache
  /** Whether map values may be written. */
  readonly writable: boolean
  /** Throws 'state' when the guest stands still only for looks. */
  readonly requireFrozen: () => void
  /** To be called when something was written: what was read before no longer holds. */
  readonly changed: () => void
}

/** A JSON document, as the command line prints it with --json. */
export function jsonFile({ cache }: View, about: string, make: () => unknown, attributes?: Attributes): File {
  return wholeFile(cache, () => `${jsonText(make())}\n`, {
    about,
    ...(attributes === undefined ? {} : { attributes }),
  })
}

export function textFile({ cache }: View, about: string, make: () => string): File {
  return wholeFile(cache, make, { about })
}

export function bytesFile({ cache }: View, about: string, make: () => Uint8Array): File {
  return wholeFile(cache, make, { about })
}

export function streamFile({ cache }: View, about: string, make: () => Iterable<string | Uint8Array>): File {
  return streamedFile(cache, make, { about })
}

/** Type and address of what a file or directory shows, as `getfattr -d` lists them. */
export function placed(type: string, address: bigint): Attributes {
  return { 'cryoscope.type': type, 'cryoscope.address': `0x${BigInt.asUintN(64, address).toString(16)}` }
}
